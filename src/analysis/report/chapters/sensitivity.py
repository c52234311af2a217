"""Notebook 06b: how wrong the assumptions would have to be, and whether the inference is right.

Every question is answered or refused by name: `Asked.found` is None where the study does not carry the question, and
`Asked.why` says what is lacking.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from analysis import samples
from analysis.checks import Case, power
from analysis.checks._own_change import OwnChange, own_changes
from analysis.checks.attrition import Attrition
from analysis.checks.attrition import attrition as presence
from analysis.checks.bacon import Decomposition, DecompositionError, decomposition
from analysis.checks.confounding import Confounding
from analysis.checks.confounding import confounding as hidden
from analysis.checks.honest import EventPath, TrendsError, after_weights, from_path
from analysis.checks.inference_methods import inference_methods
from analysis.checks.matched_pairs import PairedSensitivity, paired_sensitivity
from analysis.checks.parallel_trends_bounds import Breakdown, ask
from analysis.checks.pre_trend_power import Pretest
from analysis.checks.pre_trend_power import pretest as trends_missed
from analysis.checks.synthetic_by_cohort import ALL, synthetic_by_cohort
from analysis.checks.truth import read_truth, true_average
from analysis.effects import Effects, EstimatorError
from analysis.estimates import Estimates
from analysis.messages import Message, ProjectError
from analysis.report.exhibit import Exhibit
from analysis.report.page import Page, PageError
from analysis.report.sentences import Sentence, not_carried
from analysis.samples import Panel, Sample
from analysis.words import PUBLIC_FLOOR

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """An answer, or why there is none. matter : key under [sensitivity.matters] in words/."""

    matter: str
    found: T | None
    why: Message | None = None


def tell(
    page: Page, sentence: Callable[..., Sentence | None], asked: Asked[Any], *more: object
) -> Exhibit | None:
    """What was found in a sentence, or in a box what is not measured and why."""
    if asked.found is None:
        return page.say(not_carried(asked.matter, asked.why, page.words), box="missing")
    return page.say(sentence(asked.found, *more, page.words))


@dataclass(frozen=True, slots=True)
class Main:
    """What every section starts from.

    sample, effects, overall : the headline's, by group-time
    truth : the true average effect behind the headline; NaN where it is not known
    """

    sample: Sample
    effects: Effects
    overall: Estimates
    truth: float

    @property
    def row(self) -> pd.Series:
        """The headline."""
        return self.overall.row("simple")


@dataclass(frozen=True, slots=True)
class Trends:
    """The event study against one base period, and the periods' weights in the headline."""

    path: EventPath
    weights: np.ndarray
    truth: float


def main(page: Page) -> Main:
    """The headline again, with the truth where the study knows it."""
    sample = page.sample()
    effects = page.fit("group_time", sample)
    followed = sample.panel.design != "repeated_cross_section"
    known = read_truth(page.study, sample) if followed else None
    truth = np.nan if known is None else true_average(known, sample, effects)
    return Main(sample, effects, page.average(effects), truth)


def trends(page: Page, start: Main) -> Asked[Trends]:
    """The event study that the questions about trends are asked of."""
    floor = max(page.design.min_treated_units, PUBLIC_FLOOR if page.words.is_public else 0)
    design = page.design.model_copy(update={"min_treated_units": floor, "base_period": "universal"})

    def found() -> Trends:
        effects = page.fit("group_time", start.sample, base_period="universal")
        path = from_path(effects, design)
        return Trends(path, after_weights(effects, path), np.nan if path.left_out else start.truth)

    return _asked("trends", found)


def pretest(page: Page, asked: Asked[Trends]) -> Asked[Pretest]:
    """Which trends the test before adoption would have missed; kept for the report."""
    answer = _then(
        "pretest",
        asked,
        lambda t: trends_missed(t.path, t.weights, unit=page.unit, conf_level=page.design.conf_level),
    )
    if answer.found is not None:
        _keep(page, "pretest", answer.found.rows.assign(unit=page.unit))
    return answer


def bounds(page: Page, asked: Asked[Trends], restriction: str) -> Asked[Breakdown]:
    """Intervals under one restriction on differing trends and where they first cover zero; kept for the report."""
    made = _then(
        f"bounds_{restriction}", asked,
        lambda t: ask(
            t.path, t.weights, restriction, unit=page.unit, truth=t.truth, conf_level=page.design.conf_level
        ),
    )  # fmt: skip
    if made.found is not None:
        _keep(page, f"bounds-{restriction}", made.found.bounds.rows.assign(unit=page.unit))
        facts = {"value": made.found.value, "yardstick": made.found.yardstick}
        _keep_facts(page, f"breakdown-{restriction}", facts)
    return made


