"""Ten estimates with their full covariance: the worked examples "chain" of the comparison references, and how
errors are read.

Made from a simulated panel of ten models with 60 to 5 cooperatives; log points. Rank sets were checked by R csranks, the
conditional interval by a second program; the rest has one source.
"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.comparison.errors import ComparisonError
from analysis.messages import in_language

ALIKE = np.array([0.2346, 0.1785, 0.1874, 0.2545, 0.3316, 0.2385, 0.236, 0.4214, 0.1282, 0.2849])
SPREAD = np.array(
    [0.2047, 0.0364, 0.0631, 0.2644, 0.4957, 0.2164, 0.2089, 0.7651, -0.1145, 0.3556]
)  # the same differences, three times as large
_UPPER = """
0.0016007 0.0002891 0.0002961 0.00027 0.00027 0.0003281 0.000284 0.000301 0.0003405 0.0003198
0.0020876 0.0004165 0.0003527 0.0002163 0.0003601 0.000416 0.0004 0.0003141 0.0007594
0.0034936 0.0004159 0.0001485 0.0007337 0.0005318 0.0004907 0.0001928 0.0013257
0.0035941 0.0002048 0.0003092 0.0005434 0.000458 0.0002954 0.0010892
0.0043007 0.000279 0.0001355 0.0002367 0.0003976 3.59e-05
0.0064079 0.0003258 0.0003952 0.0002909 0.000667
0.0086299 0.0005651 0.0002362 0.0015361
0.0103553 0.0003065 0.0010441
0.0117326 0.0001409
0.0187413
"""
COVARIANCE = np.zeros((10, 10))
COVARIANCE[np.triu_indices(10)] = np.array(_UPPER.split(), dtype=float)
COVARIANCE += np.triu(COVARIANCE, 1).T


def refused(call, *, en: str, zh: str) -> None:
    """`call` raises ComparisonError whose two texts hold `en` and `zh`."""
    with pytest.raises(ComparisonError) as caught:
        call()
    assert en in in_language(caught.value, "en")
    assert zh in in_language(caught.value, "zh")
