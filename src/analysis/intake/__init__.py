"""Dirty agency files in, clean tables out: read, repaired with an account, or refused with the list."""
