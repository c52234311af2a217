"""What a rule that assigns models to villages would have brought where it was not fitted: townships left out in turn.

Value V(pi) = mean of Gamma_{i, pi(X_i)} (Athey, Wager 2021, Econometrica 89) with doubly robust scores

    Gamma_im = mu_m(X_i) + 1{M_i = m} (d_i - mu_m(X_i)) / e_m(X_i),   mu_m = a_m + x'g fitted without i's township

Rules are fitted on the other townships and assign the villages of the one left out, so that a rule is not praised for
noise that it was fitted to. Errors are clustered by township; with a dozen they are rough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.comparison.overlap import Scores
from analysis.messages import Message

Rule = Callable[
    [np.ndarray], np.ndarray
]  # (n,) whether a village may be learnt from -> (n,) positions of models


@dataclass(frozen=True, slots=True)
class Value:
    """Mean gain under a rule, outcome unit, and by how much it beats the first rule.

    std_error, difference_error : clustered by township; n_townships : number of them
    """

    rule: str
    value: float
    std_error: float
    difference: float
    difference_error: float
    n_townships: int


def scores(
    gain: np.ndarray, model: np.ndarray, moderators: np.ndarray, probability: Scores, township: np.ndarray
) -> np.ndarray:
    """(n, J) doubly robust scores whose outcome model is fitted without the village's township.

    Raises
    ------
    ComparisonError : a model that lies in one township only; names it.
    """
    labels, places = np.asarray(model).astype(str), np.asarray(township)
    code = np.array([probability.position(name) for name in labels])
    found = np.empty(probability.probability.shape)
    for place in np.unique(places):
        out = places == place
        missing = set(probability.models) - set(labels[~out])
        if missing:
            told = ", ".join(sorted(missing))
            raise ComparisonError(
                Message(
                    f"all villages of {told} lie in township {place}; what the model brings cannot be told without it, "
                    "leave the model out",
                    f"{told} 的村庄全部位于 {place}；剔除该乡镇后无从得知其效果，请剔除该模式",
                )
            )
        member = np.eye(len(probability.models))[code]
        design = np.column_stack([member, moderators])
        coefficients = np.linalg.lstsq(design[~out], gain[~out], rcond=None)[0]
        n_models = member.shape[1]
        found[out] = coefficients[:n_models] + (moderators[out] @ coefficients[n_models:])[:, None]
    rows = np.arange(len(code))
    found[rows, code] += (gain - found[rows, code]) / probability.probability[rows, code]
    return found


def leave_one_out(gamma: np.ndarray, township: np.ndarray, rules: Mapping[str, Rule]) -> tuple[Value, ...]:
    """Value of every rule on townships it was not fitted on; differences are against the first rule.

    Parameters
    ----------
    gamma : (n, J) scores; rules : name -> function that learns from the villages it is given and assigns all.

    Raises
    ------
    ComparisonError : fewer than two townships, or no rule.
    """
    places, code = np.unique(np.asarray(township), return_inverse=True)
    if len(places) < 2 or not rules:
        raise ComparisonError(
            Message(
                f"{len(places)} township and {len(rules)} rules: two townships and a rule are needed at least",
                f"现有 {len(places)} 个乡镇、{len(rules)} 条规则；至少需要两个乡镇和一条规则",
            )
        )
    n = len(code)
    reached = {name: np.empty(n) for name in rules}
    for place in range(len(places)):
        out = np.flatnonzero(code == place)
        for name, rule in rules.items():
            reached[name][out] = gamma[out, np.asarray(rule(code != place))[out]]
    first = reached[next(iter(rules))]
    return tuple(
        Value(
            name, float(value.mean()), _error(value, code), float((value - first).mean()), _error(value - first, code),
            len(places),
        )
        for name, value in reached.items()
    )  # fmt: skip


def one_for_all(gamma: np.ndarray) -> Rule:
    """The rule that gives all villages the model with the largest mean score among those learnt from."""
    return lambda learnt: np.full(len(gamma), int(gamma[learnt].mean(axis=0).argmax()))


def _error(value: np.ndarray, code: np.ndarray) -> float:
    summed = np.bincount(code, weights=value - value.mean())
    places = len(summed)
    return float(np.sqrt(places / (places - 1) * (summed @ summed)) / len(value))
