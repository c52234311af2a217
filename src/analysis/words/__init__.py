"""Words, units and sentences in Chinese and English, read once from the TOML files of this folder.

`common.toml` holds what several chapters say, every other file the words of one chapter. A file may add to a table of
another; a text stands in one file only.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analysis.study import Study, Text

FOLDER = Path(__file__).parent
LANGUAGES = ("zh", "en")
PUBLIC_FLOOR = 10  # units behind every number of a public report (release rule 1)
PUBLIC_ROUNDING = 5  # counts of a public report are multiples of it, so that differences name nobody
NOTHING = "—"


class WordsError(KeyError):
    """No such word, or a field that its sentence needs is not given."""


@cache
def vocabulary() -> dict[str, Any]:
    """All files as one nested dictionary; leaves are {"zh": …, "en": …}.

    Raises
    ------
    WordsError : a text stands in two files.
    """
    found: dict[str, Any] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        _add(found, tomllib.loads(file.read_text(encoding="utf-8")), file.name)
    return found


def _add(to: dict[str, Any], more: dict[str, Any], file: str) -> None:
    for key, value in more.items():
        if key not in to:
            to[key] = value
        elif {"zh", "en"} & (value.keys() | to[key].keys()):
            raise WordsError(f"{file}: {key!r} is said in another file already")
        else:
            _add(to[key], value, file)


def released_count(value: float) -> int | None:
    """A count of units as the public may see it: None below the floor, else rounded."""
    if 0 < value < PUBLIC_FLOOR:
        return None
    return PUBLIC_ROUNDING * round(value / PUBLIC_ROUNDING)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language for one study.

    language : "zh" or "en"
    study : labels of outcomes, models and units come from it, and who may read
    """

    language: str
    study: Study

    def __call__(self, key: str, **fields: object) -> str:
        """The text under a dotted key ("sentences.overall"), its fields filled in.

        Raises
        ------
        WordsError : unknown key or missing field.
        """
        node: Any = vocabulary()
        for part in key.split("."):
            if not isinstance(node, dict) or part not in node:
                raise WordsError(f"words/ has no {key!r}")
            node = node[part]
        if not isinstance(node, dict) or self.language not in node:
            raise WordsError(f"words/ has no text at {key!r}")
        try:
            return node[self.language].format_map({"unit_noun": self.unit_noun, **fields})
        except KeyError as error:
            raise WordsError(f"{key!r} needs the field {error}") from error

    def get(self, key: str, default: str) -> str:
        """The text under a key, or `default` where words/ has none (labels that studies may add to)."""
        try:
            return self(key)
        except WordsError:
            return default

    @property
    def unit_noun(self) -> str:
        """What a unit is called: 村 / village."""
        return self.study.about.unit_label[self.language]

    def noun(self, table: str) -> str:
        """What a unit of a table is called: 户 / household in household tables."""
        return self("terms.household") if self.study.table(table).level == "household" else self.unit_noun

    def text(self, text: Text) -> str:
        """The study's own text in this language."""
        return text[self.language]

    def outcome(self, key: str) -> str:
        """The label of an outcome."""
        return self.text(self.study.outcome(key).label)

    def variable(self, name: str) -> str:
        """The label of a column compared at baseline; its own name where the study gives none."""
        for table in self.study.tables.values():
            if name in table.describe:
                return self.text(table.describe[name])
        return name

    def model(self, key: str) -> str:
        """The label of a model, marked where the name is a working label."""
        if key not in self.study.models:
            return self("terms.not_classified") if key in {"", "M00"} else key
        model = self.study.models[key]
        mark = "" if model.name_status == "county" else self("terms.working_mark")
        return f"{key} {self.text(model.label)}{mark}"

    def level(self, estimand: str, level: object) -> str:
        """The name of a row's level: a model's label, a kind of average, a year or event time."""
        if estimand == "model":
            return self.model(str(level))
        if estimand == "event_time":
            return f"{int(str(level)):+d}".replace("-", "−").replace("+0", "0")
        return self.get(f"levels.{level}", str(level))

    def change(self, name: str, detail: str = "") -> str:
        """What an alternative specification changes; `detail` is a cohort, a township, an estimator or a declared key."""
        declared = self.study.robustness.labels(name).get(detail)
        shown = self.text(declared) if declared else self.get(f"estimators.{detail}", detail)
        return self(f"changes.{name}", detail=shown)

    def status(self, status: str) -> str:
        """Why a row has no number or no interval; empty where nothing is wrong with it."""
        if status == "ok":
            return ""
        for name, known in vocabulary()["statuses"].items():
            if re.search(known["match"], status):
                return self(f"statuses.{name}")
        return status

    def unit(self, unit: str) -> str:
        """How a stored unit is shown: yuan become 万元 or thousand yuan."""
        return self._unit(unit)["label"]

    def scaled(self, value: float, unit: str) -> float:
        """A stored value on the scale in which it is shown."""
        return value / self._unit(unit)["scale"]

    def number(self, value: float | None, unit: str = "", *, signed: bool = False) -> str:
        """A stored value as printed, without its unit; missing is a dash."""
        if value is None or not math.isfinite(value):
            return NOTHING
        shown = self._unit(unit)
        rounded = round(value / shown["scale"], shown["digits"]) + 0.0  # no "-0.00"
        return f"{rounded:{'+' if signed and rounded else ''},.{shown['digits']}f}".replace("-", "−")

    def amount(self, value: float | None, unit: str, *, signed: bool = False) -> str:
        """A stored value with its unit: "+1.23 万元"."""
        return f"{self.number(value, unit, signed=signed)} {self.unit(unit)}".rstrip()

    def interval(self, low: float | None, high: float | None, unit: str = "") -> str:
        """An interval as printed; one phrase where there is none."""
        if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
            return self("terms.no_interval")
        return self("terms.interval", low=self.number(low, unit), high=self.number(high, unit))

    def count(self, value: float | None) -> str:
        """A whole number with thousands separated, of things that name nobody (years, rows, clusters of a test)."""
        if value is None or not math.isfinite(value):
            return NOTHING
        return f"{int(value):,}"

    def units(self, value: float | None) -> str:
        """A number of units as this study's readers may see it: public reports hide small ones and round the rest."""
        if not self.is_public:
            return self.count(value)
        released = None if value is None or not math.isfinite(value) else released_count(value)
        return self("terms.fewer_than", floor=PUBLIC_FLOOR) if released is None else self.count(released)

    def rows(self, value: float) -> str:
        """A number of table rows; not for the public, whom rows per unit would tell the units."""
        return NOTHING if self.is_public else self.count(value)

    def fraction(self, part: float | None, whole: float | None) -> str:
        """A share of units as per cent; for the public from released counts, and only if both sides may be seen."""
        if not self.is_public:
            return NOTHING if part is None or not whole else self.share(part / whole)
        if part is None or whole is None:
            return NOTHING
        seen, rest, total = (released_count(value) for value in (part, whole - part, whole))
        return NOTHING if seen is None or rest is None or not total else self.share(seen / total)

    @property
    def is_public(self) -> bool:
        """Whether the public reads this report."""
        return self.study.release.audience == "public"

    def shows(self, n_units: float) -> bool:
        """Whether a number that rests on so many units may be shown to this study's readers."""
        return not self.is_public or n_units >= PUBLIC_FLOOR

    def share(self, value: float) -> str:
        """A share of one as per cent, one decimal."""
        return self._percent(value, 1)

    def confidence(self) -> str:
        """The study's confidence level as printed: 95%."""
        return self._percent(self.study.design.conf_level, 0)

    def years(self, first: int, last: int) -> str:
        """A span of years: 2015–2024."""
        return str(first) if first == last else f"{first}–{last}"

    def listed(self, names: list[str]) -> str:
        """Several names in one phrase."""
        return ("、" if self.language == "zh" else ", ").join(names)

    def sentences(self, texts: list[str]) -> str:
        """Several sentences as running text."""
        return ("" if self.language == "zh" else " ").join(text for text in texts if text)

    def _percent(self, value: float, digits: int) -> str:
        if not math.isfinite(value):
            return NOTHING
        return f"{100 * value:.{digits}f}%"

    def _unit(self, unit: str) -> dict[str, Any]:
        known = vocabulary()["units"]
        if unit in known:
            return {"scale": 1.0, "digits": 3, **known[unit][self.language]}
        return {"scale": 1.0, "digits": 3, "label": unit}
