"""What the libraries' workers share: all of a run but the training itself."""
