"""Notebook 04b: who joins, and what membership brings beyond that."""

from __future__ import annotations

import math

import pandas as pd

from analysis.estimates import verdict
from analysis.members.balance import SMALL
from analysis.members.records import Balance, Joining, Overlap, Switching, Together
from analysis.members.switching import WEAK
from analysis.report.chapters.members import Compared
from analysis.report.sentences._sentence import Sentence, say
from analysis.words import Words

REJECTED = 0.05  # p below which a test of the switching model is counted against it
STRONG = 0.9  # correlation beyond which the other choice's incomes are extrapolated far outside the data
HEADLINES = (
    "aipw",
    "entropy_balancing",
    "nearest_neighbour",
)  # of the methods for levels, the first with an interval
ROUNDING = 0.1  # of the gap's error under the declared design: a plainer gap below it is nothing


def members_compared(found: Compared | None, words: Words) -> Sentence | None:
    """Who is compared with whom, at which dates, and who is left out."""
    if found is None:
        return None
    section, reached = found.households.section, found.households.reached
    fields = {
        "compared": found.declared.compared, "members": words.units(section.n_treated),
        "neighbours": words.units(int((reached & ~section.treated).sum())),
        "elsewhere": words.units(int((~reached).sum())),
    }  # fmt: skip
    if found.declared.baseline is None:
        told = [words("sentences.member_compared_once", **fields)]
    else:
        told = [words("sentences.member_compared", baseline=found.declared.baseline, **fields)]
    out = found.households.flow.query("households_out > 0")
    reasons = [
        words(f"members.left_out.{row.rule}", n=words.units(row.households_out)) for row in out.itertuples()
    ]
    if reasons:
        told.append(words("sentences.member_left_out", reasons=words.listed(reasons)))
    if found.declared.weight:
        told.append(words("sentences.member_weighted", weight=words.variable(found.declared.weight)))
    return Sentence("members_compared", words.sentences(told))


def joins(joining: Joining | None, words: Words) -> Sentence | None:
    """Whether the better-off join more, and whether low-income households are reached."""
    if joining is None:
        return None
    rows = joining.by_income.set_index("measure")
    rates = rows[rows.index.str.startswith("part_")]
    gap = rows.loc["gap"]
    told = [
        words(
            f"sentences.joining_{verdict(gap)}", richest=words.share(rates["estimate"].iloc[-1]),
            poorest=words.share(rates["estimate"].iloc[0]), gap=words.amount(gap["estimate"], "share", signed=True),
            interval=words.interval(gap["conf_low"], gap["conf_high"], "share"), level=words.confidence(),
        )
    ]  # fmt: skip
    if "penetration_ratio" in rows.index and math.isfinite(rows.loc["penetration_ratio", "conf_low"]):
        ratio = rows.loc["penetration_ratio"]
        judged = {"rose": "more", "fell": "less"}.get(verdict(_less_one(ratio)), "alike")
        told.append(
            words(
                "sentences.joining_low", low=words.share(rows.loc["low_income", "estimate"]),
                others=words.share(rows.loc["others", "estimate"]), ratio=words.number(ratio["estimate"], "smd"),
                interval=words.interval(ratio["conf_low"], ratio["conf_high"], "smd"),
                judged=words(f"sentences.joining_low_{judged}"),
            )
        )  # fmt: skip
    return Sentence("joins", words.sentences(told))


def members_overlap(overlap: Overlap | None, words: Words) -> Sentence | None:
    """How many comparison households weighting leaves, by comparison group."""
    if overlap is None:
        return None
    told = []
    for row in overlap.support[overlap.support["status"] == "ok"].itertuples():
        told.append(
            words(
                "sentences.overlap_told", group=words(f"members.among.{row.group}"),
                comparison=words.units(row.n_comparison), effective=words.units(round(row.effective_n)),
                largest=words.share(row.largest_weight),
            )
        )  # fmt: skip
        told.append(words("sentences.overlap_outside", members=words.share(row.off_members)))
    return Sentence("members_overlap", words.sentences(told))


