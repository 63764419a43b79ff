"""Compiles a guide and its experiments into Markdown pages and has MkDocs turn them into a website."""
