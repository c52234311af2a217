"""Members against comparable non-members, at one date or two: the methods that referees of household studies expect."""

from analysis.members.section import Effect, Section

__all__ = ["Effect", "Section"]
