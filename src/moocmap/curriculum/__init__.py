"""What courses teach: loading, checking and reasoning on the data in `curriculum/`."""
