"""What one notebook shows and keeps: the study in one language, exhibits with ids, estimates saved for the report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import pandas as pd

from analysis import checks, contract, estimators, samples
from analysis.checks import Case
from analysis.checks import ladder as rungs
from analysis.checks.agreement import NOTHING_MORE, Agreement, Further, agreement, between_estimators
from analysis.checks.differences import differences
from analysis.checks.placebo import placebo
from analysis.checks.pre_trend import PreTrend, pre_trend
from analysis.checks.truth import read_truth, true_average
from analysis.effects import Effects
from analysis.estimates import Estimates, aggregate, release
from analysis.figures import figure_module
from analysis.messages import Message, ProjectError
from analysis.report.exhibit import Exhibit
from analysis.report.store import Store
from analysis.samples import Sample
from analysis.study import Design, Study, Table, read_study
from analysis.tables import RenderedTable, table_module
from analysis.words import LANGUAGES, Words


class PageError(ProjectError, ValueError):
    """A notebook was opened for what the study does not hold."""

    exit_code = 2


@dataclass(frozen=True)
class Page:
    """One notebook's page of the report.

    notebook : "03_collective_income"
    study, words : decisions and words
    outcome : key, "" where the notebook is not about one outcome
    store : where estimates, figures and tables are kept; keeps nothing when the notebook runs alone
    """

    notebook: str
    study: Study
    words: Words
    outcome: str
    store: Store
    _read: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    # What is held

    @property
    def design(self) -> Design:
        """The study's design."""
        return self.study.design

    @property
    def key(self) -> str:
        """The outcome that the page is about; the primary one where the notebook is about none."""
        return self.outcome or self.study.primary_outcome

    @property
    def unit(self) -> str:
        """The unit of the page's outcome."""
        return self.study.outcome(self.key).unit

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table of the study, typed and checked; all breaches are reported at once."""
        if self._read.keys() != self.study.tables.keys():
            self._read.update(contract.check_study(self.study))
        return {key: self._read[key] for key in self.study.tables}

    @property
    def held(self) -> dict[str, pd.DataFrame]:
        """The tables that are not panels (cooperatives, federations, prices), typed and checked."""
        return {key: self.read(key) for key, table in self.study.tables.items() if not table.is_panel}

    def read(self, table: str) -> pd.DataFrame:
        """One table of the study, typed and checked."""
        if table not in self._read:
            self._read[table] = contract.read_table(table, self.study)
        return self._read[table]

    @property
    def panel_table(self) -> Table:
        """The table on which the units' adoption is dated, as declared."""
        return self.study.table(self.study.panel_table)

    @property
    def units(self) -> pd.DataFrame:
        """The rows of that table."""
        return self.read(self.study.panel_table)

    # What is found

    def sample(self) -> Sample:
        """Who is analysed for the page's outcome; models are not told apart."""
        chosen = self._select()
        return replace(chosen, panel=chosen.panel.without_models())

    def sample_by_model(self) -> Sample:
        """Who is analysed for the page's outcome, each adopter with its model.

        Raises
        ------
        PageError : fewer than two models are recorded among the adopters.
        """
        chosen = self._select()
        found = sorted(set(chosen.panel.model) - {""})
        if len(found) < 2:
            name, held = self.study.about.name, ", ".join(found)
            raise PageError(
                Message(
                    f"study {name}, table {chosen.table!r} tells {len(found)} models apart ({held or 'none'}); "
                    "comparing models needs two: name their column under 'model' in study.toml",
                    f"研究 {name} 的表 {chosen.table!r} 只区分 {len(found)} 种模式（{held or '无'}），"
                    "比较模式至少需要两种；请在 study.toml 的 model 中写明列名",
                )
            )
        return chosen

    def _select(self) -> Sample:
        return samples.select(self.read(self.study.outcome(self.key).table), self.study, self.key)

    def fit(self, estimator: str, sample: Sample, **changes: object) -> Effects:
        """The estimator on the sample under the study's design, with single decisions changed by name."""
        return estimators.fit(estimator, sample.panel, self.design.model_copy(update=changes))

    def average(self, effects: Effects, by: str = "overall") -> Estimates:
        """Averages of the effects as this study's readers may see them, kept for the report."""
        made = aggregate(effects, self.design, by=by, unit=self.unit)
        shown = release(made, audience=self.study.release.audience)
        self.store.keep_rows(
            f"{self.number}-{self.key}-{effects.estimator}-{by}", self.key, shown.rows, effects.notes
        )
        return shown

    def each_estimator(self, sample: Sample) -> pd.DataFrame:
        """The simple average by every estimator of the study, one row each, kept for the report."""
        asked = [
            checks.Variant("estimator", sample.panel, self.design, name) for name in self.design.estimators
        ]
        rows = self.released(pd.DataFrame([checks.answer(variant, unit=self.unit) for variant in asked]))
        self.store.keep_rows(f"{self.number}-{self.key}-estimators", self.key, rows)
        self.store.keep_facts(
            f"{self.number}-{self.key}-facts",
            {
                "outcome": self.key, "n_units": sample.panel.n_units, "first_year": int(sample.panel.years[0]),
                "last_year": int(sample.panel.years[-1]), "between_estimators": between_estimators(rows),
            },
        )  # fmt: skip
        return rows

    def ladder(self, sample: Sample, effects: Effects, each: pd.DataFrame) -> pd.DataFrame:
        """The ladder of the page's outcome, with the truth where the study knows it; kept for the report."""
        followed = sample.panel.design != "repeated_cross_section"
        known = read_truth(self.study, sample) if followed else None
        truth = None if known is None else true_average(known, sample, effects)
        rows = self.released(rungs.ladder(sample.panel, self.design, each, truth))
        self.store.keep_rows(f"{self.number}-{self.key}-ladder", self.key, rows)
        return rows

    def differences(self, by_model: Estimates) -> pd.DataFrame | None:
        """Pairs of models with their difference, all held to one joint standard; kept for the report."""
        rows = differences(by_model, self.design)
        if rows is not None:
            self.store.keep_rows(f"{self.number}-{self.key}-differences", self.key, rows)
        return rows

    def case(self, sample: Sample, estimator: str = "group_time") -> Case:
        """The main specification, with the townships of the sample's units where they are held.

        Checks change values and leave out units, so of a panel with gaps the complete histories are checked.
        """
        panel = sample.panel.complete() if sample.panel.design == "unbalanced_panel" else sample.panel
        table = self.study.table(sample.table)
        named = [
            key for key, other in self.study.tables.items() if table.group and other.key == (table.group,)
        ]
        names = self.read(named[0]) if named else None
        groups = samples.groups_of(panel, self.read(sample.table), table, names)
        return Case(panel, self.design, estimator, groups)

    def specifications(self, case: Case) -> pd.DataFrame:
        """The main specification and its alternatives, kept for the report."""
        rows = self.released(checks.specifications(case, unit=self.unit))
        self.store.keep_rows(f"{self.number}-{self.key}-specifications", self.key, rows)
        return rows

    def pre_trend(self, sample: Sample, base_period: str) -> PreTrend:
        """The joint test of effects before adoption against one kind of base period."""
        effects = self.fit("group_time", sample, base_period=base_period)
        return pre_trend(aggregate(effects, self.design, by="event_time", unit=self.unit))

    def placebo(self, case: Case) -> pd.DataFrame | None:
        """What a pretended adoption two years early finds; None where the panel is too short."""
        return placebo(case, unit=self.unit)

    def agreement(
        self, specifications: pd.DataFrame, sample: Sample, trend: PreTrend, placebo: pd.DataFrame | None,
        further: Further = NOTHING_MORE,
    ) -> Agreement:  # fmt: skip
        """How far the result can be leaned on, with the reasons; kept for the report."""
        unlike = samples.most_unlike(self.balance())
        found = agreement(
            specifications, sample.panel, self.design, trend=trend, placebo=placebo, unlike=unlike, further=further,
        )  # fmt: skip
        facts = {
            "outcome": self.key,
            "word": found.word,
            "reasons": [[key, fields] for key, fields in found.reasons],
        }
        self.store.keep_facts(f"{self.number}-{self.key}-agreement", facts)
        return found

    def samples(self) -> list[Sample]:
        """Who is analysed for each outcome of the study, in its order."""
        return [samples.select(self.read(o.table), self.study, key) for key, o in self.study.outcomes.items()]

    def rollout(self) -> pd.DataFrame:
        """Adopters by year; how far the programme had come is kept for the report."""
        rows = samples.rollout(self.units, self.panel_table)
        last = rows.iloc[-1]
        self.store.keep_facts(
            f"{self.number}-programme",
            {"year": int(last["year"]), "n_adopters": int(last["adopters"]), "n_units": int(last["n_units"])},
        )  # fmt: skip
        return rows

    def cohorts(self) -> pd.DataFrame:
        """Units by year of adoption."""
        return samples.cohorts(self.units, self.panel_table)

    def spread(self) -> samples.Spread:
        """The page's outcome over the units before the first adoption."""
        return samples.spread(self.read(self.study.outcome(self.key).table), self.study, self.key)

    def beside(self, first: Estimates, second: Estimates) -> pd.DataFrame:
        """The rows of two estimators, to be shown beside each other."""
        return pd.concat([first.rows, second.rows], ignore_index=True)

    def balance(self) -> pd.DataFrame | None:
        """Adopters and others before adoption, over the panel's described columns and covariates."""
        columns = tuple(
            dict.fromkeys([*self.panel_table.describe, *self.study.covariates(self.study.panel_table)])
        )
        return samples.balance(self.units, self.panel_table, columns)

    # What is shown

    def figure(self, name: str, *data: object, suffix: str = "", **fields: object) -> Exhibit | None:
        """Draw the figure of that name, saved as SVG, PDF and PNG where the page keeps things; nothing of nothing."""
        if any(part is None for part in data):
            return None
        from analysis.figures._style import save  # matplotlib is slow to import

        module = figure_module(name)
        key = self._id("fig", name, suffix)
        axes = module.draw(*data, self.words)
        svg = save(axes, self.store.figure_path(f"{key}.{self.words.language}"))
        return Exhibit(
            "figure", key, {"image/svg+xml": svg, "text/plain": f"<{key}>"},
            caption=self._caption(module, fields), alt=module.alt(*data, self.words),
            note=self._note(module.note(*data, self.words)),
        )  # fmt: skip

    def table(self, name: str, *data: object, suffix: str = "", **fields: object) -> Exhibit | None:
        """Render the table of that name, saved as CSV where the page keeps things; nothing of nothing."""
        if any(part is None for part in data):
            return None
        module = table_module(name)
        key = self._id("tab", name, suffix)
        rendered: RenderedTable = module.make(*data, self.words)
        if not rendered.rows:
            return None
        self.store.keep_table(f"{key}.{self.words.language}", rendered)
        return Exhibit(
            "table", key, {"text/html": rendered.html(), "text/plain": rendered.plain()},
            caption=self._caption(module, fields), note=self._note(rendered.note),
        )  # fmt: skip

    def codebook(self) -> Exhibit | None:
        """The columns that are held; kept whole, with the data model's own codebook where tables are of it."""
        held = samples.columns(self.tables, self.study, self.words.language)
        whole = table_module("codebook").whole(held, self.words)
        self.store.keep_table(f"{self._id('tab', 'codebook-columns', '')}.{self.words.language}", whole)
        if held["of_model"].any():
            self.store.keep_codebook(self.words.language)
        return self.table("codebook", held)

    def say(self, sentence: str | None, *, box: str = "", suffix: str = "") -> Exhibit | None:
        """A text of `analysis.report.sentences`, in a box of that kind if named; nothing of nothing."""
        if not sentence:
            return None
        key = self._id("txt", getattr(sentence, "name", "text"), suffix)
        text = str(sentence)
        return Exhibit("text", key, {"text/markdown": text, "text/plain": text}, box=box)

    def missing(self, matter: str, found: object) -> Exhibit | None:
        """A "not measured" box about `matter` where nothing was found; nothing where something was."""
        if found is not None:
            return None
        text = self.words(f"missing.{matter}")
        data = {"text/markdown": text, "text/plain": text}
        return Exhibit("text", self._id("txt", f"missing_{matter}", ""), data, box="missing")

    def released(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of estimates as this study's readers may see them."""
        extra = [name for name in ("std_error", "std_error_small", "df") if name not in rows]
        shown = release(
            Estimates(rows.assign(**dict.fromkeys(extra, float("nan"))), pd.DataFrame()),
            audience=self.study.release.audience,
        )
        return shown.rows.drop(columns=extra)

    def _caption(self, module: ModuleType, fields: dict[str, object]) -> str:
        known = {
            "outcome": self.words.outcome(self.key), "unit_noun": self.words.unit_noun, "by": "",
            "year": samples.baseline_year(self.units, self.panel_table) if "{year}" in module.CAPTION["zh"] else "",
        }  # fmt: skip
        return module.CAPTION[self.words.language].format_map({**known, **fields})

    def _note(self, note: str) -> str:
        return (
            self.words.sentences([note, self.words("terms.synthetic")])
            if self.study.about.synthetic
            else note
        )

    def _id(self, kind: str, name: str, suffix: str) -> str:
        return "-".join(part for part in (kind, self.number, name, self.outcome, suffix) if part)

    @property
    def number(self) -> str:
        """What the notebook's name starts with, and the ids of all that it keeps: "03", "04b"."""
        return self.notebook.split("_")[0]


def open_page(
    notebook: str,
    *,
    study: str,
    language: str,
    run_folder: str = "",
    outcome: str = "",
    concepts: tuple[str, ...] = (),
) -> Page:
    """The page of a notebook. With `concepts` and no outcome named, the first outcome about them is taken.

    Raises
    ------
    PageError : unknown language, or the study holds no outcome about `concepts`.
    StudyError : the study or the outcome is not there.
    """
    if language not in LANGUAGES:
        raise PageError(
            Message(f"no language {language!r}; choose zh or en", f"没有语言 {language!r}；可选 zh、en")
        )
    read = read_study(study)
    if concepts and not outcome:
        about = read.outcomes_about(*concepts)
        if not about:
            raise PageError(
                Message(
                    f"study {read.about.name} holds no outcome about {' or '.join(concepts)}; "
                    "this notebook has nothing to answer",
                    f"研究 {read.about.name} 没有关于 {'、'.join(concepts)} 的结果变量，本笔记本无可回答",
                )
            )
        outcome = read.primary_outcome if read.primary_outcome in about else about[0]
    if outcome:
        read.outcome(outcome)
    store = Store(Path(run_folder) if run_folder else None, read.release.audience)
    return Page(notebook, read, Words(language, read), outcome, store)