def members_balance(balance: Balance | None, words: Words) -> Sentence | None:
    """How far the best method brings the groups together, and which methods leave them apart."""
    if balance is None:
        return None
    told = []
    for group, rows in balance.by_method[balance.by_method["status"] == "ok"].groupby("group", sort=False):
        before = rows.set_index("method")["largest"]["unadjusted"]
        adjusted = rows[rows["method"] != "unadjusted"]
        best = adjusted.loc[adjusted["largest"].idxmin()]
        told.append(
            words(
                "sentences.balance_told", group=words(f"members.among.{group}"), before=words.number(before, "smd"),
                method=_within(f"members.balance_methods.{best['method']}", words),
                after=words.number(best["largest"], "smd"),
            )
        )  # fmt: skip
        told += [
            words(
                "sentences.balance_left", method=_within(f"members.balance_methods.{row.method}", words),
                n=words.count(row.still_apart), after=words.number(row.largest, "smd"),
            )
            for row in adjusted[adjusted["largest"] > SMALL].itertuples()
        ]  # fmt: skip
    told.append(words("sentences.balance_unseen"))
    return Sentence("members_balance", words.sentences(told))


def member_levels(rows: pd.DataFrame | None, found: Compared | None, words: Words) -> Sentence | None:
    """What comparing levels already finds before anybody joined, by comparison group."""
    if rows is None or found is None:
        return None
    if not rows["at_baseline"].notna().any():
        return say("levels_unknown", words)
    told = []
    for group in dict.fromkeys(rows["group"]):
        by_method = rows[rows["group"] == group].set_index("method")
        usable = [name for name in HEADLINES if math.isfinite(by_method.loc[name, "baseline_low"])]
        if not usable:
            continue
        row = by_method.loc[usable[0]]
        before = pd.Series({"conf_low": row["baseline_low"], "conf_high": row["baseline_high"]})
        kind = {"rose": "high", "fell": "low"}.get(verdict(before), "quiet")
        told.append(
            words(
                f"sentences.levels_{kind}", group=words(f"members.among.{group}"),
                method=_within(f"members.methods.{usable[0]}", words), year=found.declared.baseline, level=words.confidence(),
                estimate=words.amount(row["estimate"], found.unit, signed=True),
                before=words.amount(row["at_baseline"], found.unit, signed=True),
                interval=words.interval(row["baseline_low"], row["baseline_high"], found.unit),
                differences=_amount(by_method.loc["matched_differences"], found.unit, words),
            )
        )  # fmt: skip
    return Sentence("levels", words.sentences(told)) if told else None


def member_groups(rows: pd.DataFrame | None, found: Compared | None, words: Words) -> Sentence | None:
    """What the two comparison groups assume and say; with the truth where it is known."""
    if rows is None or found is None:
        return None
    told = []
    changes = rows[(rows["method"] == "matched_differences") & rows["estimate"].notna()].set_index("group")
    if len(changes) == 2:
        each = {group: _amount(row, found.unit, words) for group, row in changes.iterrows()}
        told.append(words("sentences.two_groups", **each))
        outcome = words.study.outcome(found.declared.outcome)
        if words.study.table(outcome.table).exclude:  # the panel leaves the neighbours out
            told.append(words("sentences.two_groups_ladder"))
    if found.truth:
        known = rows[(rows["method"] != "truth") & rows["conf_low"].notna()]
        true = known["group"].map(found.truth)
        outside = known[(known["conf_low"] > true) | (known["conf_high"] < true)]
        named = [
            words(
                "members.pairs.within",
                method=words(f"members.methods.{row.method}"),
                group=words(f"members.short_groups.{row.group}"),
            )
            for row in outside.itertuples()
        ]
        fields = {
            "truth": words.amount(found.truth["members"], found.unit, signed=True), "n": len(known),
            "net": words.amount(found.truth["neighbours"], found.unit, signed=True),
        }  # fmt: skip
        told.append(
            words(
                "sentences.effects_truth",
                inside=len(known) - len(outside),
                outside=words.listed(named),
                **fields,
            )
            if named
            else words("sentences.effects_truth_all", **fields)
        )
    return Sentence("two_groups", words.sentences(told)) if told else None


def member_instruments(found: Compared | None, words: Words) -> Sentence | None:
    """Which columns are left out of the incomes, and why one may believe that."""
    if found is None or not found.declared.instruments:
        return None
    told = [
        words(
            "sentences.switching_instrument", names=words.variable(name), reason=words.text(declared.reason)
        )
        for name, declared in found.declared.instruments.items()
    ]
    return Sentence("instruments", words.sentences(told))


