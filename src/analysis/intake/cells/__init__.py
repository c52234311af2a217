"""Cells of files as values: one parser per kind, every repair named."""
