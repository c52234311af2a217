"""Amounts in 万元 among amounts in yuan: cells, rows, sheets or villages that differ by a factor near 10,000.

Let d be log10 of an amount's size, less the median of the unit's other years, both freed of the county's change in
that year. A slip stands at d = -4 (or +4). An amount can stand there by itself, when an income happens to lie near
zero: its density is then level around zero, so that a decade of sizes holds ten times as many cells as the decade
below. The cells between the slips and the rest (the valley) therefore tell how many of the cells at -4 are no slips;
slips are a problem where the valley is as good as empty, or where most columns of a row jump together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.intake.detectors._groups import DECADES, WIDE, Grouping, set_right
from analysis.intake.detectors._histories import Histories, histories, median, median_of_others, row_median
from analysis.intake.detectors._suspicion import Severity, Suspicion
from analysis.messages import Message

NAME = "unit_jump"
NARROW = 0.6  # decades around the slip for a calm unit; WIDE at most
FEW = 3  # slips from which chance is judged by their number
CALM = 6.0  # a slip lies at least so many of its unit's own spreads away
VALLEY = (1.5, 2.8)  # decades: neither ordinary variation nor a slip
FAR = 3.0  # standard deviations of yearly change between a unit's level and zero, from which zero is out of reach
FLOOR = 0.02  # decades: least spread of a unit's amounts
WHOLE = 0.05  # share of cells with a fraction up to which a column is one of whole yuan
SIZEABLE = 3.0  # log10 yuan: amounts of less say nothing about a unit of money
JOINT = 2 / 3  # share of a row's sizeable columns that jump together when the whole row is in another unit
FEWEST = 10  # units from which a period's typical change is told from the units' own
SMALL = {1.0: 10, 2.0: 100, 3.0: 1000}  # decades: factors that are remarked upon where they stand alone


def find(
    frame: pd.DataFrame,
    *,
    unit: str,
    time: str,
    columns: Sequence[str],
    groups: Sequence[Sequence[str]] = (),
    size: str | None = None,
) -> list[Suspicion]:
    """Cells, rows and groups of rows whose amounts seem to be in another unit of money than the rest.

    Parameters
    ----------
    frame : one row per unit and period, amounts in yuan.
    columns : columns of money.
    groups : sets of columns that tell sources apart, coarse before fine: ("file",), ("township", "year").
    size : column of households; whole units are then compared by amounts per household.

    Returns
    -------
    Suspicions, score = decades of the jump. Groups, whole rows and clear single years are problems; what may be
    ordinary (units wrong in all years, amounts near zero, factors of 10, 100, 1000) are remarks.
    """
    of = histories(frame, unit, time)
    if not of.place.size:
        return []
    found: list[Suspicion] = []
    logs: dict[str, np.ndarray] = {}
    groupings = [Grouping.of(frame, of, list(names)) for names in groups]
    for name in columns:
        logs[name] = _log(of.values(frame[name]))
        for grouping in groupings:
            found += set_right(logs[name], of, grouping, name)
    compared = {name: _Compared.of(log, of, frame[name]) for name, log in logs.items()}
    rows = _whole_rows(compared, of)
    if rows.any():
        found.append(_rows_suspicion(of.rows(rows)))
    households = _log(of.values(frame[size])) if size else None
    for name, column in compared.items():
        found += _cells(column, rows, of, name)
        found += _units(logs[name], households, of, name)
    return found


def _log(values: np.ndarray) -> np.ndarray:
    """log10 of the size; NaN for zero, which is the same in every unit of money."""
    with np.errstate(divide="ignore"):
        log = np.log10(np.abs(values))
    return np.where(np.isfinite(log), log, np.nan)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A column's cells against their unit's other years, (n, k) each, decades.

    jump : from the unit's other years; centre : where those lie; spread : the unit's ordinary variation
    value : log10 of the amount; near_zero : zero is within reach of the unit's amounts
    whole : the column holds whole yuan but for few cells; odd_fraction : these
    """

    jump: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    value: np.ndarray
    near_zero: np.ndarray
    odd_fraction: np.ndarray
    whole: bool

    @classmethod
    def of(cls, log: np.ndarray, of: Histories, column: pd.Series) -> _Compared:
        typical = _typical_change(log, of)
        level = log - typical
        centre = median_of_others(level)
        enough = np.isfinite(log).sum(axis=1, keepdims=True) >= 3  # of two years nobody knows which is wrong
        spread = 1.4826 * row_median(np.abs(level - row_median(level)))
        pooled = median(spread)
        spread = np.fmax(spread, max(0.5 * pooled if np.isfinite(pooled) else 0.0, FLOOR))
        values = of.values(column)
        change = 1.4826 / np.sqrt(2) * row_median(np.abs(np.diff(values, axis=1)))
        fraction = np.isfinite(values) & (values != np.rint(values))
        whole = bool(fraction.sum() <= WHOLE * np.isfinite(values).sum())
        return cls(
            jump=np.where(enough, level - centre, np.nan),
            centre=centre + typical,
            spread=np.broadcast_to(spread, log.shape),
            value=log,
            near_zero=np.broadcast_to(np.abs(row_median(values)) < FAR * change, log.shape),
            odd_fraction=fraction & whole,
            whole=whole,
        )

    @property
    def tolerance(self) -> np.ndarray:
        """Decades by which a slip may miss a factor of 10,000."""
        return np.clip(3 * self.spread, NARROW, WIDE)

    def slips(self, sign: int) -> np.ndarray:
        """Cells a factor near 10,000 below (-1) or above (+1) the unit's other years."""
        return (np.abs(self.jump - sign * DECADES) <= self.tolerance) & (
            np.abs(self.jump) >= CALM * self.spread
        )

    def fractions(self) -> np.ndarray:
        """Cells far below the unit's other years with a fraction in a column of whole yuan, such as 3.27 for 万元.

        The fraction tells more than the size, so that the amount meant may be unusual: a grant of 500,000.
        """
        known = self.value[np.isfinite(self.value)]
        meant = self.value + DECADES <= (known.max() if len(known) else -np.inf)
        low = (self.jump <= -DECADES / 2) & (self.jump >= -1.5 * DECADES)
        return self.odd_fraction & low & meant & (np.abs(self.jump) >= CALM / 2 * self.spread)