def comparisons(page: Page, start: Main) -> Asked[Decomposition]:
    """Goodman-Bacon decomposition of the two-way coefficient without covariates; kept for the report."""

    def found() -> Decomposition:
        panel = _followed(start.sample.panel)
        adopted = panel.cohort <= panel.years[-1]
        _require_shown(page, int(min(adopted.sum(), (~adopted).sum())) or int(adopted.sum()))
        return decomposition(panel, page.words.shows, unit=page.unit)

    made = _asked("comparisons", found)
    if made.found is not None:
        _keep(page, "comparisons", made.found.kinds.assign(unit=page.unit))
    return made


def inference(page: Page, start: Main) -> Asked[pd.DataFrame]:
    """The headline by several methods of inference; kept for the report."""
    found = inference_methods(_case(page, start), start.effects, unit=page.unit)
    rows = page.released(found)
    hidden_rows = rows["status"].str.startswith("withheld")
    rows.loc[hidden_rows, ["p_value"]] = np.nan
    _keep(page, "inference", rows)
    return Asked("inference", rows if rows["p_value"].notna().any() else None, _no_error())


def confounding(page: Page, start: Main) -> Asked[Confounding]:
    """How strong a hidden difference between units would have to be; kept for the report."""
    made = _asked(
        "confounding",
        lambda: hidden(_changes(page, start), unit=page.unit, conf_level=page.design.conf_level),
    )
    if made.found is not None:
        found = made.found
        facts = {
            "estimate": found.estimate, "short": found.short, "n_treated": found.n_treated,
            "robustness_value": found.robustness.value, "robustness_value_limit": found.robustness.value_at_alpha,
            "e_value": found.e_value.of_estimate, "e_value_limit": found.e_value.of_limit,
            "oster_delta": None if found.selection is None else found.selection.delta_at_zero,
            "oster_bound": None if found.selection is None else found.selection.bound,
        }  # fmt: skip
        _keep_facts(page, "confounding", facts)
        _keep(page, "benchmarks", found.benchmarks.assign(unit=page.unit))
    return made


def paired(page: Page, start: Main) -> Asked[PairedSensitivity]:
    """Rosenbaum bounds of adopters paired with others; kept for the report."""

    def found() -> PairedSensitivity:
        answer = paired_sensitivity(_changes(page, start), unit=page.unit, conf_level=page.design.conf_level)
        _require_shown(page, answer.n_pairs)
        return answer

    made = _asked("paired", found)
    if made.found is not None:
        _keep(page, "paired", made.found.rows.assign(unit=page.unit))
        _keep_facts(page, "paired-breakdown", {"value": made.found.breakdown, "n_pairs": made.found.n_pairs})
    return made


def attrition(page: Page, start: Main) -> Asked[Attrition]:
    """Who is missing from the outcome's table, and what that could hide; kept for the report."""
    table = page.study.table(start.sample.table)
    column = page.study.outcome(page.key).column
    if table.design == "repeated_cross_section":
        return Asked("attrition", None, _not_followed())
    found = presence(page.read(start.sample.table), table, column, page.design, unit=page.unit)
    if page.words.is_public and not page.words.shows(found.n_gone) and found.n_gone:
        found = replace(found, lee=None, worst=None, why=_too_few())
    _keep(page, "attrition", found.rows)
    facts: dict[str, Any] = {"n_units": found.n_units, "n_gone": found.n_gone, "plain": found.plain}
    for name, one in (("lee", found.lee), ("worst", found.worst)):
        if one is not None:
            facts |= {f"{name}_{key}": value for key, value in asdict(one).items() if key in _BOUND_FACTS}
    _keep_facts(page, "attrition-bounds", facts)
    return Asked("attrition", found)


def synthetic(page: Page, start: Main) -> Asked[pd.DataFrame]:
    """Synthetic differences beside the headline, together and by cohort; kept for the report.

    Rows level ("all" or a cohort), method (synthetic or group_time), estimate, conf_low, conf_high, n_treated, status.
    """

    def found() -> pd.DataFrame:
        _require_shown(page, int(start.row["n_treated"]))
        rows, left_out = synthetic_by_cohort(_followed(start.sample.panel), page.design)
        own = rows.assign(method="synthetic", status="ok")
        own.loc[own["error_kind"] == "none", "status"] = "flagged: no error"
        by_cohort = page.average(start.effects, by="cohort").rows
        kept = by_cohort[by_cohort["level"].isin(rows["level"].tolist())]
        headline = start.overall.rows.iloc[:1].assign(level=ALL)
        beside = pd.concat([headline, kept], ignore_index=True).assign(method="group_time", error_kind="")
        # the intervals of cohorts are simultaneous; here each is read beside its own twin
        beside["conf_low"], beside["conf_high"] = beside["point_low"], beside["point_high"]
        columns = [
            "level",
            "method",
            "estimate",
            "conf_low",
            "conf_high",
            "error_kind",
            "n_treated",
            "status",
        ]
        together = pd.concat([own[columns], beside[columns]], ignore_index=True).assign(unit=page.unit)
        shown = page.released(together)
        shown.attrs["left_out"] = list(left_out)
        return shown

    made = _asked("synthetic", found)
    if made.found is not None:
        _keep(page, "synthetic", made.found)
    return made


