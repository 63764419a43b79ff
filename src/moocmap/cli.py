"""Placeholder until the commands are wired."""

import typer

app = typer.Typer()
