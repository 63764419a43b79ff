"""The images of a task: found, fetched, cleaned, split."""
