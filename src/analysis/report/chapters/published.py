"""What chapter 07c finds: published answers computed anew on this machine, and the job training trial."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from analysis.checks.published import STATUSES, answers, data_sets, evaluate
from analysis.checks.published.trainees import by_method
from analysis.report.page import Page
from analysis.words import Words

PROGRAMMES = {
    "staggered": ("mpdta", "castle_doctrine", "medicaid_insurance"),
    "instruments": ("china_rice_insurance",),
    "others": ("california_prop99", "zambia_conservation_agriculture", "bangladesh_microcredit"),
}
MAIN = {
    "mpdta": ("twfe", "cs_simple", "cs_dynamic"),
    "castle_doctrine": ("twfe_post_unweighted", "bacon_later_early", "bacon_w_later_early", "cs_simple"),
    "medicaid_insurance": (
        "twfe", "cs_nyt_simple", "es14_2014_ci_lb", "es14_2014_ci_ub", "honest_rm_lb_M1", "honest_rm_ub_M1",
        "honest_rm_lb_M2", "honest_sd_lb_M0.02", "honest_sd_ub_M0.02",
    ),
    "china_rice_insurance": ("iv", "first_stage", "n", "ols"),
    "california_prop99": ("sdid", "did"),
    "zambia_conservation_agriculture": ("esr_ll", "esr_att", "esr_atu", "esr_rho0", "esr_rho1"),
    "bangladesh_microcredit": ("placement_f", "did_f", "fe_f"),
}  # fmt: skip


@dataclass(frozen=True)
class Published:
    """Every published answer and what came of it.

    rows : one per answer — data, key, row ("" or its number among the reference values), what (keys of words/), source,
        printed, error (as printed, text), tolerance, estimate, std_error, distance ((ours less printed) / tolerance, 0
        where both are equal), status, reason
    """

    rows: pd.DataFrame

    def of(self, group: str) -> pd.DataFrame:
        """The data sets' own lists for one of PROGRAMMES."""
        return self.rows[self.rows["data"].isin(PROGRAMMES[group]) & (self.rows["row"] == "")]

    def held(self, group: str) -> pd.DataFrame | None:
        """Answers of one of PROGRAMMES whose data are on this machine; None where there are none."""
        return _some(self.of(group)[lambda rows: rows["status"] != "not_here"])

    def main(self, group: str) -> pd.DataFrame | None:
        """The best known of these, as MAIN lists them; None where there are none."""
        held = self.held(group)
        if held is None:
            return None
        return _some(held[[key in MAIN[data] for data, key in zip(held["data"], held["key"], strict=True)]])

    @property
    def absent(self) -> pd.DataFrame | None:
        """Answers whose data are not on this machine; None where there are none."""
        return _some(self.rows[self.rows["status"] == "not_here"])

    @property
    def lists(self) -> pd.DataFrame:
        """All numbers of the data sets' own lists."""
        return self.rows[self.rows["row"] == ""]

    @property
    def references(self) -> pd.DataFrame:
        """All reference values at more digits, in the order of their rows."""
        rows = self.rows[self.rows["row"] != ""]
        return rows.iloc[rows["row"].str.slice(1).astype(int).argsort(kind="stable")]


def on_public_data(page: Page) -> Page:
    """The page for exhibits on public data: that the study is synthetic does not hold for them."""
    study = page.study.model_copy(update={"about": page.study.about.model_copy(update={"synthetic": False})})
    return replace(page, study=study, words=Words(page.words.language, study))


def published(page: Page) -> Published:
    """Compute every answer that can be computed here; kept for the report."""
    rows = pd.DataFrame([_row(result) for result in map(evaluate, answers())])
    kept = rows.assign(what=[", ".join(parts) for parts in rows["what"]])
    page.store.keep_rows(f"{page.number}-published", "published", kept)
    return Published(rows)


def trainees(page: Page) -> pd.DataFrame:
    """The job training trial by experiment and by observational methods, dollars of 1978; kept for the report."""
    rows = by_method()
    page.store.keep_rows(f"{page.number}-published-trainees", "published", rows)
    return rows


def counts(found: Published) -> pd.DataFrame:
    """Answers of each data set by what came of them: data, citation, answers, and one column per status."""
    counted = found.rows.groupby(["data", "status"], sort=False).size().unstack(fill_value=0)
    counted = counted.reindex(columns=list(STATUSES), fill_value=0)
    counted = counted.loc[list(dict.fromkeys(found.rows["data"]))]
    known = data_sets()
    citation = [known[key].citation for key in counted.index]
    return counted.assign(answers=counted.sum(axis=1), citation=citation).reset_index()


def _row(result: object) -> dict[str, object]:
    answer = result.answer
    return {
        "data": answer.data, "key": answer.key, "row": answer.row, "what": answer.what, "source": answer.source,
        "printed": answer.printed, "error": answer.error, "tolerance": answer.tolerance, "estimate": result.estimate,
        "std_error": result.std_error, "distance": _distance(result.estimate - answer.expected, answer.tolerance), "status": result.status,
        "reason": result.reason,
    }  # fmt: skip


def _distance(off: float, tolerance: float) -> float:
    """In units of what is allowed; infinite where nothing is allowed and there is a difference."""
    if off == 0 or not math.isfinite(off):
        return off
    return off / tolerance if tolerance else math.copysign(math.inf, off)


def _some(rows: pd.DataFrame) -> pd.DataFrame | None:
    return rows if len(rows) else None
