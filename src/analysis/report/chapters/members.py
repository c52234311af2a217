"""Notebook 04b: who joins, and what membership brings beyond that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import samples
from analysis.checks.truth import known_effects, read_truth, true_average
from analysis.distribution import targeting
from analysis.distribution.measured import DistributionError, Measured
from analysis.effects import EstimatorError
from analysis.members import propensity
from analysis.members._gate import MemberEffectError
from analysis.members.balance_by_method import balance_by_method
from analysis.members.by_method import by_method
from analysis.members.households import Households, households
from analysis.members.records import Balance, Joining, Overlap, Switching, Together
from analysis.members.section import Effect, Section
from analysis.members.switching_answer import answer
from analysis.members.three_questions import QUESTIONS, three_questions
from analysis.report.page import Page
from analysis.study.membership import Membership

BINS = np.linspace(0, 1, 26)  # of the propensity, in the picture of overlap


@dataclass(frozen=True, slots=True)
class Compared:
    """The households of [membership] and what is known of them.

    truth : by group, what a comparison without bias would find; with the key "members" the true effect on members; empty
        where no truth is known
    """

    declared: Membership
    households: Households
    unit: str
    truth: dict[str, float]


def compared(page: Page) -> Compared | None:
    """The households that are compared; nothing where the study declares no [membership]."""
    declared = page.study.membership
    if declared is None:
        return None
    outcome = page.study.outcome(declared.outcome)
    found = households(page.read(declared.table), declared, outcome.column, _adoption(page))
    kept = Compared(declared, found, outcome.unit, _truth(page, declared, found))
    page.store.keep_facts(
        f"{page.number}-{declared.outcome}-households",
        {
            "flow": [
                {"rule": row.rule, "n_out": row.households_out, "n_left": row.households_left}
                for row in found.flow.itertuples()
            ],
            "n_members": found.section.n_treated, "n_neighbours": int((found.reached & ~found.section.treated).sum()),
            "n_elsewhere": int((~found.reached).sum()), "truth": kept.truth,
        },
    )  # fmt: skip
    return kept


def joining(page: Page, found: Compared | None) -> Joining | None:
    """Who joins by income before anybody joined; nothing where no such income is known or joining does not vary."""
    if found is None or found.households.section.before is None:
        return None
    part = found.households.against("neighbours")
    try:
        rows = page.released(_by_income(page, part, found.households))
    except DistributionError:
        return None
    try:
        effects = _characteristics(page, part)
    except DistributionError:  # the characteristics tell members from others without error: no logit
        effects = pd.DataFrame()
    average = float(np.average(part.treated, weights=part.weight))
    _keep(page, "joining", found, rows)
    _keep(page, "joining-characteristics", found, effects)
    return Joining(
        by_income=rows,
        average=average if page.words.shows(part.n_treated) else float("nan"),
        characteristics=effects,
        year=found.declared.baseline,
    )


def overlap(page: Page, found: Compared | None) -> Overlap | None:
    """Probabilities of membership of members and of each comparison group, and where both have households."""
    if found is None:
        return None
    bars, support = [], []
    for group in found.households.groups():
        section = found.households.against(group)
        try:
            p = propensity.scores(section).probability
        except (MemberEffectError, EstimatorError) as error:
            support.append({"group": group, "status": f"not estimable: {' '.join(str(error).split())}"})
            continue
        for member in (True, False):
            inside = section.treated == member
            counts = np.histogram(p[inside], BINS)[0]
            mass = np.histogram(p[inside], BINS, weights=section.weight[inside])[0]
            bars.append(
                pd.DataFrame(
                    {
                        "group": group, "member": member, "left": BINS[:-1], "right": BINS[1:],
                        "share": mass / mass.sum(), "n_treated": counts,
                    }
                )
            )  # fmt: skip
        seen = propensity.overlap(p, section.treated, section.weight)
        support.append(
            {
                "group": group, "n_members": section.n_treated, "n_comparison": int((~section.treated).sum()),
                "low": seen.low, "high": seen.high, "off_members": seen.share_off_treated,
                "off_comparison": seen.share_off_comparison, "effective_n": seen.effective_n,
                "largest_weight": seen.largest_weight, "status": "ok",
            }
        )  # fmt: skip
    if not bars:
        return None
    table = pd.DataFrame(support)
    _keep(page, "overlap", found, table)
    return Overlap(pd.concat(bars, ignore_index=True), table)


def balance(page: Page, found: Compared | None) -> Balance | None:
    """Standardised differences and effective sizes before and after matching, weighting and balancing."""
    if found is None:
        return None
    each = {group: balance_by_method(found.households.against(group)) for group in found.households.groups()}
    if not any(len(by_covariate) for by_covariate, _ in each.values()):
        return None
    by_covariate, by_method_ = (
        pd.concat([pair[k].assign(group=group) for group, pair in each.items()], ignore_index=True)
        for k in (0, 1)
    )
    _keep(page, "balance", found, by_covariate)
    _keep(page, "balance-methods", found, by_method_)
    return Balance(by_covariate, by_method_)


def effects(page: Page, found: Compared | None, fitted: Switching | None) -> pd.DataFrame | None:
    """Every method against each comparison group: group and the columns of `by_method`, unit; kept for the report."""
    if found is None:
        return None
    tables = []
    for group in found.households.groups():
        known: dict[str, Effect | str] = {"switching": "nobody in a village without a coop could join"}
        if group == "neighbours" and fitted is not None:
            known["switching"] = fitted.effect or fitted.refusal
        rows = by_method(
            found.households.against(group), conf_level=page.design.conf_level, seed=page.design.seed,
            fewest=page.design.min_treated_units, known=known,
        )  # fmt: skip
        if group == "neighbours" and fitted is not None and fitted.placebo is not None:
            at = rows["method"] == "switching"
            bounds = [fitted.placebo.estimate, fitted.placebo.conf_low, fitted.placebo.conf_high]
            rows.loc[at, ["at_baseline", "baseline_low", "baseline_high"]] = bounds
        if group in found.truth:
            true = {"method": "truth", "estimate": found.truth[group], "n_treated": rows["n_treated"].max()}
            rows = pd.concat(
                [rows, pd.DataFrame([{**true, "n_comparison": 0, "n_clusters": 0, "status": "ok"}])]
            )
        tables.append(rows.assign(group=group, unit=found.unit))
    if not tables:
        return None
    rows = page.released(pd.concat(tables, ignore_index=True))
    hidden = rows["status"].str.startswith("withheld")
    rows.loc[hidden, ["at_baseline", "baseline_low", "baseline_high"]] = np.nan
    _keep(page, "effects", found, rows)
    return rows


def switching(page: Page, found: Compared | None) -> Switching | None:
    """Endogenous switching regression among households of villages with a coop; nobody else could join."""
    if found is None:
        return None
    section = found.households.against("neighbours")
    made = answer(section, conf_level=page.design.conf_level, unit=found.unit)
    if made.fit is None:
        return made
    if not page.words.shows(min(made.fit.n_members, made.fit.n_outside)):
        return Switching("withheld: public release")
    _keep(page, "switching-coefficients", found, made.coefficients)
    _keep(page, "switching-tests", found, made.tests)
    _keep(page, "switching", found, made.averages)
    return made


def together(page: Page) -> Together | None:
    """Members, non-members and village means by one estimator; nothing unless all three are measured."""
    declared = page.study.membership
    if declared is None or not (declared.others and declared.village_mean):
        return None
    keys = dict(zip(QUESTIONS, (declared.outcome, declared.others, declared.village_mean), strict=True))
    chosen = {name: replace(page, outcome=key).sample() for name, key in keys.items()}
    panels = {name: sample.panel for name, sample in chosen.items()}
    scale = {name: _mean_weight(page, chosen[name]) for name in ("members", "others")}
    unit = page.study.outcome(declared.outcome).unit
    try:
        found = three_questions(panels, page.design, unit=unit, scale=scale)
    except (EstimatorError, MemberEffectError):
        return None
    truth = {
        name: true_average(known, chosen[name], found.effects[name])
        for name in QUESTIONS
        if (known := read_truth(page.study, chosen[name])) is not None
    }
    rows, ties = page.released(found.rows), page.released(found.ties)
    page.store.keep_rows(f"{page.number}-{declared.outcome}-three", declared.outcome, rows)
    page.store.keep_rows(f"{page.number}-{declared.outcome}-tie", declared.outcome, ties)
    return Together(rows, ties, truth)


def _adoption(page: Page) -> pd.Series | None:
    """Year of adoption by village; None where the study's panel is not one of villages."""
    table = page.panel_table
    if table.level != "unit":
        return None
    once = page.units.drop_duplicates(table.unit)
    return pd.Series(once[table.cohort].to_numpy(), index=once[table.unit].astype(str))


