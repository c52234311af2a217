"""What a run's notebooks found, read back for page one; nothing is computed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.members.records import Together
from analysis.messages import Message
from analysis.report.chapters import plan
from analysis.report.page import Page, PageError
from analysis.study import Study


@dataclass(frozen=True, slots=True)
class Findings:
    """What page one quotes.

    headlines : one row per outcome, the primary first, then in the plan's order — outcome, role, family, the main simple
        average's columns, second_estimate, agreement (key under [agreement]), p_adjusted and detectable (NaN where
        outcomes were not judged together)
    facts : one row per outcome — outcome, n_units, first_year, last_year, n_treated, n_clusters, estimator
    reasons : why the primary result is to be read with care: key under [reasons] and the fields of its sentence
    notes : what the gate left out of the primary outcome's estimate: key under [gate_notes] and count
    programme : counts of the roll-out: n_units, n_adopters, year
    differences : pairs of models that can and cannot be told apart: n_pairs, n_apart; None where not compared
    judged : outcomes judged together, as chapters.plan.outcomes made them; None where that was not done
    groups : effects by group and their differences, as chapters.plan.groups made them; None where none were compared
    together : members, non-members and the village mean, as chapters.members.together made it; None where not asked
    """

    headlines: pd.DataFrame
    facts: pd.DataFrame
    reasons: list[tuple[str, dict[str, Any]]]
    notes: list[tuple[str, int]]
    programme: dict[str, Any] | None
    differences: dict[str, int] | None
    judged: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None
    together: Together | None = None


def findings(page: Page) -> Findings:
    """What the run in the page's folder found.

    Raises
    ------
    PageError : the notebook runs outside a run, or before the others.
    """
    kept = page.store.kept()
    asked = plan.roles(page.study)
    judged, keys = _rows("07b-outcomes", kept), asked["outcome"].tolist()
    headlines = [row for key in keys if (row := _headline(key, kept, page.study)) is not None]
    if not headlines:
        raise PageError(
            Message(
                "the report reads what a run saved and found no estimates; use `coopeval report STUDY`, or give "
                "run_folder the folder in which the other notebooks kept theirs",
                "报告只读取一次运行保存的结果，这里没有找到估计；请使用 coopeval report STUDY，或把 run_folder "
                "设为其他笔记本保存结果的目录",
            )
        )
    told = _with_standing(pd.DataFrame(headlines), asked, judged)
    columns = ["outcome", "n_units", "first_year", "last_year", "n_treated", "n_clusters", "estimator"]
    primary = kept.get(f"06-{keys[0]}-agreement", {"facts": {"reasons": []}})["facts"]
    pairs = next(
        (kept[name]["rows"] for name in kept if name.startswith("05-") and name.endswith("-differences")),
        None,
    )
    return Findings(
        headlines=told,
        facts=told[columns],
        reasons=[(key, fields) for key, fields in primary["reasons"]],
        notes=[(key, count) for key, count in _main(keys[0], kept).get("notes", [])],
        programme=kept["02-programme"]["facts"] if "02-programme" in kept else None,
        differences=None
        if pairs is None
        else {"n_pairs": len(pairs), "n_apart": sum(row["apart"] for row in pairs)},
        judged=judged,
        groups=_rows("07b-subgroups", kept),
        together=_together(page.study, kept),
    )


def not_measured(study: Study) -> list[str]:
    """Keys under [missing] of what a full evaluation would need and this study does not hold."""
    found = [
        concept for concept in ("collective_income", "household_income") if not study.outcomes_about(concept)
    ]
    if not any(table.level == "household" for table in study.tables.values()):
        found.append("households")
    if study.membership is None:
        found.append("membership")
    if not any(table.model for table in study.tables.values()):
        found.append("models")
    found += [
        matter
        for matter, name in (("platforms", "coop"), ("prices", "price_year"))
        if name not in study.tables
    ]
    if study.table(study.outcome(study.primary_outcome).table).design == "repeated_cross_section":
        found.append("followed")
    if not study.sources:
        found.append("sources")
    return [*found, "costs"]


def _with_standing(headlines: pd.DataFrame, asked: pd.DataFrame, judged: pd.DataFrame | None) -> pd.DataFrame:
    """The headlines with what each outcome was beforehand, and how it does among those judged with it."""
    told = headlines.merge(asked[["outcome", "role", "family"]], on="outcome", how="left")
    if judged is None:
        return told.assign(p_adjusted=np.nan, detectable=np.nan)
    # what was judged by another estimator than the headline's is another number
    return told.merge(
        judged[["outcome", "estimator", "p_adjusted", "detectable"]], on=["outcome", "estimator"], how="left"
    )


def _rows(name: str, kept: dict[str, dict[str, Any]]) -> pd.DataFrame | None:
    """Rows that a chapter kept, missing numbers as NaN; None where it did not run."""
    if name not in kept:
        return None
    rows = pd.DataFrame(kept[name]["rows"])
    return rows.apply(lambda column: column if column.map(type).eq(str).any() else column.astype(float))


def _together(study: Study, kept: dict[str, dict[str, Any]]) -> Together | None:
    if study.membership is None:
        return None
    rows, ties = (_rows(f"04b-{study.membership.outcome}-{name}", kept) for name in ("three", "tie"))
    return None if rows is None or ties is None else Together(rows, ties, {})


def _headline(key: str, kept: dict[str, dict[str, Any]], study: Study) -> dict[str, Any] | None:
    main = _main(key, kept)
    if not main:
        return None
    row = next(row for row in main["rows"] if row["level"] == "simple")
    number = main["id"].split("-")[0]
    facts = kept[f"{number}-{key}-facts"]["facts"]
    second = [
        each for each in kept[f"{number}-{key}-estimators"]["rows"] if each["estimator"] == "imputation"
    ]
    agreement = facts["between_estimators"]
    if key == study.primary_outcome and f"06-{key}-agreement" in kept:
        agreement = kept[f"06-{key}-agreement"]["facts"]["word"]
    numbers = {name: np.nan if value is None else value for name, value in row.items()}
    return {
        **numbers, "outcome": key, "agreement": agreement,
        "second_estimate": second[0]["estimate"] if second else None,
        **{name: facts[name] for name in ("n_units", "first_year", "last_year")},
    }  # fmt: skip


def _main(key: str, kept: dict[str, dict[str, Any]]) -> dict[str, Any]:
    found = [
        kept[name]
        for name in kept
        if name[:2] in {"03", "04"} and name[2:].startswith(f"-{key}-") and name.endswith("-overall")
    ]
    return found[0] if found else {}
