"""Small files as offices write them, and the map that reads them, to be spoilt by tests."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook

TOWNSHIP, TOWNSHIP_CODE = "青禾镇", "000000101"
VILLAGES = ("上禾", "下禾", "石磨", "柳湾", "北楼", "西北楼")
LEVELS = (31_200, 45_600, 52_300, 61_800, 28_400, 73_900)  # yuan, operating income of 2019
YEARS = (2019, 2020, 2021, 2022)

HEAD = """
[import]
vintage = 2021

[[source]]
file = "村名单.csv"
table = "village_xwalk"
[source.columns]
vintage = "年份"
township_code = "乡镇代码"
township = "乡镇"
code = "代码"
name = "名称"
"""

LEDGER = """
[[source]]
file = "台账*"
sheet = "*"
table = "village_year"
year = "sheet"
{source}
[source.columns]
township = "乡镇"
village = "村"
ci_operating_income = "经营收入"
ci_contract_income = "发包收入"
{columns}
"""


def write_villages(folder: Path) -> Path:
    """The code list of 2021, UTF-8."""
    lines = ["年份,乡镇代码,乡镇,代码,名称"]
    lines += [
        f"2021,{TOWNSHIP_CODE},{TOWNSHIP},{TOWNSHIP_CODE}{200 + at:03d},{name}村村民委员会"
        for at, name in enumerate(VILLAGES)
    ]
    path = folder / "村名单.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_map(
    folder: Path, *, source: str = "", columns: str = "", more: str = "", ledger: bool = True
) -> Path:
    """MAP.toml for the list of villages and, if wanted, the ledger; `more` goes to its end."""
    text = HEAD + (LEDGER.format(source=source, columns=columns) if ledger else "") + more
    path = folder / "MAP.toml"
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(year: int, *, unit: float = 1.0) -> list[list[object]]:
    """Data rows of a year: township, village, operating income, contract income, in `unit` yuan."""
    grown = 1 + 0.04 * (year - YEARS[0])
    return [
        [TOWNSHIP, f"{name}村", round(level * grown, 2) / unit, round(level * grown / 4, 2) / unit]
        for name, level in zip(VILLAGES, LEVELS, strict=True)
    ]


def ledger(
    title: str = "村集体收入台账",
    unit: str = "单位：元",
    headings: tuple[str, ...] = ("乡镇", "村", "经营收入", "发包收入"),
) -> Workbook:
    """A workbook with one sheet per year: title, unit line, heading, six villages."""
    book = Workbook()
    book.remove(book.active)
    for year in YEARS:
        sheet = book.create_sheet(str(year))
        sheet.append([title])
        sheet.append([unit])
        sheet.append(list(headings))
        for row in rows_of(year, unit=10_000 if "万元" in unit else 1):
            sheet.append(row)
    return book


def save(book: Workbook, folder: Path, name: str = "台账.xlsx") -> Path:
    """The workbook in a folder."""
    path = folder / name
    book.save(path)
    return path
