"""What a detector found: cells that may be wrong though each could be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.messages import Message

Severity = Literal["problem", "remark"]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Cells of one column that share one reason for doubt. Nothing is changed because of it.

    detector : module name in this folder
    column : "" where whole rows are meant
    rows : (m,) positions (from 0) in the frame, increasing; empty where the column as a whole is meant
    score : larger = stronger; its meaning is the detector's
    what : sentence in both languages, without any value of a row
    severity : "problem" stops an import until a person decides, "remark" is shown
    """

    detector: str
    column: str
    rows: np.ndarray
    score: float
    what: Message
    severity: Severity
