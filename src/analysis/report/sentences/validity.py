"""Notebook 07: whether the methods find a known truth."""

from __future__ import annotations

import pandas as pd

from analysis.checks.validity.stored import SAME, Recomputed, Stored
from analysis.figures.recovery import named
from analysis.report.chapters.validity import Proof
from analysis.report.sentences._sentence import Sentence, say
from analysis.tables.rehearsal import quantity
from analysis.words import Words

HEADLINE = "group_time"
WITHOUT_BIAS = ("required", "unbiased", "near")
MOST_FILES = 6  # files that a sentence names


def methods_unbiased(proof: Proof | None, words: Words) -> Sentence | None:
    """How many methods have no bias where none is allowed, and whether those that must fail do."""
    if proof is None:
        return None
    rows = proof.villages
    asked, failing = rows[rows["ask"].isin(WITHOUT_BIAS)], rows[rows["ask"] == "fails"]
    right = asked["bias_errors"].abs() <= asked["bias_limit"]
    unseen = failing[failing["verdict"] == "not_seen"]
    twoway, hidden = _row(rows, "growing", "twfe"), _row(rows, "unobserved", HEADLINE)
    texts = [
        words("sentences.validity_unbiased", asked=words.count(len(asked)), met=words.count(right.sum())),
        _missed(asked[~right], words),
        words("sentences.validity_fails", n=words.count(len(failing)), seen=words.count(len(failing) - len(unseen))),
        words("sentences.validity_not_seen", rows=_names(unseen, words)) if len(unseen) else "",
        words("sentences.validity_twoway", share=words.share(twoway["estimate"] / twoway["truth"])),
        words("sentences.validity_unobserved", share=words.share(hidden["estimate"] / hidden["truth"]),
              coverage=words.share(hidden["coverage"]), level=words.confidence()),
    ]  # fmt: skip
    return Sentence("validity_unbiased", words.sentences(texts))


def methods_cover(proof: Proof | None, words: Words) -> Sentence | None:
    """How many intervals hold the truth as often as they say, and where they are known to be too short."""
    if proof is None:
        return None
    rows = proof.villages
    asked = rows[rows["ask"] == "required"]
    right = asked["coverage"].between(asked["family_low"], asked["family_high"])
    texts = [
        words("sentences.validity_covers", asked=words.count(len(asked)), met=words.count(right.sum()),
              low=words.share(asked["coverage"].min()), high=words.share(asked["coverage"].max())),
        _missed(asked[~right], words),
    ]  # fmt: skip
    small = rows[(rows["scenario"] == "sixty_adjusted") & (rows["coverage"] < rows["band_low"])]
    small = small[small["ask"] == "unbiased"]
    if len(small):
        worst = small.loc[small["coverage"].idxmin()]
        texts.append(words(
            "sentences.validity_limit", method=words(f"validity_methods.{worst['method']}"),
            coverage=words.share(worst["coverage"]), level=words.confidence(),
        ))  # fmt: skip
    return Sentence("validity_covers", words.sentences(texts))


def few_adopters(proof: Proof | None, words: Words) -> Sentence | None:
    """What five, three and two adopters do to intervals."""
    if proof is None:
        return None
    rows = proof.villages.set_index("scenario")
    size, unequal = (rows.loc[name, "excludes_zero"] for name in ("five_treated", "five_unequal"))
    below = rows.loc[["three_treated", "two_treated"]]
    texts = [words(
        "sentences.validity_few", nominal=f"{1 - words.study.design.conf_level:.0%}",
        low=words.share(size.min()), high=words.share(size.max()),
        unequal_low=words.share(unequal.min()), unequal_high=words.share(unequal.max()),
        withheld=words.share(1 - below["with_interval"].sum() / below["draws"].sum()),
    )]  # fmt: skip
    main = _row(proof.villages, "five_treated", HEADLINE)
    lost = 1 - main["with_estimate"] / main["draws"]
    if lost > 0:
        name = words(f"validity_methods.{HEADLINE}")
        texts.append(words("sentences.validity_few_lost", method=name, share=words.share(lost)))
    return Sentence("validity_few", words.sentences(texts))


def members_matched(proof: Proof | None, words: Words) -> Sentence | None:
    """What matching can and cannot repair."""
    if proof is None:
        return None
    rows = proof.members
    missed, near = rows[rows["verdict"] == "missed"], rows[rows["ask"] == "near"]
    largest = (near["bias"] / near["sd"]).abs().max()

    def times(scenario: str, method: str) -> str:
        row = _row(rows, scenario, method)
        return words.number(row["estimate"] / row["truth"], "statistic")

    told = words(
        "sentences.validity_members", limit=words.number(rows["bias_limit"].iloc[0], "statistic"), near=words.share(largest),
        naive=times("members_observed", "difference"), levels=times("members_unobserved", "nearest_neighbour"),
        changes=times("members_unobserved", "matched_differences"),
    )  # fmt: skip
    return Sentence(
        "validity_members", words.sentences([told if missed.empty else "", _missed(missed, words)])
    )


