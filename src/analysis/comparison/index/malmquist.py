"""Malmquist index (Malmquist 指数): change of productivity between two years = efficiency change x technical change.

Faere, Grosskopf, Norris, Zhang (1994), American Economic Review 84. Distances are input efficiencies under constant returns,
so that an index above 1 is a rise of productivity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison.errors import ComparisonError
from analysis.comparison.index._envelope import measures, radial
from analysis.messages import Message


@dataclass(frozen=True, slots=True)
class ProductivityChange:
    """Change of n units from one year to the next; above 1 is a rise.

    index : (n,) = efficiency_change x technical_change
    efficiency_change : (n,) nearer to the frontier of the year = pure_change x scale_change
    technical_change : (n,) shift of the frontier where the unit works
    pure_change, scale_change : (n,) change of the score under variable returns, and of scale efficiency
    """

    index: np.ndarray
    efficiency_change: np.ndarray
    technical_change: np.ndarray
    pure_change: np.ndarray
    scale_change: np.ndarray


def malmquist(
    inputs_before: np.ndarray, outputs_before: np.ndarray, inputs_after: np.ndarray, outputs_after: np.ndarray
) -> ProductivityChange:
    """Productivity change of each unit between two years, split into its parts.

    M = [ d_0(1)/d_0(0) . d_1(1)/d_1(0) ]^(1/2),  d_t(u): efficiency of the unit of year u against the frontier of t
    efficiency change d_1(1)/d_0(0);  technical change [ d_0(1)/d_1(1) . d_0(0)/d_1(0) ]^(1/2)

    Parameters
    ----------
    inputs (n, m) and outputs (n, s) of both years, the same units in the same order.

    Raises
    ------
    ComparisonError : years with other units or measures, missing or negative cells, an output no unit of the other year
    makes.
    """
    x0, y0 = measures(inputs_before, outputs_before)
    x1, y1 = measures(inputs_after, outputs_after)
    if x0.shape != x1.shape or y0.shape != y1.shape:
        raise ComparisonError(
            Message(
                f"both years need the same units and measures, not inputs {x0.shape} and {x1.shape}, "
                f"outputs {y0.shape} and {y1.shape}; keep the units seen in both",
                f"两年的单位与指标须相同：投入 {x0.shape} 与 {x1.shape}，产出 {y0.shape} 与 {y1.shape}；请只保留两年都有的单位",
            )
        )
    own_0, own_1 = radial(x0, y0, x0, y0, "constant"), radial(x1, y1, x1, y1, "constant")
    late_in_0, early_in_1 = radial(x1, y1, x0, y0, "constant"), radial(x0, y0, x1, y1, "constant")
    pure_0, pure_1 = radial(x0, y0, x0, y0, "variable"), radial(x1, y1, x1, y1, "variable")
    change = own_1 / own_0
    technical = np.sqrt(late_in_0 / own_1 * own_0 / early_in_1)
    index = np.sqrt(late_in_0 / own_0 * own_1 / early_in_1)
    pure = pure_1 / pure_0
    return ProductivityChange(index, change, technical, pure, change / pure)