def switching(found: Switching | None, words: Words) -> Sentence | None:
    """The effect on members by switching regression, and every sign that it cannot be relied on."""
    if found is None:
        return None
    if found.fit is None or found.effect is None:
        return say("switching_refused", words, reason=words("missing.switching"))
    unit = found.averages["unit"].iloc[0]
    effect = found.effect
    text = words(
        "sentences.switching_result", amount=words.amount(effect.estimate, unit, signed=True),
        interval=words.interval(effect.conf_low, effect.conf_high, unit), level=words.confidence(),
    )  # fmt: skip
    doubts = [words(f"members.doubts.{key}", **fields) for key, fields in _doubts(found, unit, words)]
    judged = (
        words(
            "sentences.switching_doubted",
            doubts="；".join(doubts) if words.language == "zh" else "; ".join(doubts),
        )
        if doubts
        else words("sentences.switching_passed")
    )
    return Sentence("switching", words.sentences([text, judged]))


def households_tie(together: Together | None, words: Words) -> Sentence | None:
    """Members, non-members and the village mean as one result: shares, sum, gap, and what makes the gap."""
    if together is None:
        return None
    unit = together.rows["unit"].iloc[0]
    answers = together.rows[together.rows["variant"] == "declared"].set_index("question")["estimate"]
    ties = together.ties.set_index("variant")
    declared = ties.loc["declared"]
    fits = {"unclear": "fits", "not_known": "not_known"}.get(verdict(declared), "apart")
    told = [
        words(
            "sentences.tie", share=words.share(declared["share"]), level=words.confidence(),
            members=words.amount(answers["members"], unit, signed=True),
            others=words.amount(answers["others"], unit, signed=True),
            village=words.amount(answers["village"], unit, signed=True),
            implied=words.amount(declared["implied"], unit, signed=True),
            gap=words.amount(declared["estimate"], unit, signed=True),
            interval=words.interval(declared["conf_low"], declared["conf_high"], unit),
            judged=words(f"sentences.tie_{fits}"),
        )
    ]  # fmt: skip
    if "unadjusted_never" in ties.index:
        plain = ties.loc["unadjusted_never", "estimate"]
        same = abs(plain) < ROUNDING * declared["std_error"]
        told.append(
            words(
                f"sentences.tie_{'adjustment' if same else 'tables'}",
                gap=words.amount(plain, unit, signed=True),
            )
        )
    if answers["members"] > answers["village"]:
        told.append(words("sentences.tie_quote"))
    return Sentence("tie", words.sentences(told))


def _doubts(found: Switching, unit: str, words: Words) -> list[tuple[str, dict[str, str]]]:
    """What speaks against a switching regression, gravest first."""
    fit, told = found.fit, []
    if not fit.converged:
        told.append(("not_converged", {}))
    strongest = max(fit.rho, key=abs)
    placebo = found.placebo
    if placebo is not None and (placebo.conf_low > 0 or placebo.conf_high < 0):
        told.append(("placebo", {"amount": words.amount(placebo.estimate, unit, signed=True)}))
    if fit.exclusion is not None and fit.exclusion.p_value < REJECTED:
        told.append(("exclusion", {"p": words.number(fit.exclusion.p_value, "probability")}))
    if fit.falsification is not None and fit.falsification.p_value < REJECTED:
        told.append(("falsification", {"p": words.number(fit.falsification.p_value, "probability")}))
    if fit.first_stage is not None and not fit.first_stage.statistic >= WEAK:
        told.append(("weak_instrument", {"f": words.number(fit.first_stage.statistic, "statistic")}))
    if abs(strongest) > STRONG:
        told.append(("bound", {"rho": words.number(strongest, "smd", signed=True)}))
    logs = found.in_logs
    if logs is not None and found.effect.estimate * logs.estimate < 0:
        told.append(("logs", {"amount": words.amount(logs.estimate, "log points", signed=True)}))
    return told


def _amount(row: pd.Series, unit: str, words: Words) -> str:
    """An estimate with its interval, or that there is none."""
    if not math.isfinite(row["estimate"]):
        return words("terms.no_interval")
    interval = words.interval(row["conf_low"], row["conf_high"], unit)
    return f"{words.amount(row['estimate'], unit, signed=True)} {interval}"


def _within(key: str, words: Words) -> str:
    """A heading's text in the middle of a sentence."""
    text = words(key)
    return text if words.language == "zh" else text[0].lower() + text[1:]


def _less_one(row: pd.Series) -> pd.Series:
    return pd.Series({"conf_low": row["conf_low"] - 1, "conf_high": row["conf_high"] - 1})
