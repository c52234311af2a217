"""Files of offices and survey teams as sheets of cells, refused when damaged or not what they seem."""

from __future__ import annotations

from pathlib import Path

from analysis.intake.files import columnar, delimited, encodings, safety, statistical, workbook
from analysis.intake.files.grid import Grid
from analysis.intake.ledger import Ledger

__all__ = ["Grid", "open_grids"]

_READERS = {
    "xlsx": workbook.read_xlsx,
    "xls": workbook.read_xls,
    "text": delimited.read,
    "dta": statistical.read_dta,
    "sav": statistical.read_sav,
    "parquet": columnar.read,
}


def open_grids(path: Path, ledger: Ledger, *, encoding: str = "") -> list[Grid]:
    """The sheets of a file, cells exactly as they stand in it.

    Parameters
    ----------
    path : .xlsx, .xls, .csv, .tsv, .txt, .dta, .sav or .parquet.
    encoding : of a text, Stata or SPSS file where a person declares it; found by itself otherwise.

    Returns
    -------
    One grid per worksheet (empty and hidden ones too), one for every other file. Cells that are known to be wrong
    (formulas without values, numbers of more than 15 digits) are problems in the ledger, with their places.

    Raises
    ------
    IntakeError : the file is not what its name says, protected, damaged, cut off, too large, or its text cannot be
        read with certainty.
    """
    grids = _READERS[safety.kind_of(path)](path, ledger, encoding)
    for grid in grids:
        how = encodings.garbled(encodings.texts_of(grid.cells))
        if how is not None:
            raise encodings.garbled_error(grid.file, grid.sheet, how)
    return grids
