"""Configurations (组态) of conditions found with an outcome: fuzzy-set qualitative comparative analysis.

Ragin (2008), Redesigning Social Inquiry, University of Chicago Press; Ragin (2009) in Rihoux, Ragin, Configurational
Comparative Methods, Sage. It describes which combinations occur among units with the outcome: no counterfactual, no standard
error, and findings in pure noise are frequent (Braumoeller 2015, Political Analysis 23): see `configuration_checks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.comparison._minimise import Implicant, prime_implicants, smallest_covers
from analysis.comparison.errors import ComparisonError
from analysis.messages import Message

MOST_CONDITIONS = 6  # 64 rows; some hundred cooperatives fill five conditions at best
HALF = 0.001  # added to a membership of exactly 0.5, which belongs to no row (Fiss 2011, Academy of Management Journal 54)
EQUAL = 1e-9  # rounding allowed at cut-offs and at 0.5
KINDS = ("conservative", "parsimonious", "intermediate")
LOGIT_95 = float(np.log(0.95 / 0.05))


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Membership (n,) in a set, and the cases at exactly 0.5, which are in doubt."""

    membership: np.ndarray
    at_half: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """Sufficiency of a set X for the outcome Y; NaN where X or Y is empty.

    inclusion : sum min(X, Y) / sum X  (consistency)
    pri : (sum min(X, Y) - sum min(X, Y, 1 - Y)) / (sum X - sum min(X, Y, 1 - Y))
    coverage : sum min(X, Y) / sum Y
    """

    inclusion: float
    pri: float
    coverage: float


@dataclass(frozen=True, slots=True)
class TruthTable:
    """All 2^k configurations of k conditions, in binary order, the first condition leading.

    names : (k,);  configurations : (2^k, k) bool
    n_cases : (2^k,) cases with membership above 0.5;  inclusion, pri : (2^k,), NaN for rows no case belongs to at all
    code : (2^k,) 1 outcome, 0 no outcome, -1 remainder (too few cases)
    conditions : (n, k) memberships used, those at 0.5 moved;  outcome : (n,);  case_row : (n,) row of each case
    at_half : (case, condition) of the memberships that were exactly 0.5 and were moved to 0.501
    n_cut, inclusion_cut, pri_cut : what a row needs for 1
    """

    names: tuple[str, ...]
    configurations: np.ndarray
    n_cases: np.ndarray
    inclusion: np.ndarray
    pri: np.ndarray
    code: np.ndarray
    conditions: np.ndarray
    outcome: np.ndarray
    case_row: np.ndarray
    at_half: tuple[tuple[int, str], ...]
    n_cut: int
    inclusion_cut: float
    pri_cut: float


@dataclass(frozen=True, slots=True)
class Term:
    """One configuration of a solution, as DEV*~IND; `~` is absence. Unique coverage is what only it covers."""

    text: str
    implicant: Implicant
    fit: Fit
    unique_coverage: float
    n_cases: int


@dataclass(frozen=True, slots=True)
class Solution:
    """A shortest description of the rows with the outcome.

    kind : conservative (no row without cases assumed), parsimonious (any), intermediate (those in line with expectations)
    terms : configurations, each sufficient;  fit : of their union;  membership : (n,) of the union
    assumed : rows without enough cases that the description covers, as 10101
    """

    kind: str
    terms: tuple[Term, ...]
    fit: Fit
    membership: np.ndarray
    assumed: tuple[str, ...]


def calibrate(values: np.ndarray, anchors: Sequence[float]) -> Calibrated:
    """Membership by the direct method, and the cases at exactly 0.5.

    logit(membership) linear on each side of the crossover, 0.05 at full non-membership, 0.95 at full membership.

    Parameters
    ----------
    values : (n,) raw; anchors : full non-membership, crossover, full membership, rising or falling, unit of `values`.

    Raises
    ------
    ComparisonError : anchors out of order, missing values.
    """
    x = np.asarray(values, dtype=float)
    out, cross, full = (float(a) for a in anchors)
    if not (out < cross < full or out > cross > full):
        raise ComparisonError(
            Message(
                f"anchors rise or fall from non-membership over the crossover to membership, not {out:g}, {cross:g}, {full:g}",
                f"校准锚点应从完全不隶属、交叉点到完全隶属依次递增或递减，不能是 {out:g}、{cross:g}、{full:g}",
            )
        )
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ComparisonError(Message("values to calibrate are missing", "待校准的数值有缺失"))
    toward = (x - cross) * np.sign(full - cross)
    logit = LOGIT_95 * toward / np.where(toward >= 0, abs(full - cross), abs(cross - out))
    return Calibrated(
        1 / (1 + np.exp(-np.clip(logit, -700, 700))), tuple(np.flatnonzero(toward == 0).tolist())
    )


