"""The records that MAP.toml is read into."""

from __future__ import annotations

import codecs
import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from analysis.intake.headings import plain
from analysis.intake.ledger import Place

# Names that find a row's key and are no columns of the data model, with what each is.
SPECIAL: dict[str, tuple[str, str]] = {
    "village": ("村名", "name of the village"),
    "township": ("乡镇名", "name of the township"),
    "village_code": ("行政区划代码（12 位）", "statistical code of the village, 12 digits"),
    "household_no": ("户号", "number of the household in the village or in the register"),
    "register_village": ("发放户号的原村", "village that issued the household number"),
    "coop_name": ("合作社名称", "name of the cooperative"),
    "credit_code": ("统一社会信用代码", "credit code of the cooperative"),
    "member_no": ("成员编号", "number of the member in the cooperative"),
    "year": ("年份", "year"),
    "month": ("月份", "month"),
    "date": ("日期", "date"),
}

CELL = re.compile(r"(?P<column>[A-Z]{1,3})(?P<row>[1-9]\d{0,6})")
# (a+)+ and the like take time exponential in the text's length; names of files and sheets are short, but not that short
_NESTED_REPEAT = re.compile(r"\([^()]*[+*}][^()]*\)[+*{]")
LONGEST_PATTERN = 200


def refused(en: str, zh: str) -> PydanticCustomError:
    """A mistake in both languages, for validators."""
    return PydanticCustomError("map", "{en}", {"en": en, "zh": zh})


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


def _as_text(value: object) -> object:
    """Numbers and dates that stand where a text is meant: missing = [-8], value = 2021-06-30."""
    if isinstance(value, bool) or not isinstance(value, int | float | dt.date):
        return value
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _as_texts(value: object) -> object:
    if isinstance(value, str | int | float):
        return (_as_text(value),)
    return tuple(_as_text(inner) for inner in value) if isinstance(value, list | tuple) else value


def _as_codes(value: object) -> object:
    return {key: _as_text(inner) for key, inner in value.items()} if isinstance(value, Mapping) else value


def _headings(value: object) -> object:
    texts = _as_texts(value)
    if isinstance(texts, tuple) and all(isinstance(text, str) for text in texts):
        if not texts or not all(plain(text) for text in texts):
            raise refused("the heading is empty", "表头为空")
        return tuple(dict.fromkeys(plain(text) for text in texts))
    return texts


def _plains(value: object) -> object:
    texts = _as_texts(value)
    return tuple(plain(text) for text in texts) if isinstance(texts, tuple) and all(
        isinstance(text, str) for text in texts) else texts  # fmt: skip


def _patterns(value: object) -> object:
    texts = _as_texts(value)
    if isinstance(texts, tuple) and not all(texts):
        raise refused("the name pattern is empty", "名称样式为空")
    return texts


def _place(value: object) -> object:
    if value in {"sheet", "title", "file", "column", ""} and isinstance(value, str):
        return value
    raise refused(
        f"{value!r} is not allowed; choose sheet, title, file, column",
        f"{value!r} 不可用；可选 sheet、title、file、column",
    )