def _truth(page: Page, declared: Membership, found: Households) -> dict[str, float]:
    """Mean true effect on members at the date compared, and less what their neighbours gained."""
    known = known_effects(page.study, declared.outcome)
    if known is None:
        return {}
    at = pd.MultiIndex.from_product([found.unit, [declared.compared]])
    member, weight = found.section.treated, found.section.weight
    own = float(np.average(known.reindex(at).to_numpy()[member], weights=weight[member]))
    spilled = known_effects(page.study, declared.others) if declared.others else None
    others = ~member & found.reached
    gained = 0.0
    if spilled is not None and others.any():
        gained = float(np.average(spilled.reindex(at).to_numpy()[others], weights=weight[others]))
    return {"members": own, "elsewhere": own, "neighbours": own - gained}


def _by_income(page: Page, part: Section, found: Households) -> pd.DataFrame:
    """Rates by fifth, indices and low-income penetration, each with the members behind it."""
    common = {"weight": part.weight, "cluster": part.cluster}
    rates = _measured(page, targeting.rates_by_fifth(part.treated, part.before, **common), "share")
    ranked = targeting.concentration_index(part.treated, part.before, **common)
    fifth = targeting.part_of(part.before, part.weight)
    counts = [int(part.treated[fifth == k].sum()) for k in range(len(rates) - 1)]
    tables = [
        rates.assign(n_treated=[*counts, min(counts[0], counts[-1])]),
        _measured(page, ranked, "probability").assign(n_treated=part.n_treated),
    ]
    low = None if found.low_income is None else found.low_income[found.reached]
    if low is not None and low.any() and not low.all():
        reached = _measured(page, targeting.penetration(part.treated, low, **common), "share")
        reached.loc[reached["measure"] == "penetration_ratio", "unit"] = "smd"
        poor = int(part.treated[low].sum())
        tables.append(reached.assign(n_treated=[poor, part.n_treated - poor, poor]))
    return pd.concat(tables, ignore_index=True)


