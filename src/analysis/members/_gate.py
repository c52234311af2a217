"""What every method asks of a section before it computes: refusals that name the reason and the fix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.estimators import _rank
from analysis.members.section import Section
from analysis.messages import Message, ProjectError


class MemberEffectError(ProjectError, ValueError):
    """The section does not identify what was asked for; the message names the reason and the fix."""


def refusal(en: str, zh: str) -> MemberEffectError:
    """An error with its sentence in both languages."""
    return MemberEffectError(Message(en, zh))


def choice(name: str, given: str, choices: tuple[str, ...]) -> None:
    """Refuse an option that is none of the choices.

    Raises
    ------
    MemberEffectError : listing the choices.
    """
    if given not in choices:
        listed = ", ".join(choices)
        raise refusal(
            f"{name} = {given!r}; choose {listed}",
            f"{name} = {given!r}；可选 {listed}",
        )


def check(section: Section, conf_level: float = 0.95) -> None:
    """Refuse a section that no method can use, all reasons at once.

    Raises
    ------
    MemberEffectError : lengths that differ, values missing, weights not positive, one group or village only.
    """
    problems = list(_problems(section, conf_level))
    if problems:
        en, zh = ("".join(f"\n  - {texts[k]}" for texts in problems) for k in (0, 1))
        raise refusal(f"members cannot be compared:{en}", f"无法比较社员与非社员：{zh}")


def _problems(section: Section, conf_level: float) -> list[tuple[str, str]]:
    n, found = len(section.outcome), []
    if not 0 < conf_level < 1:
        found.append(
            (f"conf_level = {conf_level}; give 0 to 1", f"conf_level = {conf_level}；应在 0 与 1 之间")
        )
    shapes = {
        "treated": section.treated.shape == (n,),
        "covariates": section.covariates.shape == (n, len(section.names)),
        "weight": section.weight.shape == (n,),
        "cluster": section.cluster.shape == (n,),
        "before": section.before is None or section.before.shape == (n,),
    }
    wrong = [name for name, right in shapes.items() if not right]
    if wrong:
        listed = ", ".join(wrong)
        found.append((f"{listed}: not one value for each of {n} households", f"{listed}：与 {n} 户不对应"))
        return found
    numbers = {"outcome": section.outcome, "covariates": section.covariates, "weight": section.weight}
    if section.before is not None:
        numbers["before"] = section.before
    for name, values in numbers.items():
        missing = int((~np.isfinite(values)).sum())
        if missing:
            found.append(
                (f"{name}: {missing} values missing or infinite", f"{name}：{missing} 个值缺失或无穷")
            )
    if (section.weight <= 0).any():
        number = int((section.weight <= 0).sum())
        found.append((f"weight: {number} values not positive", f"weight：{number} 个值不为正"))
    inside, outside = int(section.treated.sum()), int((~section.treated.astype(bool)).sum())
    if inside < 2 or outside < 2:
        found.append(
            (
                f"{inside} members and {outside} non-members; two of each are the least",
                f"社员 {inside} 户、非社员 {outside} 户；各至少两户",
            )
        )
    if len(np.unique(section.cluster)) < 2:
        found.append(
            (
                "one village only: errors between villages need two or more",
                "只有一个村：村间误差至少需要两个村",
            )
        )
    return found


def design(section: Section) -> np.ndarray:
    """(p + 1, n) a row of ones above the standardised covariates.

    Raises
    ------
    MemberEffectError : a covariate does not vary by itself.
    """
    made = _rank.standardised(section.covariates)
    dependent = _rank.first_dependent(made)
    if dependent is not None:
        raise not_varying(section.names[dependent - 1], len(section.outcome), "households", "户")
    return made


def not_varying(name: str, n: int, among_en: str, among_zh: str) -> MemberEffectError:
    """The refusal of a covariate that is constant or a combination of the others."""
    return refusal(
        f"covariate {name!r} does not vary by itself among the {n} {among_en}; leave it out",
        f"协变量 {name!r} 在 {n} {among_zh}中没有独立变化，请去掉",
    )


def subset(section: Section, rows: np.ndarray) -> Section:
    """The households of `rows` (mask or positions)."""
    part = {
        name: getattr(section, name)[rows]
        for name in ("outcome", "treated", "covariates", "weight", "cluster")
    }
    for name in ("before", "instrument"):
        values = getattr(section, name)
        part[name] = None if values is None else values[rows]
    return replace(section, **part)