def fit_of(membership: np.ndarray, outcome: np.ndarray) -> Fit:
    """Inclusion, PRI and coverage of membership (n,) in X for membership (n,) in the outcome (Ragin 2008)."""
    x, y = membership, outcome
    both = np.minimum(x, y)
    contrary = np.minimum(both, 1 - y).sum()
    return Fit(
        _ratio(both.sum(), x.sum()),
        _ratio(both.sum() - contrary, x.sum() - contrary),
        _ratio(both.sum(), y.sum()),
    )


def truth_table(
    conditions: np.ndarray,
    outcome: np.ndarray,
    *,
    names: Sequence[str],
    n_cut: int = 1,
    inclusion_cut: float = 0.80,
    pri_cut: float = 0.70,
) -> TruthTable:
    """Every configuration with its cases, inclusion and PRI, coded by the cut-offs.

    A case's membership in a row is the least of its memberships in the row's conditions (1 - membership where absent). A
    row is 1 with n_cut cases or more, inclusion and PRI at or above their cuts; 0 with as many cases; else a remainder.

    Parameters
    ----------
    conditions : (n, k) memberships 0 to 1; outcome : (n,) memberships; names : (k,) of the conditions.

    Raises
    ------
    ComparisonError : memberships outside 0 to 1 or missing, more than 6 conditions, names that repeat or do not fit.
    """
    m, y, labels = _checked(conditions, outcome, names)
    if n_cut < 1:
        raise ComparisonError(
            Message(
                f"n_cut is {n_cut}; a row without cases is no evidence, so 1 or more",
                f"n_cut 为 {n_cut}；没有案例的行不是证据，应不小于 1",
            )
        )
    k = m.shape[1]
    half = np.argwhere(np.abs(m - 0.5) <= EQUAL)
    m[half[:, 0], half[:, 1]] = 0.5 + HALF
    rows = (np.arange(2**k)[:, None] >> np.arange(k - 1, -1, -1)) & 1 == 1
    inside = np.where(rows[None], m[:, None, :], 1 - m[:, None, :]).min(axis=2)
    fits = [fit_of(inside[:, r], y) for r in range(2**k)]
    inclusion, pri = (np.array([getattr(f, what) for f in fits]) for what in ("inclusion", "pri"))
    case_row = (m > 0.5) @ (1 << np.arange(k - 1, -1, -1))
    n_cases = np.bincount(case_row, minlength=2**k)
    passes = (inclusion >= inclusion_cut - EQUAL) & (pri >= pri_cut - EQUAL)
    code = np.where(n_cases >= n_cut, passes.astype(int), -1)
    at_half = tuple((int(i), labels[j]) for i, j in half)
    return TruthTable(
        labels, rows, n_cases, inclusion, pri, code, m, y, case_row, at_half, n_cut, inclusion_cut, pri_cut
    )


def solutions(
    table: TruthTable, *, kind: str = "conservative", expectations: Mapping[str, bool] | None = None
) -> tuple[Solution, ...]:
    """All shortest descriptions of the rows coded 1, equally good ones side by side; none if no row is coded 1.

    Quine-McCluskey on rows coded 1, remainders as may be convenient (parsimonious), or as are easy counterfactuals
    (intermediate: a condition of a conservative term that its parsimonious term lacks is dropped if theory expects the
    opposite value to help; Ragin, Sonnett 2005, in Kropp, Minkenberg, Vergleichen in der Politikwissenschaft).

    Parameters
    ----------
    kind : conservative, parsimonious or intermediate
    expectations : for intermediate, condition -> True (presence helps) or False (absence helps).

    Raises
    ------
    ComparisonError : an unknown kind, expectations about unknown conditions, more than 500 equally short solutions.
    """
    if kind not in KINDS:
        listed = ", ".join(KINDS)
        raise ComparisonError(
            Message(
                f"no kind of solution '{kind}'; there are {listed}", f"没有“{kind}”这种解；可选：{listed}"
            )
        )
    expected = dict(expectations or {})
    if (unknown := sorted(set(expected) - set(table.names))) or (kind != "intermediate" and expected):
        listed = ", ".join(table.names)
        raise ComparisonError(
            Message(
                f"expectations serve the intermediate solution, on the conditions {listed}; given for {kind}, {unknown}",
                f"理论预期只用于中间解，且条件限于 {listed}；现用于 {kind}，{unknown}",
            )
        )
    k = len(table.names)
    positive = set(np.flatnonzero(table.code == 1).tolist())
    remainders = set(np.flatnonzero(table.code == -1).tolist())
    conservative = smallest_covers(prime_implicants(positive, k), positive)
    if kind == "conservative":
        covers = conservative
    else:
        covers = smallest_covers(prime_implicants(positive | remainders, k), positive)
    if kind == "intermediate":
        found = set()
        for long in conservative:
            for short in covers:
                easy = _easy_rows(long, short, table.names, expected) & remainders
                found |= set(smallest_covers(prime_implicants(positive | easy, k), positive))
        covers = sorted(found)
    return tuple(_solution(table, kind, cover) for cover in covers)