def _typical_change(log: np.ndarray, of: Histories) -> np.ndarray:
    """(n, k) the median unit's deviation in the cell's period; zero where few units are known."""
    apart = log - row_median(log)
    by_period = np.zeros(len(of.periods) + 1)  # the last is for cells past a unit's end
    for code in range(len(of.periods)):
        cells = apart[of.period == code]
        if np.isfinite(cells).sum() >= FEWEST:
            by_period[code] = median(cells)
    return by_period[of.period]


def _whole_rows(compared: dict[str, _Compared], of: Histories) -> np.ndarray:
    """(n, k) rows of which at least three columns, and most of the sizeable ones, are a factor near 10,000 too low.

    Rows too high count only where they leave the county's range; otherwise the unit's other years are the low ones.
    """
    jumped = {-1: np.zeros(of.place.shape, dtype=int), 1: np.zeros(of.place.shape, dtype=int)}
    sizeable = np.zeros(of.place.shape, dtype=int)
    for column in compared.values():
        usable = np.isfinite(column.jump) & (np.fmax(column.centre, column.value) >= SIZEABLE)
        sizeable += usable
        near = np.abs(np.abs(column.jump) - DECADES) <= WIDE
        apart = usable & near & (np.abs(column.jump) >= CALM / 2 * column.spread)
        jumped[-1] += apart & (column.jump < 0)
        jumped[1] += apart & (column.jump > 0) & _beyond(column.value)
    return np.any([(count >= 3) & (count >= JOINT * sizeable) for count in jumped.values()], axis=0)


def _beyond(log: np.ndarray) -> np.ndarray:
    """Cells ten times larger than all but one in a hundred of the column."""
    known = log[np.isfinite(log)]
    return log > (np.quantile(known, 0.99) + 1 if len(known) else np.inf)


def _cells(column: _Compared, rows: np.ndarray, of: Histories, name: str) -> list[Suspicion]:
    """Single cells: slips, what may be slips, and smaller factors standing alone."""
    found = []
    size = np.abs(column.jump)
    settled = rows.copy()
    for sign in (-1, 1):
        clear = column.fractions() & ~rows if sign < 0 else np.zeros(rows.shape, dtype=bool)
        slip = column.slips(sign) & ~rows & ~clear
        for stratum, fewest in ((column.near_zero, FEW if column.whole else 1), (~column.near_zero, 1)):
            at = slip & stratum
            valley = (
                stratum & ~rows & (column.jump * sign > 0) & (size >= VALLEY[0]) & (size < VALLEY[1]) & ~at
            )
            if (
                at.any()
                and slip.sum() >= fewest
                and _outnumber(int(at.sum()), int(valley.sum()), column.tolerance[at])
            ):
                clear |= at
        if sign > 0:
            # an ordinary amount among tiny ones: the others may be the slips, or it is the first ordinary year
            clear &= _beyond(column.value)
        settled |= clear | slip
        for chosen, severity in ((clear, "problem"), (slip & ~clear, "remark")):
            if chosen.any():
                found.append(_cell_suspicion(of.rows(chosen), name, sign, median(size[chosen]), severity))
    return found + _small_factors(column, settled, of, name)


