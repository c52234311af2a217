"""How alike the groups become and how many households that costs, by comparison group and method."""

from __future__ import annotations

from analysis.members.balance import SMALL
from analysis.members.records import Balance
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "各方法使两组变得多相似、用掉多少样本",
    "en": "How alike each method makes the groups, and how many households are left",
}


def make(balance: Balance, words: Words) -> RenderedTable:
    """One printed row per group and method; a refusal prints dashes."""
    printed = []
    for row in balance.by_method.itertuples():
        name = words(
            "members.pairs.of",
            group=words(f"members.groups.{row.group}"),
            method=words(f"members.balance_methods.{row.method}"),
        )
        if row.status != "ok":
            printed.append((name, *([NOTHING] * 5)))
            continue
        ratios = balance.by_covariate.query("group == @row.group and method == @row.method")["variance_ratio"]
        printed.append(
            (
                name, words.number(row.largest, "smd"), words.count(row.still_apart),
                words.interval(ratios.min(), ratios.max(), "smd"), words.units(row.n_comparison),
                words.units(round(row.effective_n)),
            )
        )  # fmt: skip
    heads = (
        "members.heads.compared_by",
        "members.heads.largest_difference",
        "members.heads.still_apart",
        "members.heads.variance_ratios",
        "members.heads.n_comparison",
        "members.heads.effective_n",
    )
    return RenderedTable(
        tuple(words(head) for head in heads),
        tuple(printed),
        words("members.notes.member_balance", small=f"{SMALL:g}"),
    )
