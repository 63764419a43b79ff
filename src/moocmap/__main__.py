"""Lets `python -m moocmap` do what `moocmap` does."""

from moocmap.cli import main

main()
