"""Descriptive indices (综合评价): what villages look like, never what a model did to them."""