def ladder_over_seeds(proof: Proof | None, words: Words) -> Sentence | None:
    """What the easy numbers show over seeds, with coops that work and with coops that do nothing."""
    if proof is None:
        return None
    rows = proof.quantities.set_index(["scenario", "quantity"])

    def amount(scenario: str, step: str, column: str = "mean") -> str:
        return words.amount(rows.loc[(scenario, f"member:{step}"), column], "yuan", signed=True)

    nothing = rows.loc[("county_no_effect", f"member:{HEADLINE}")]
    easy = rows.loc[("county_no_effect", "member:before_after")]
    texts = [
        words("sentences.validity_ladder", seeds=words.count(nothing["seeds"]), truth=amount("county", HEADLINE, "truth"),
              before_after=amount("county", "before_after"), credible=amount("county", HEADLINE)),
        words("sentences.validity_flip", flips=words.count(_flips(proof.stored["ladder"].rows))),
        words("sentences.validity_nothing", nothing=amount("county_no_effect", "before_after"), seeds=words.count(easy["seeds"]),
              significant=words.count(easy["rejections"]), rejections=words.count(nothing["rejections"])),
        words("sentences.validity_lot", matching=amount("lot", "nearest_neighbour"),
              truth=amount("lot", "nearest_neighbour", "truth")),
    ]  # fmt: skip
    return Sentence("validity_ladder", words.sentences(texts))


def rehearsal_kept(proof: Proof | None, words: Words) -> Sentence | None:
    """How many quantities are as near to the truth, or as far from it, as the specification expects."""
    if proof is None:
        return None
    rows = proof.quantities[proof.quantities["verdict"] != "shown"]
    right = rows["verdict"] == "as_expected"
    credible = rows["role"] == "credible"
    texts = [words(
        "sentences.validity_expected", n=words.count(credible.sum()), near=words.count((right & credible).sum()),
        naive=words.count((~credible).sum()), far=words.count((right & ~credible).sum()),
    )]  # fmt: skip
    if not right.all():
        names = [_quantity(key, words) for key in rows.loc[~right, "quantity"]]
        texts.append(words("sentences.validity_expected_not", rows=words.listed(names)))
        if set(rows.loc[~right, "quantity"]) == {"collective:difference"}:
            texts.append(words("sentences.validity_expected_wide"))
    return Sentence("validity_expected", words.sentences(texts))


def made_with(proof: Proof | None, words: Words) -> Sentence | None:
    """What made the stored tables, and whether that code is still the present one."""
    if proof is None:
        return None
    by_command: dict[str, list[Stored]] = {}
    for kept in proof.stored.values():
        by_command.setdefault(kept.made["command"], []).append(kept)
    return Sentence("validity_made", "\n\n".join(_made(kept, words) for kept in by_command.values()))


def _made(kept: list[Stored], words: Words) -> str:
    """One command, and the source files behind its numbers that have changed."""
    facts = kept[0].made
    told = words(
        "sentences.validity_made", command=facts["command"], draws=words.count(facts["draws"]), seed=facts["seed"],
        version=facts["version"], minutes=words.count(max(1, round(facts["seconds"] / 60))),
    )  # fmt: skip
    changed = sorted({name for each in kept for name in each.changed})
    if not changed:
        return words.sentences([told, words("sentences.validity_current")])
    files = [f"`{name}`" for name in changed[:MOST_FILES]] + ["…"] * (len(changed) > MOST_FILES)
    older = words("sentences.validity_earlier", n=words.count(len(changed)), files=words.listed(files))
    return words.sentences([told, older])


def made_again(found: Recomputed | None, words: Words) -> Sentence | None:
    """Whether the first stored counties come out the same on this machine now."""
    if found is None:
        return None
    fields = {
        "scenario": words(f"validity_scenarios.{found.scenario}"), "draws": words.count(found.draws),
        "numbers": words.count(found.numbers),
    }  # fmt: skip
    if found.same == found.numbers:
        return say("validity_same", words, bound=f"{SAME:.0e}".replace("-0", "−"), **fields)
    return say("validity_different", words, same=words.count(found.same), **fields)


def _row(rows: pd.DataFrame, scenario: str, method: str) -> pd.Series:
    return rows[(rows["scenario"] == scenario) & (rows["method"] == method)].iloc[0]


def _missed(rows: pd.DataFrame, words: Words) -> str:
    return words("sentences.validity_missed", rows=_names(rows, words)) if len(rows) else ""


def _names(rows: pd.DataFrame, words: Words) -> str:
    return words.listed([named(row, words) for row in rows.itertuples()])


def _flips(rows: pd.DataFrame) -> int:
    """Seeds in which the base year decides the sign of members' before and after."""
    wide = rows[rows["scenario"] == "county"].pivot(index="seed", columns="quantity", values="estimate")
    later, early = (wide[f"member_before_after_{year}_2022"] for year in (2019, 2018))
    return int((later * early < 0).sum())


def _quantity(key: str, words: Words) -> str:
    if ":" not in key:
        return quantity(key, words)
    outcome, step = key.split(":")
    return words(
        "terms.scenario_method", scenario=words(f"validity_outcomes.{outcome}"), method=words(f"steps.{step}")
    )
