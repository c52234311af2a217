"""A commented MAP.toml proposed from the files themselves."""

from analysis.intake.suggest.proposal import suggest

__all__ = ["suggest"]
