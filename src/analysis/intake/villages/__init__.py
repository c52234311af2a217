"""Which village is meant: names and codes of several years matched to one identity."""
