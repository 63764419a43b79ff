"""The command line: parses arguments, calls, prints. Nothing else."""

from moocmap.cli.main import app_for, main

__all__ = ["app_for", "main"]