def detectable(page: Page, start: Main) -> Asked[pd.DataFrame]:
    """The effect that the design finds at the headline, by cohort and by model; kept for the report."""
    parts = [start.overall.rows.iloc[:1], page.average(start.effects, by="cohort").rows]
    try:
        by_model = page.fit("group_time", page.sample_by_model())
        parts.append(page.average(by_model, by="model").rows)
    except (PageError, EstimatorError):
        pass  # models are not told apart here: notebook 05 says so
    asked = pd.concat(parts, ignore_index=True)
    asked["conf_low"], asked["conf_high"] = asked["point_low"], asked["point_high"]
    rows = asked.assign(detectable=power.detectable(asked, conf_level=page.design.conf_level)).dropna(
        subset="detectable"
    )
    if rows.empty or rows["estimand"].iloc[0] != "overall":
        return Asked("detectable", None, _no_error())
    _keep(page, "detectable", rows)
    return Asked("detectable", rows.reset_index(drop=True))


_BOUND_FACTS = ("low", "high", "conf_low", "conf_high", "trimmed")


def _changes(page: Page, start: Main) -> OwnChange:
    """Every unit's own change, with the study's covariates or, where it has none, the columns it describes."""
    sample = start.sample
    panel = _followed(sample.panel)
    described = tuple(page.study.table(sample.table).describe)
    if not panel.covariate_names and described:
        study = page.study.changed(outcome=page.key, covariates=described)
        panel = _followed(samples.select(page.read(sample.table), study, page.key).panel).without_models()
    made = own_changes(panel, page.design)
    _require_shown(page, min(made.n_treated, made.n_comparison))
    return made


def _case(page: Page, start: Main) -> Case:
    """The headline's own panel, gaps and all, with its townships."""
    sample = start.sample
    table = page.study.table(sample.table)
    return Case(
        sample.panel,
        page.design,
        "group_time",
        samples.groups_of(sample.panel, page.read(sample.table), table),
    )


def _followed(panel: Panel) -> Panel:
    """The units that are followed through every period.

    Raises
    ------
    EstimatorError : other people in every period.
    """
    if panel.design == "panel":
        return panel
    if panel.design == "unbalanced_panel":
        return panel.complete()
    raise EstimatorError(_not_followed())


def _not_followed() -> Message:
    return Message(
        "other people are asked in every period, nobody is followed", "每期调查的对象不同，没有追踪"
    )


def _require_shown(page: Page, n_units: int) -> None:
    if not page.words.shows(n_units):
        raise EstimatorError(_too_few())


def _too_few() -> Message:
    return Message("too few units for a public release", "单位过少，公开版不公布")


def _no_error() -> Message:
    return Message("the average effect has no error that could be shown", "平均影响没有可以公布的误差")


def _asked(matter: str, find: Callable[[], T]) -> Asked[T]:
    try:
        return Asked(matter, find())
    except (EstimatorError, TrendsError, DecompositionError) as error:
        return Asked(matter, None, _reason(error))


def _then(matter: str, given: Asked[Trends], find: Callable[[Trends], T]) -> Asked[T]:
    if given.found is None:
        return Asked(matter, None, given.why)
    return _asked(matter, lambda: find(given.found))


def _reason(error: ProjectError) -> Message:
    message = error.message
    if isinstance(message, Message):
        return message
    english, _, chinese = str(message).partition(" / ")
    return Message(english, chinese or english)


def _keep(page: Page, name: str, rows: pd.DataFrame) -> None:
    page.store.keep_rows(f"{page.number}-{page.key}-{name}", page.key, rows)


def _keep_facts(page: Page, name: str, facts: dict[str, Any]) -> None:
    plain = {
        key: None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in facts.items()
    }
    page.store.keep_facts(f"{page.number}-{page.key}-{name}", {"outcome": page.key, **plain})
