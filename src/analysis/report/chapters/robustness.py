"""Notebook 06: the same question asked in other ways."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from analysis.checks import Case
from analysis.checks.agreement import Further
from analysis.checks.changes._held import held
from analysis.checks.curve import SpecificationCurve, specification_curve
from analysis.checks.exposure import Spillovers, spillovers
from analysis.checks.parallel_trends_bounds import breakdown
from analysis.checks.placebo_outcome import placebo_outcomes as _placebo_outcomes
from analysis.checks.placebo_unit import PlaceboUnits
from analysis.checks.placebo_unit import placebo_units as _placebo_units
from analysis.checks.scales import scales as _scales
from analysis.effects import EstimatorError
from analysis.report.chapters import sensitivity
from analysis.report.page import Page
from analysis.samples import Sample

__all__ = [
    "Further",
    "bears",
    "case",
    "curve",
    "not_asked",
    "placebo_outcomes",
    "placebo_units",
    "scales",
    "spillover",
]

PERCENT = ["percent", "percent_low", "percent_high"]


def case(page: Page, sample: Sample) -> Case:
    """The main specification with everything that the study holds for other ways of asking."""
    made = page.case(sample)
    return replace(made, held=held(page.study, page.key, made.panel, page.read))


def scales(page: Page, case: Case) -> pd.DataFrame | None:
    """The effect in amounts, logs and growth, kept for the report; None where units have no complete histories."""
    if not case.has_histories:
        return None
    rows = page.released(_scales(case))
    rows.loc[rows["estimate"].isna(), PERCENT] = float("nan")
    page.store.keep_rows(f"{page.number}-{page.key}-scales", page.key, rows)
    return rows


def placebo_outcomes(page: Page, case: Case) -> pd.DataFrame | None:
    """Outcomes that the programme cannot move; None where none is declared for this table. Kept for the report."""
    units = {key: declared.unit for key, declared in page.study.robustness.placebo_outcomes.items()}
    rows = _placebo_outcomes(case, units)
    if rows is None:
        return None
    rows = page.released(rows)
    rows.loc[rows["estimate"].isna(), ["p_value", "p_holm"]] = float("nan")
    page.store.keep_rows(f"{page.number}-{page.key}-placebo-outcomes", page.key, rows)
    return rows


def placebo_units(page: Page, case: Case) -> PlaceboUnits | None:
    """Adoption pretended for never adopters; None where they are too few, or too few to be shown."""
    found = _placebo_units(case) if case.has_histories else None
    if found is None or not page.words.shows(found.n_pretended):
        return None
    facts = {
        "outcome": page.key, "draws": len(found.estimates), "found": found.found, "allowed": found.allowed,
        "mean": float(found.estimates.mean()), "n_units": found.n_units, "n_pretended": found.n_pretended,
    }  # fmt: skip
    page.store.keep_facts(f"{page.number}-{page.key}-placebo-units", facts)
    return found


def spillover(page: Page, case: Case) -> Spillovers | None:
    """What adopters do to units around them; None where nobody's surroundings are declared. Kept for the report."""
    found = spillovers(case, page.study.robustness.exposure) if case.has_histories else None
    if found is None:
        return None
    shown = replace(found, rows=page.released(found.rows))
    page.store.keep_rows(f"{page.number}-{page.key}-spillovers", page.key, shown.rows)
    if found.response is not None:
        page.store.keep_facts(
            f"{page.number}-{page.key}-response", {"outcome": page.key, **asdict(found.response)}
        )
    return shown


def curve(page: Page, case: Case) -> SpecificationCurve | None:
    """Every combination of the choices that could have been made; None where not two of them are identified."""
    if not case.has_histories:
        return None
    try:
        found = specification_curve(case)
    except EstimatorError:
        return None
    rows = page.released(found.rows).dropna(subset="estimate").reset_index(drop=True)
    shown = replace(found, rows=rows)
    if len(shown.rows) < 2:
        return None
    page.store.keep_rows(f"{page.number}-{page.key}-curve", page.key, shown.rows)
    if found.null is not None:
        # counts of specifications, not of units: named so that the store does not round them for the public
        facts = {
            name.removeprefix("n_"): value
            for name, value in asdict(found.null).items()
            if name != "adjusted_p"
        }
        page.store.keep_facts(f"{page.number}-{page.key}-joint-null", {"outcome": page.key, **facts})
    return shown


def bears(page: Page) -> float | None:
    """How far trends may differ, in largest moves before adoption, until zero is inside; None where it cannot be asked."""
    trends = sensitivity.trends(page, sensitivity.main(page)).found
    if trends is None:
        return None
    path = trends.path
    value = breakdown(
        path.beta, path.covariance, path.n_pre, restriction="relative_magnitude", weights=trends.weights,
        conf_level=page.design.conf_level,
    )  # fmt: skip
    return float(value) if np.isfinite(value) else None


def not_asked(page: Page, case: Case, found: Further) -> list[str]:
    """Keys under [missing] of what could not be asked because the study does not hold it."""
    declared = page.study.robustness
    lacking = {
        "prices_index": declared.deflator is None and case.held.unit == "yuan",
        "price_exposure": not case.held.price_columns and case.held.unit.endswith("yuan"),
        "programmes": not case.held.programmes,
        "placebo_outcome": found.placebo_outcomes is None,
        "placebo_unit": found.placebo_units is None,
        "groups": case.group is None,
        "spillovers": found.spillovers is None,
        "positions": found.spillovers is not None and not found.spillovers.by_ring,
        "curve": found.curve is None,
    }
    return [matter for matter, absent in lacking.items() if absent]