def membership_in(implicants: Sequence[Implicant], conditions: np.ndarray) -> np.ndarray:
    """Membership (n,) in the union of conjunctions, of cases with memberships `conditions` (n, k); 0 in none."""
    k = conditions.shape[1]
    union = np.zeros(len(conditions))
    for care, value in implicants:
        each = np.ones(len(conditions))
        for j, bit in enumerate(1 << np.arange(k - 1, -1, -1)):
            if care & bit:
                each = np.minimum(each, conditions[:, j] if value & bit else 1 - conditions[:, j])
        union = np.maximum(union, each)
    return union


def written(implicant: Implicant, names: Sequence[str]) -> str:
    """An implicant as DEV*~IND; 1 if it demands nothing."""
    bits = [1 << (len(names) - 1 - j) for j in range(len(names))]
    literals = [
        name if implicant.value & bit else f"~{name}"
        for name, bit in zip(names, bits, strict=True)
        if implicant.care & bit
    ]
    return "*".join(literals) or "1"


def inclusion_range(table: TruthTable) -> tuple[float, float]:
    """Inclusion cut-offs above the first and up to the second that code every row as this table does.

    The sensitivity range of Oana, Schneider (2024), Sociological Methods & Research 53, for the inclusion cut-off.
    """
    able = (table.code >= 0) & (table.pri >= table.pri_cut - EQUAL)
    low = table.inclusion[able & (table.code == 0)]
    high = table.inclusion[table.code == 1]
    return float(low.max()) if low.size else 0.0, float(high.min()) if high.size else 1.0


def _solution(table: TruthTable, kind: str, cover: Sequence[Implicant]) -> Solution:
    y = table.outcome
    union = membership_in(cover, table.conditions)
    whole = fit_of(union, y)
    terms = []
    for implicant in cover:
        alone = membership_in([implicant], table.conditions)
        rest = membership_in([other for other in cover if other != implicant], table.conditions)
        unique = whole.coverage - fit_of(rest, y).coverage
        text = written(implicant, table.names)
        terms.append(Term(text, implicant, fit_of(alone, y), unique, int((alone > 0.5).sum())))
    covered = [r for r in np.flatnonzero(table.code == -1) if any(p.covers(int(r)) for p in cover)]
    assumed = tuple(format(r, f"0{len(table.names)}b") for r in covered)
    return Solution(kind, tuple(terms), whole, union, assumed)


def _easy_rows(
    long: Sequence[Implicant], short: Sequence[Implicant], names: Sequence[str], expected: Mapping[str, bool]
) -> set[int]:
    """Rows between conservative and parsimonious terms that only easy counterfactuals reach."""
    k = len(names)
    kept: list[Implicant] = []
    for term in long:
        for goal in short:
            if term.care & goal.care != goal.care or term.value & goal.care != goal.value:
                continue
            care = term.care
            for j, name in enumerate(names):
                bit = 1 << (k - 1 - j)
                present = bool(term.value & bit)
                if care & bit and not goal.care & bit and name in expected and expected[name] != present:
                    care &= ~bit
            kept.append(Implicant(care, term.value & care))
    return {row for row in range(2**k) if any(term.covers(row) for term in kept)}


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _checked(
    conditions: np.ndarray, outcome: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    m, y, labels = np.array(conditions, dtype=float), np.array(outcome, dtype=float), tuple(names)
    k = m.shape[1] if m.ndim == 2 else 0
    if not 1 <= k <= MOST_CONDITIONS or len(labels) != k or len(set(labels)) < k or y.shape != (len(m),):
        raise ComparisonError(
            Message(
                f"a truth table takes 1 to {MOST_CONDITIONS} conditions (n, k) with k different names and an outcome "
                f"(n,); given {m.shape}, {len(labels)} names, {y.shape}",
                f"真值表需要 1 到 {MOST_CONDITIONS} 个条件 (n, k)、k 个不同名称和结果 (n,)；现为 {m.shape}、{len(labels)} 个名称、{y.shape}",
            )
        )
    wrong = [
        name
        for name, values in (*zip(labels, m.T, strict=True), ("outcome", y))
        if not (np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all())
    ]
    if wrong:
        listed = ", ".join(wrong)
        raise ComparisonError(
            Message(
                f"memberships are numbers from 0 to 1, none missing; not so in {listed}. Calibrate first",
                f"隶属度应为 0 到 1 且无缺失，{listed} 不符；请先校准",
            )
        )
    return m, y, labels
