"""What the comparison of arms refuses, by name."""

from __future__ import annotations

from analysis.messages import ProjectError


class ComparisonError(ProjectError, ValueError):
    """The arms cannot be compared as asked; the message says why and what to do."""

    exit_code = 4
