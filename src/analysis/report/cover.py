"""What a report says about itself: title, study, what it was made from."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from analysis.report.labels import label
from analysis.study import Study


@dataclass(frozen=True, slots=True)
class Cover:
    """The head and foot of a report in one language.

    facts : label and value, in order
    date : of the code, UTC; stands as the date in the PDF's metadata and is the same in every run
    """

    language: str
    title: str
    synthetic: bool
    audience: str
    warnings: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    date: datetime.datetime

    def text(self) -> str:
        """All its text, for the fonts."""
        return "".join([self.title, *self.warnings, *(text for pair in self.facts for text in pair)])


def cover_of(
    study: Study,
    language: str,
    *,
    short_key: str,
    commit: str,
    dirty: bool,
    settings: dict[str, str],
    epoch: int,
) -> Cover:
    """The cover of a study's report. The time of the run is left to the manifest: same inputs, same bytes."""
    version = commit[:12] if commit else label("unknown", language)
    if commit and dirty:
        version += label("changed", language)
    facts = [
        (label("study", language), study.about.name),
        (label("made_from", language), short_key),
        (label("commit", language), version),
    ]
    if settings:
        shown = "; ".join(f"{name} = {value}" for name, value in settings.items())
        facts.append((label("parameters", language), shown))
    return Cover(
        language=language,
        title=study.about.title[language],
        synthetic=study.about.synthetic,
        audience=label(study.release.audience, language),
        warnings=tuple(warning[language] for warning in study.about.warnings),
        facts=tuple(facts),
        date=datetime.datetime.fromtimestamp(epoch, datetime.UTC),
    )
