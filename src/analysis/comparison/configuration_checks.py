"""How much a configurational finding hangs on choices and on chance.

Robustness: the protocol of Oana, Schneider (2024), A robustness test protocol for applied QCA, Sociological Methods &
Research 53: other anchors, other cut-offs, each case left out. Chance: outcomes shuffled between cases, after Braumoeller
(2015), Guarding against false positives in QCA, Political Analysis 23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.comparison.configurations import (
    EQUAL,
    Fit,
    Solution,
    TruthTable,
    calibrate,
    fit_of,
    membership_in,
    solutions,
    truth_table,
)
from analysis.comparison.errors import ComparisonError
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class Trial:
    """The solution under one other choice.

    change : anchor:NAME:-, anchor:NAME:+, outcome:-, outcome:+, inclusion:.75, pri:.65, n:2, without:CASE
    terms : its configurations, sorted; none where no row reaches the outcome
    same : the configurations of the first solution, no more and no less
    overlap : sum min(first, this) / sum max(first, this) of memberships
    fit : of this solution;  n_models : equally short solutions, of which the first is taken
    """

    change: str
    terms: tuple[str, ...]
    same: bool
    overlap: float
    fit: Fit
    n_models: int


@dataclass(frozen=True, slots=True)
class Robustness:
    """What of a solution withstands other choices.

    first : the solution under the chosen anchors and cut-offs;  trials : one per change
    n_none : trials in which no configuration reached the cut-offs; they are no solutions and not part of the core
    core : fit of the robust core, the least membership over all solutions found
    core_share : sum core / sum first;  core_coverage_ratio : coverage of the core / of the first solution
    cases : (n,) robust (in every solution), shaky (in the first only), possible (in another only), outside
    at_half : cases at exactly 0.5 under the chosen anchors, by condition
    """

    first: Solution
    trials: tuple[Trial, ...]
    n_none: int
    core: Fit
    core_share: float
    core_coverage_ratio: float
    cases: np.ndarray
    at_half: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Chance:
    """What the same truth table would find among shuffled outcomes.

    n_rows, coverage : rows coded 1 and the coverage of their union, as observed
    share_with_rows : shuffles in which some row reached the outcome: findings in pure noise
    p_rows, p_coverage : chance of as many rows, as much coverage; (1 + shuffles as large) / (draws + 1)
    """

    n_rows: int
    coverage: float
    share_with_rows: float
    p_rows: float
    p_coverage: float
    draws: int


def robustness(
    values: np.ndarray,
    outcome: np.ndarray,
    *,
    anchors: Mapping[str, Sequence[float]],
    outcome_anchors: Sequence[float],
    kind: str = "conservative",
    expectations: Mapping[str, bool] | None = None,
    n_cut: int = 1,
    inclusion_cut: float = 0.80,
    pri_cut: float = 0.70,
    anchor_shift: float = 0.10,
    cut_shift: float = 0.05,
) -> Robustness:
    """The solution again under every other choice, and what stays.

    One change at a time: all three anchors of a condition, or of the outcome, moved by `anchor_shift` of the distance
    between the outer ones; inclusion and PRI cut-offs by `cut_shift`; one case more per row; each case left out.

    Parameters
    ----------
    values : (n, k) raw conditions; outcome : (n,) raw; anchors : condition -> full non-membership, crossover, full
    membership, in the order of the columns; kind, expectations : as for `solutions`.

    Raises
    ------
    ComparisonError : no solution under the chosen anchors and cut-offs. Also as `calibrate`, `truth_table`, `solutions`.
    """
    raw, target, names = np.asarray(values, dtype=float), np.asarray(outcome, dtype=float), tuple(anchors)
    cuts = {"n_cut": n_cut, "inclusion_cut": inclusion_cut, "pri_cut": pri_cut}
    if raw.ndim != 2 or raw.shape[1] != len(names) or target.shape != (len(raw),):
        raise ComparisonError(
            Message(
                f"{len(names)} conditions have anchors; the values have the shape {raw.shape}, the outcome {target.shape}",
                f"给出了 {len(names)} 个条件的锚点，但数据形状为 {raw.shape}、结果为 {target.shape}",
            )
        )

    def table(moved: str, by: float, rows: np.ndarray, **other: float) -> TruthTable:
        shifted = {name: _shifted(anchors[name], by if name == moved else 0.0) for name in names}
        of_outcome = _shifted(outcome_anchors, by if moved == "" else 0.0)
        m = [calibrate(raw[rows, j], shifted[name]).membership for j, name in enumerate(names)]
        y = calibrate(target[rows], of_outcome).membership
        return truth_table(np.column_stack(m), y, names=names, **(cuts | other))

    everyone = np.arange(len(raw))
    base = table("", 0.0, everyone)
    found = solutions(base, kind=kind, expectations=expectations)
    if not found:
        raise ComparisonError(
            Message(
                "no configuration reaches the cut-offs under the chosen anchors; there is nothing to vary. "
                "Say that none was found",
                "在选定的锚点与阈值下没有任何组态达到标准，无可检验；请报告“未发现组态”",
            )
        )
    changes = [
        (f"anchor:{name}:{sign}", table(name, by, everyone))
        for name in names
        for sign, by in (("-", -anchor_shift), ("+", anchor_shift))
    ]
    changes += [
        (f"outcome:{sign}", table("", by, everyone))
        for sign, by in (("-", -anchor_shift), ("+", anchor_shift))
    ]
    for what, cut in (("inclusion", inclusion_cut), ("pri", pri_cut)):
        changes += [
            (f"{what}:{cut + by:.2f}", table("", 0.0, everyone, **{f"{what}_cut": cut + by}))
            for by in (-cut_shift, cut_shift)
        ]
    changes.append((f"n:{n_cut + 1}", table("", 0.0, everyone, n_cut=n_cut + 1)))
    changes += [(f"without:{i}", table("", 0.0, np.delete(everyone, i))) for i in everyone]

    first = found[0]
    trials, memberships = [], []
    for change, changed in changes:
        models = solutions(changed, kind=kind, expectations=expectations)
        left_out = len(changed.outcome) < len(raw)
        # a case left out is judged by the solution that the others gave
        where, y = (base.conditions, base.outcome) if left_out else (changed.conditions, changed.outcome)
        inside = membership_in([t.implicant for t in models[0].terms] if models else [], where)
        if models:
            memberships.append(inside)
        texts = tuple(sorted(t.text for t in models[0].terms)) if models else ()
        widest = np.maximum(first.membership, inside).sum()
        overlap = float(np.minimum(first.membership, inside).sum() / widest)
        same = texts == tuple(sorted(t.text for t in first.terms))
        trials.append(Trial(change, texts, same, overlap, fit_of(inside, y), len(models)))
    least = np.min([first.membership, *memberships], axis=0)
    most = np.max([first.membership, *memberships], axis=0)
    core = fit_of(least, base.outcome)
    cases = np.where(
        first.membership > 0.5,
        np.where(least > 0.5, "robust", "shaky"),
        np.where(most > 0.5, "possible", "outside"),
    )
    return Robustness(
        first, tuple(trials), len(trials) - len(memberships), core, float(least.sum() / first.membership.sum()),
        core.coverage / first.fit.coverage, cases, base.at_half,
    )  # fmt: skip


def chance(table: TruthTable, *, draws: int = 2_000, seed: int = 0) -> Chance:
    """How often shuffled outcomes reach the cut-offs, on the same cases, conditions and cut-offs.

    Parameters
    ----------
    table : as made by `truth_table`; draws : shuffles of the outcome between cases.

    Raises
    ------
    ComparisonError : no row has enough cases.
    """
    full = np.flatnonzero(table.n_cases >= table.n_cut)
    if not full.size:
        raise ComparisonError(
            Message(
                f"no configuration has {table.n_cut} cases; lower n_cut or take fewer conditions",
                f"没有任何组态达到 {table.n_cut} 个案例；请降低 n_cut 或减少条件",
            )
        )
    m = table.conditions
    x = np.where(table.configurations[full][None], m[:, None, :], 1 - m[:, None, :]).min(axis=2)
    total = x.sum(axis=0)

    def rows_and_coverage(y: np.ndarray) -> tuple[int, float]:
        both = np.minimum(x, y[:, None])
        contrary = np.minimum(both, 1 - y[:, None]).sum(axis=0)
        reached, rest = both.sum(axis=0), total - contrary
        pri = np.divide(reached - contrary, rest, out=np.zeros_like(rest), where=rest > 0)
        passes = (reached / total >= table.inclusion_cut - EQUAL) & (pri >= table.pri_cut - EQUAL)
        union = np.where(passes, x, 0.0).max(axis=1)
        return int(passes.sum()), float(np.minimum(union, y).sum() / y.sum()) if y.sum() > 0 else 0.0

    n_rows, coverage = rows_and_coverage(table.outcome)
    rng = np.random.default_rng(seed)
    shuffled = [rows_and_coverage(rng.permutation(table.outcome)) for _ in range(draws)]
    rows, covered = (np.array(part) for part in zip(*shuffled, strict=True))
    return Chance(
        n_rows,
        coverage,
        float((rows > 0).mean()),
        (1 + int((rows >= n_rows).sum())) / (draws + 1),
        (1 + int((covered >= coverage - EQUAL).sum())) / (draws + 1),
        draws,
    )


def _shifted(anchors: Sequence[float], by: float) -> list[float]:
    """The three anchors moved by a share of the distance between the outer ones; up is towards membership."""
    return [float(a) + by * (float(anchors[2]) - float(anchors[0])) for a in anchors]
