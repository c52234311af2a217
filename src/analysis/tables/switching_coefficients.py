"""Endogenous switching regression: who joins, and what incomes depend on, on both sides."""

from __future__ import annotations

from analysis.members.records import Switching
from analysis.tables._rendered import RenderedTable
from analysis.words import NOTHING, Words

CAPTION = {
    "zh": "内生转换回归：入社方程与两个收入方程",
    "en": "Endogenous switching regression: joining, and income on both sides",
}
EQUATIONS = ("select", "outside", "member")


def make(switching: Switching, words: Words) -> RenderedTable:
    """One printed row per variable, then sigma and rho; a column per equation, errors by village in brackets."""
    if switching.fit is None:
        return RenderedTable(("",) * 4, ())
    rows = switching.coefficients
    unit = switching.averages["unit"].iloc[0]
    cells = {(row.equation, row.variable): row for row in rows.itertuples()}
    names = list(dict.fromkeys(rows["variable"]))
    names.sort(key=lambda name: (name in {"sigma", "rho"}, name == "rho", name == "constant"))
    printed = []
    for name in names:
        cell = []
        for equation in EQUATIONS:
            row = cells.get((equation, name))
            plain = equation == "select" or name == "rho"
            cell.append(NOTHING if row is None else _cell(row, "probability" if plain else unit, words))
        printed.append((_name(name, words), *cell))
    heads = (words("heads.variable"), *(words(f"members.equations.{equation}") for equation in EQUATIONS))
    fit = switching.fit
    note = words(
        "members.notes.switching_coefficients", unit=words.unit(unit), members=words.units(fit.n_members),
        others=words.units(fit.n_outside), clusters=words.units(fit.n_clusters),
    )  # fmt: skip
    return RenderedTable(heads, tuple(printed), note)


def _cell(row: object, unit: str, words: Words) -> str:
    return f"{words.number(row.estimate, unit, signed=row.variable != 'sigma')} ({words.number(row.std_error, unit)})"


def _name(name: str, words: Words) -> str:
    return (
        words(f"members.parameters.{name}") if name in {"constant", "sigma", "rho"} else words.variable(name)
    )