def _year(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return _in_range(value)
    if value in {"sheet", "title", "file", "column", ""} and isinstance(value, str):
        return value
    raise refused(
        f"{value!r} is not allowed; choose sheet, title, file, column or a year such as 2022",
        f"{value!r} 不可用；可选 sheet、title、file、column，或写年份如 2022",
    )


def _vintage(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return _in_range(value)
    if value == "year":
        return value
    raise refused(
        f'{value!r} is not allowed; write "year" (names are those of the row\'s year) or a year such as 2021',
        f"{value!r} 不可用；可写 \"year\"（按该行年份的名单）或年份如 2021",
    )  # fmt: skip


def _in_range(year: int) -> int:
    if not 1949 <= year <= 2100:
        raise refused(f"{year} is not a year from 1949 to 2100", f"{year} 不是 1949–2100 之间的年份")
    return year


def _header(value: object) -> object:
    if value == "auto":
        return value
    rows = tuple(value) if isinstance(value, list | tuple) else ()
    if len(rows) == 2 and all(type(row) is int for row in rows) and 1 <= rows[0] <= rows[1]:
        return rows
    raise refused(
        f'{value!r} is not allowed; write "auto" or [first, last], spreadsheet rows from 1',
        f'{value!r} 不可用；可写 "auto" 或 [首行, 末行]（行号从 1 起）',
    )


def _encoding(value: object) -> object:
    if isinstance(value, str) and value:
        try:
            codecs.lookup(value)
        except LookupError as error:
            raise refused(
                f"{value!r} is no encoding; write for instance utf-8, gb18030, utf-16, big5",
                f"{value!r} 不是编码；可写 utf-8、gb18030、utf-16、big5 等",
            ) from error
    return value


def _cell(value: object) -> object:
    if isinstance(value, str) and "!" in value:
        file, *_, cell = value.split("!")
        if file and CELL.fullmatch(cell):
            return value
    raise refused(
        f"{value!r} is no cell; write file!sheet!B7 (file!B7 for a file without sheets)",
        f"{value!r} 不是单元格位置；请写 文件!工作表!B7（无工作表的文件写 文件!B7）",
    )


TextLike = Annotated[str, BeforeValidator(_as_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_texts)]
Headings = Annotated[tuple[str, ...], BeforeValidator(_headings)]
Patterns = Annotated[tuple[str, ...], BeforeValidator(_patterns)]
Year = Annotated[int, BeforeValidator(lambda value: _in_range(value) if type(value) is int else value)]


class ImportSection(_Record):
    """How places are named in all sources.

    vintage : year of the code list that village ids are by; None = the latest among the lists given
    crosswalk_from : village_xwalk.csv of an earlier study whose ids are kept; relative to the map
    zones : functional zone -> township it belongs to; aliases : variant spelling -> name as in the code list
    """

    vintage: Year | None = None
    crosswalk_from: str = ""
    zones: dict[str, str] = {}
    aliases: dict[str, str] = {}


class Decision(_Record):
    """What a person decided about one cell, and why."""

    cell: Annotated[str, BeforeValidator(_cell)]
    value: TextLike
    reason: str = Field(min_length=1)

    @property
    def place(self) -> Place:
        """The cell as the ledger names it."""
        file, *sheet, cell = self.cell.split("!")
        hit = CELL.fullmatch(cell)
        column = 0
        for letter in hit["column"]:
            column = 26 * column + ord(letter) - ord("A") + 1
        return Place(file, "!".join(sheet), int(hit["row"]) - 1, column - 1)


class ColumnMap(_Record):
    """Where a column of the data model stands in a file, and how its cells are to be read.

    headings : flattened headings, any of which may stand in a sheet (`heading` in the map; one text or a list)
    constant : the value of every row (`value`); None where it stands in cells
    taken_from, pattern : the value stands in the name of file or sheet or in the title (`from`), as the one group
        of the regular expression
    unit, unit_column : unit of the cells, or the heading under which each row's unit stands
    codes : answer codes -> codes of the data model; missing : codes that stand for no answer
    none : what 无, — and / mean; day : day of dates that give none; width : digits of codes that lost zeros
    fill : blanks repeat the value above; optional : not in every sheet; pseudonym : keep a keyed hash only
    rollup : how rows of one key (members of one household) are put together
    """

    headings: Headings = Field(default=(), alias="heading")
    constant: Annotated[str | None, BeforeValidator(_as_text)] = Field(default=None, alias="value")
    taken_from: Literal["", "file", "sheet", "title"] = Field(default="", alias="from")
    pattern: str = ""
    unit: str = ""
    unit_column: Annotated[
        str, BeforeValidator(lambda value: plain(value) if isinstance(value, str) else value)
    ] = ""
    codes: Annotated[dict[str, str], BeforeValidator(_as_codes)] = {}
    missing: Texts = ()
    none: Literal["missing", "zero"] = "missing"
    width: int = Field(default=0, ge=0, le=30)
    day: Literal["", "first"] = ""
    fill: bool = False
    optional: bool = False
    pseudonym: bool = False
    rollup: Literal["", "first", "sum", "max", "min"] = ""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"heading": value} if isinstance(value, str | list | tuple) else value

    @model_validator(mode="after")
    def _stands_somewhere(self) -> ColumnMap:
        given = [bool(self.headings), self.constant is not None, bool(self.taken_from)]
        if sum(given) != 1:
            raise refused("give one of heading, value, from", "heading、value、from 须且只能写一个")
        if self.taken_from:
            _check_pattern(self.pattern)
        elif self.pattern:
            raise refused("'pattern' goes with 'from'", "pattern 须与 from 同用")
        if self.unit and self.unit_column:
            raise refused("give unit or unit_column, not both", "unit 与 unit_column 只能写一个")
        return self


def _check_pattern(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN or _NESTED_REPEAT.search(pattern):
        raise refused(
            "the pattern is too long or repeats a repetition; write a simpler one",
            "正则过长或有嵌套重复，请简化",
        )
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise refused(f"the pattern is no regular expression ({error})", "pattern 不是正则表达式") from error
    if groups != 1:
        raise refused(
            f"the pattern needs one group (…) around the value, it has {groups}",
            f"pattern 须有且只有一个括号组，现有 {groups} 个",
        )


class Source(_Record):
    """Sheets of one form and what they give to one table of the data model.

    file, sheet : name patterns (`*`, `?`), any of which may match; a name that matches exactly counts too
    year, township : where these stand; "" = in a column if mapped, else nowhere
    vintage : the code list whose names are used; "year" = that of the row's year
    register_vintage : the code list of the villages that issued household numbers
    layout : "rows" = headings above columns; "items" = items down the side (see `headings.items`)
    encoding : of text files; "" = found out
    ignore : flattened headings that are seen and left
    """

    file: Patterns
    sheet: Patterns = ("*",)
    table: str
    layout: Literal["rows", "items"] = "rows"
    hidden: Literal["read", "skip"] = "read"
    year: Annotated[str | int, BeforeValidator(_year)] = ""
    township: Annotated[str, BeforeValidator(_place)] = ""
    vintage: Annotated[str | int, BeforeValidator(_vintage)] = "year"
    register_vintage: Year | None = None
    unit: str = ""
    encoding: Annotated[str, BeforeValidator(_encoding)] = ""
    header: Annotated[str | tuple[int, int], BeforeValidator(_header)] = "auto"
    intervals: Literal["", "midpoint"] = ""
    totals: Literal["checked", "unchecked"] = "checked"
    ignore: Annotated[tuple[str, ...], BeforeValidator(_plains)] = ()
    rows: str = ""
    columns: dict[str, ColumnMap]

    def matches(self, file_name: str, sheet_name: str = "") -> bool:
        """Whether a sheet of a file (both by name, without folder) belongs to this source."""
        return _any_match(self.file, file_name) and _any_match(self.sheet, sheet_name)

    def names_file(self, file_name: str) -> bool:
        """Whether sheets of that file may belong to this source."""
        return _any_match(self.file, file_name)

    def mapped(self) -> frozenset[str]:
        """Flattened headings that columns or their units stand under."""
        texts = (text for column in self.columns.values() for text in (*column.headings, column.unit_column))
        return frozenset(text for text in texts if text)

    def filled(self) -> frozenset[str]:
        """Flattened headings under which blanks repeat the value above."""
        return frozenset(text for column in self.columns.values() if column.fill for text in column.headings)

    def wanted(self) -> frozenset[str]:
        """Every flattened heading this source names, those left aside included; for `headings.find`."""
        return self.mapped() | {text for text in self.ignore if text}


def _any_match(patterns: tuple[str, ...], name: str) -> bool:
    name = unicodedata.normalize("NFC", name)
    wanted = [unicodedata.normalize("NFC", pattern) for pattern in patterns]
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in wanted)


class ImportMap(_Record):
    """All that MAP.toml says. `study`: the sections of study.toml in it, as they stand."""

    about: ImportSection = ImportSection()
    decide: tuple[Decision, ...] = ()
    sources: tuple[Source, ...]
    study: dict[str, Any] = {}

    @property
    def needs_key(self) -> bool:
        """Whether any column is kept as a keyed hash."""
        return any(column.pseudonym for source in self.sources for column in source.columns.values())

    def sources_of(self, file_name: str, sheet_name: str = "") -> list[Source]:
        """The sources a sheet belongs to, in the order of the map."""
        return [source for source in self.sources if source.matches(file_name, sheet_name)]