def _measured(page: Page, found: Measured, unit: str) -> pd.DataFrame:
    return found.rows(conf_level=page.design.conf_level).assign(unit=unit)


def _characteristics(page: Page, part: Section) -> pd.DataFrame:
    """Average marginal effects of covariates and instruments together."""
    columns, names = part.covariates, part.names
    if part.instrument is not None:
        columns, names = np.column_stack([columns, part.instrument]), (*names, *part.instrument_names)
    rows = _measured(
        page, targeting.marginal_effects(part.treated, columns, names, part.weight, part.cluster), "share"
    )
    yes_no = np.isin(columns, (0, 1)).all(axis=0)
    mean = np.average(columns, axis=0, weights=part.weight)
    spread = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=part.weight))
    rows = rows.rename(columns={"measure": "variable"}).assign(
        mean=mean, per_sd=np.where(yes_no, np.nan, rows["estimate"] * spread), n_treated=part.n_treated
    )
    return page.released(rows)


def _mean_weight(page: Page, sample: samples.Sample) -> float:
    """Mean survey weight of a sample's units, which the panel has divided by; one without weights."""
    table = page.study.table(sample.table)
    if not table.weight:
        return 1.0
    once = page.read(sample.table).drop_duplicates(table.unit).set_index(table.unit)[table.weight]
    return float(once.loc[sample.panel.unit].mean())


def _keep(page: Page, what: str, found: Compared, rows: pd.DataFrame) -> None:
    page.store.keep_rows(f"{page.number}-{found.declared.outcome}-{what}", found.declared.outcome, rows)