def _outnumber(slips: int, valley: int, tolerance: np.ndarray) -> bool:
    """Whether at most one in twenty of the cells at a slip's place lies there by chance, judged by the valley.

    Near zero the number of cells is proportional to the range of sizes. A few cells say little about that number:
    one or two slips must stand beside a valley that is all but empty.
    """
    by_chance = valley * np.mean(10.0 ** (tolerance - DECADES)) / (10 ** -VALLEY[0] - 10 ** -VALLEY[1])
    return slips > 2 * valley or (slips >= FEW and by_chance <= slips / 20)


def _small_factors(column: _Compared, settled: np.ndarray, of: Histories, name: str) -> list[Suspicion]:
    """Factors of 10, 100 and 1000 in a calm unit whose years before and after are ordinary."""
    calm = np.abs(column.jump) <= 0.15
    edge = np.ones((len(calm), 1), dtype=bool)
    known = np.isfinite(column.jump)
    before = np.hstack([edge, calm[:, :-1] | ~known[:, :-1]])
    after = np.hstack([calm[:, 1:] | ~known[:, 1:], edge])
    alone = before & after & ~settled & (np.abs(column.jump) >= 8 * column.spread)
    found = []
    for decades, factor in SMALL.items():
        chosen = alone & (np.abs(np.abs(column.jump) - decades) <= 0.1)
        if chosen.any():
            found.append(_small_suspicion(of.rows(chosen), name, factor, decades))
    return found


def _units(log: np.ndarray, households: np.ndarray | None, of: Histories, name: str) -> list[Suspicion]:
    """Units whose every year stands a factor near 10,000 from the other units."""
    level = log if households is None else log - households
    known = np.isfinite(level).sum(axis=1)
    centre = row_median(level)[:, 0]
    if np.isfinite(centre).sum() < FEWEST:
        return []
    apart = centre - median(centre)
    spread = 1.4826 * median(np.abs(apart))
    outer = (np.abs(np.abs(apart) - DECADES) <= WIDE) & (np.abs(apart) >= CALM * spread) & (known > 0)
    whole = np.abs(np.where(np.isfinite(log), log - row_median(log), 0)).max(axis=1) <= DECADES / 2
    chosen = outer & whole
    if not chosen.any():
        return []
    cells = chosen[:, None] & np.isfinite(log)
    count = int(chosen.sum())
    return [
        Suspicion(
            NAME, name, of.rows(cells), float(median(np.abs(apart[chosen]))),
            Message(
                f"{count} unit(s) lie a factor near 10,000 from the other units in all their years; in 万元 or in yuan?",
                f"{count} 个单位各年数值均与其他单位相差约一万倍，是否误用万元（或元）",
            ),
            "remark",
        )
    ]  # fmt: skip


def _rows_suspicion(rows: np.ndarray) -> Suspicion:
    return Suspicion(
        NAME, "", rows, DECADES,
        Message(
            f"in {len(rows)} row(s) most amounts differ from the unit's other years by a factor near 10,000: "
            "the row is in another unit of money",
            f"有 {len(rows)} 行的多数金额与本单位其他年份相差约一万倍，整行金额单位不同",
        ),
        "problem",
    )  # fmt: skip


def _cell_suspicion(rows: np.ndarray, name: str, sign: int, decades: float, severity: Severity) -> Suspicion:
    en, zh = ("smaller", "小") if sign < 0 else ("larger", "大")
    doubt = (
        ""
        if severity == "problem"
        else "; amounts near zero or from nothing occur here, so that it may be right"
    )
    doubt_zh = "" if severity == "problem" else "；此列有接近零或从无到有的数值，也可能无误"
    return Suspicion(
        NAME, name, rows, float(decades),
        Message(
            f"{len(rows)} amount(s) about 10,000 times {en} than the same unit's other years: 万元 and yuan mixed{doubt}",
            f"{len(rows)} 个金额比本单位其他年份{zh}约一万倍，疑似万元与元混用{doubt_zh}",
        ),
        severity,
    )  # fmt: skip


def _small_suspicion(rows: np.ndarray, name: str, factor: int, decades: float) -> Suspicion:
    return Suspicion(
        NAME, name, rows, decades,
        Message(
            f"{len(rows)} amount(s) in one year only about {factor} times the unit's other years, or one {factor}th of them",
            f"{len(rows)} 个金额仅一年约为本单位其他年份的 {factor} 倍或 {factor} 分之一",
        ),
        "remark",
    )  # fmt: skip
