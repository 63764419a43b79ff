"""What experimenters write: the classes of `experiments/*.yml`, and reading it."""
