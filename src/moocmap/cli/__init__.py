"""The command line: parses arguments, calls, prints. Nothing else."""

from moocmap.cli.main import app, main

__all__ = ["app", "main"]
