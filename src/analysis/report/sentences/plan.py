"""Notebook 07b and page one: what was decided beforehand, and what still stands when it is asked together."""

from __future__ import annotations

import pandas as pd

from analysis.checks.power import POWER, detectable
from analysis.estimates import Estimates, verdict
from analysis.report.sentences._sentence import Sentence, say
from analysis.tables.declared_plan import day
from analysis.words import Words


def declared(words: Words) -> Sentence:
    """When the plan was laid down and where, and what it announces; or that nothing was declared."""
    study, plan = words.study, words.study.plan
    if plan is None:
        return say("plan_none", words)
    where = words.text(plan.registered) if plan.registered else words("terms.not_registered")
    on, primary = day(plan.declared, words), words.outcome(study.primary_outcome)
    counts = {
        "families": sum(len(family.outcomes) for family in plan.families.values()),
        "groups": sum(len(plan.subgroups[key].outcomes) for key in plan.declared_subgroups),
        "added": len(plan.added),
    }
    texts = [words("sentences.plan_declared", day=on, where=where, primary=primary)]
    texts += [words(f"sentences.plan_{what}", n=n) for what, n in counts.items() if n]
    return Sentence("plan_declared", words.sentences(texts))


def undeclared(roles: pd.DataFrame, words: Words) -> Sentence | None:
    """Outcomes that are reported although the plan does not name them; nothing if there are none or no plan."""
    names = [words.outcome(key) for key in roles.loc[roles["role"] == "exploratory", "outcome"]]
    if words.study.plan is None or not names:
        return None
    return say("plan_undeclared", words, outcomes=words.listed(names), n=len(names))


def standing(outcome: str, words: Words) -> Sentence:
    """What this outcome was beforehand, so how its verdict is to be read."""
    plan, key = words.study.plan, "none"
    fields: dict[str, str] = {}
    if plan is not None:
        family, addition = plan.family_of(outcome), plan.addition(outcome=outcome)
        key = "exploratory"
        if outcome == words.study.primary_outcome:
            key = "primary"
        elif family:
            key, fields = "declared", {"family": words.text(plan.families[family].label)}
        elif addition:
            key, fields = "added", {"day": day(addition.date, words), "why": words.text(addition.why)}
    return say(f"standing_{key}", words, outcome=words.outcome(outcome), **fields)


def smallest(estimates: Estimates, words: Words) -> Sentence | None:
    """The smallest effect that this design is likely to see; nothing where there is no interval."""
    row = estimates.rows[estimates.rows["level"] == "simple"]
    size = detectable(row, conf_level=words.study.design.conf_level)
    if size.isna().all():
        return None
    return say("smallest", words, size=words.amount(size.iloc[0], row["unit"].iloc[0]), power=f"{POWER:.0%}")


def together(outcomes: pd.DataFrame, words: Words) -> Sentence:
    """Per family, what is still clear when its outcomes are judged together, and what no longer is."""
    merged = outcomes.assign(role=outcomes["role"].replace({"added": "exploratory"}))
    texts = [_family(rows, words) for _, rows in merged.groupby(["role", "family"], sort=False)]
    return Sentence("together", words.sentences(texts))


def groups_apart(groups: pd.DataFrame | None, words: Words) -> Sentence | None:
    """Which differences between groups are clear; an effect clear in one group only is never called a difference."""
    if groups is None:
        return None
    pairs = groups[groups["level"] == "difference"]
    texts = [_apart(rows, words) for _, rows in pairs.groupby("role", sort=False)]
    if not (pairs["p_adjusted"] < 1 - words.study.design.conf_level).any():
        texts.append(words("sentences.groups_no_difference"))
    return Sentence("groups_apart", words.sentences(texts))


def _family(rows: pd.DataFrame, words: Words) -> str:
    first, level = rows.iloc[0], words.study.design.conf_level
    tested = rows[rows["p_adjusted"].notna()]
    clear = [words.outcome(row.outcome) for row in tested[tested["p_adjusted"] < 1 - level].itertuples()]
    was = [
        words.outcome(row["outcome"])
        for _, row in tested[tested["p_adjusted"] >= 1 - level].iterrows()
        if verdict(row) in {"rose", "fell"}
    ]
    family = words.text(words.study.plan.families[first["family"]].label) if first["family"] else ""
    fields = {"family": family, "n": len(tested), "level": words.confidence()}
    if tested.empty:
        return words(f"sentences.together_{first['role']}_untested", **fields)
    key = f"sentences.together_{first['role']}_{'clear' if clear else 'none'}"
    text = words(key, **fields, outcomes=words.listed(clear))
    return words.sentences(
        [text, words("sentences.together_no_longer", outcomes=words.listed(was)) if was else ""]
    )


def _apart(pairs: pd.DataFrame, words: Words) -> str:
    """What the comparisons of one role, judged together, show."""
    role = pairs["role"].iloc[0]
    tested = pairs[pairs["p_adjusted"].notna()]
    if tested.empty:
        return words(f"sentences.groups_{role}_untested", n=len(pairs))
    clear = tested[tested["p_adjusted"] < 1 - words.study.design.conf_level]
    named = words.listed([_pair(row, words) for row in clear.itertuples()])
    text = words(
        f"sentences.groups_{role}_{'none' if clear.empty else 'apart'}", n=len(tested), level=words.confidence(),
        **({} if clear.empty else {"apart": len(clear), "pairs": named}),
    )  # fmt: skip
    left = len(pairs) - len(tested)
    return words.sentences([text, words("sentences.groups_untested", n=left) if left else ""])


def _pair(row: object, words: Words) -> str:
    each = words.study.plan.subgroups[row.subgroup]
    return words(
        "sentences.groups_pair", outcome=words.outcome(row.outcome), lower=words.text(each.lower),
        upper=words.text(each.upper), difference=words.amount(row.estimate, row.unit, signed=True),
        interval=words.interval(row.joint_low, row.joint_high, row.unit),
    )  # fmt: skip
