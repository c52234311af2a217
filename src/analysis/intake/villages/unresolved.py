"""What is not certain between the lists, said so that a person can settle it in the list of changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.intake.villages.links import Links
from analysis.intake.villages.lists import Key, Unit
from analysis.intake.villages.nearest import nearest
from analysis.intake.villages.placing import Placing
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A village whose way through the lists is not certain.

    kind : gone (left the lists, nothing says where to), reused (its code went to another name), appeared (no line of
        an earlier list is its past), merged_later (took in others after the reference year)
    units : its lines, oldest first
    village_id : "" where rows under its name cannot be placed; else its id, and the entry only informs
    candidates : township/name of lines that look alike, as suggestions
    """

    kind: Literal["gone", "reused", "appeared", "merged_later"]
    units: tuple[Unit, ...]
    village_id: str
    candidates: tuple[str, ...]
    reason: Message


def unresolved(placing: Placing, by_vintage: dict[int, list[Unit]]) -> list[Unresolved]:
    """Everything uncertain, in order of the villages' first lines; at most one entry of a kind per village."""
    links, shares = placing.links, placing.shares
    years = sorted(by_vintage)
    arrived = {
        unit.shown() for units in by_vintage.values() for unit in units if unit.key not in links.before
    }
    found = []
    for line in placing.lineages:
        first, last = line[0], line[-1]
        own = shares[last.key][0][0] if len(shares[last.key]) == 1 else ""
        left = last.vintage < years[-1] and last.key not in links.moves and last.vintage >= placing.vintage
        if last.vintage < years[-1] and (left or not shares[last.key]):
            following = by_vintage[years[years.index(last.vintage) + 1]]
            kind = "reused" if last.key in links.reused.values() else "gone"
            found.append(
                Unresolved(kind, tuple(line), own, _alike(last, following, arrived), _gone(last, links))
            )
        elif first.vintage > years[0] and first.key not in links.origins:
            past = by_vintage[years[years.index(first.vintage) - 1]]
            gone = {unit.shown() for unit in links.open_earlier(past)}
            kind = "reused" if first.key in links.reused else "appeared"
            found.append(
                Unresolved(kind, tuple(line), own, _alike(first, past, gone), _appeared(first, links))
            )
        elif not shares[first.key]:
            lost = tuple(unit for unit in line if not shares[unit.key])
            found.append(Unresolved("gone", lost, "", (), _gone(lost[-1], links)))
        joined = [key for unit in line for key in _merged_into(unit, links) if key[0] >= placing.vintage]
        if joined and own:
            reason = _merged_later(last, joined, links, placing.vintage)
            found.append(Unresolved("merged_later", tuple(line), own, (), reason))
    return found


def _merged_into(unit: Unit, links: Links) -> list[Key]:
    return [
        key
        for key in links.origins.get(unit.key, [])
        if any(target == unit.key and event == "merge" for target, _, event in links.moves[key])
    ]


def _alike(unit: Unit, others: list[Unit], preferred: set[str]) -> tuple[str, ...]:
    near = [(other.base, other.shown()) for other in others if other.township_code == unit.township_code]
    return nearest(unit.base, near, preferred=preferred)


def _appeared(unit: Unit, links: Links) -> Message:
    if unit.key in links.reused:
        other = links.units[links.reused[unit.key]]
        return Message(
            f"code {unit.code} was {other.name} in {other.vintage} and is {unit.name} in {unit.vintage}, and one of the "
            "names stands elsewhere in the township: say in the list of changes which village it is",
            f"代码 {unit.code} 在 {other.vintage} 年为{other.name}，{unit.vintage} 年为{unit.name}，且其中一名在本乡镇另有所指：请在变更清单中写明",
        )
    return Message(
        f"{unit.shown()} ({unit.code}) first stands in the list of {unit.vintage}; what it came from is not known",
        f"{unit.shown()}（{unit.code}）始见于 {unit.vintage} 年名单，来源不明",
    )


def _gone(unit: Unit, links: Links) -> Message:
    if unit.key in links.moves:
        return Message(
            f"{unit.shown()} ({unit.code}) leaves the lists after {unit.vintage} into villages that cannot be followed",
            f"{unit.shown()}（{unit.code}）在 {unit.vintage} 年后归入的村无法继续追踪",
        )
    return Message(
        f"{unit.shown()} ({unit.code}) is last in the list of {unit.vintage}; where it went is not known: say it in the "
        "list of changes",
        f"{unit.shown()}（{unit.code}）最后见于 {unit.vintage} 年名单，去向不明：请在变更清单中写明",
    )


def _merged_later(unit: Unit, joined: list[Key], links: Links, vintage: int) -> Message:
    names = [links.units[key].shown() for key in joined]
    return Message(
        f"{unit.shown()} took in {', '.join(names)} after the reference year {vintage}: its later figures include them; "
        "take a later reference year to compare over time",
        f"{unit.shown()}在基准年 {vintage} 之后并入了{'、'.join(names)}，其后数字含被并村；如需前后可比，请改用较晚的基准年",
    )
