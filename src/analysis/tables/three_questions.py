"""Whether the village estimate is what members and non-members imply, under the declared design and plainer ones."""

from __future__ import annotations

from analysis.members.records import Together
from analysis.members.three_questions import QUESTIONS
from analysis.tables._rendered import RenderedTable, remarks
from analysis.words import Words

CAPTION = {
    "zh": "社员、非社员与全村平均怎样合成",
    "en": "How members and non-members add up to the village mean",
}


def make(together: Together, words: Words) -> RenderedTable:
    """One printed row per variant of the design: the three answers, their sum by shares, and the gap."""
    unit = together.rows["unit"].iloc[0]
    printed = []
    for tie in together.ties.itertuples():
        own = together.rows[together.rows["variant"] == tie.variant].set_index("question")["estimate"]
        printed.append(
            (
                words(f"members.tie_variants.{tie.variant}"),
                *(words.number(own[name], unit, signed=True) for name in QUESTIONS),
                words.number(tie.implied, unit, signed=True),
                f"{words.number(tie.estimate, unit, signed=True)} {words.interval(tie.conf_low, tie.conf_high, unit)}",
            )
        )
    heads = [words("heads.specification"), *(words(f"members.questions.{name}") for name in QUESTIONS)]
    heads += [words("members.questions.implied"), words("members.heads.gap")]
    tie = together.ties.iloc[0]
    note = words(
        "members.notes.three_questions", unit=words.unit(unit), level=words.confidence(), share=words.share(tie["share"]),
        clusters=words.units(tie["n_clusters"]),
    )  # fmt: skip
    named = together.rows.assign(
        estimand="question", level=[words(f"members.questions.{name}") for name in together.rows["question"]]
    )
    told = remarks(named[named["variant"] == "declared"], words)
    return RenderedTable(tuple(heads), tuple(printed), words.sentences([note, told]))
