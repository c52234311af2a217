"""The commented MAP.toml: each line with how sure it is and why; what needs a person is marked EDIT."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.intake.files.grid import Grid
from analysis.intake.headings import plain
from analysis.intake.suggest import places, source_text
from analysis.intake.suggest.groups import group
from analysis.intake.suggest.sheets import Draft, drafts, look
from analysis.intake.suggest.toml_text import comment, quoted, short
from analysis.intake.suggest.vocabulary import synonyms
from analysis.intake.suggest.words import say
from analysis.messages import Message

HEAD = (
    Message(
        "Proposed by `coopeval import --suggest`. Lines marked EDIT need a decision; look through the others.",
        "由 `coopeval import --suggest` 生成。标有 EDIT 的行须由人决定；其余各行请核对。",
    ),
    Message(
        "certain: the heading is one the data model knows · likely: the same without filler words, year or group · "
        "guess: only alike, therefore commented out",
        "certain 确定：表头与数据模型所列一致 · likely 很可能：去掉修饰词、年份或上级表头后一致 · guess 猜测：仅相近，故注释掉",
    ),
    Message("No cell of the files is shown here.", "本文件不含任何单元格内容。"),
)


def suggest(grids: Sequence[Grid], *, language: str) -> str:
    """MAP.toml text for the files, comments in "zh" or "en".

    The text is read by `read_map` as it stands where every sheet was recognised and its rows can be identified;
    otherwise after the lines marked EDIT have been decided. It shows headings, never cells.
    """
    made: list[Draft] = []
    unknown: list[Grid] = []
    sheets: dict[str, list[str]] = {}
    for grid in grids:
        sheets.setdefault(grid.file, []).append(grid.sheet)
        sheet = look(grid)
        found = drafts(sheet) if sheet is not None else []
        made += found
        if not found:
            unknown.append(grid)
    groups = group(made, sheets)
    files = list(sheets)
    lines = [comment(say(sentence, language)) for sentence in HEAD]
    lines += ["", *_about(made, language)]
    for members in groups:
        lines += ["", *source_text.write(members, files, language)]
    if unknown:
        lines += ["", *_unknown(unknown, language)]
    return "\n".join(lines) + "\n"


def _about(made: Sequence[Draft], language: str) -> list[str]:
    years = places.years([draft.sheet.names for draft in made])
    example = 2021 if not years or years[0] <= 2021 <= years[-1] else years[-1]
    vintage = Message(
        "year of the code list that village ids go by; without it the latest list given",
        "村编号所依据的区划代码年份；不写则用所给名单中最新一年",
    )
    lines = ["[import]", f"# vintage = {example}  {comment(say(vintage, language))}"]
    zones = [
        text
        for text in dict.fromkeys(plain(draft.sheet.grid.sheet) for draft in made)
        if places.ZONE.search(text)
    ]
    if zones:
        words = Message("write the township that this zone belongs to", "请写该功能区所属乡镇")
        lines += ["[import.zones]"]
        lines += [f'# {quoted(zone)} = ""  {comment("EDIT", say(words, language))}' for zone in zones]
    return lines


def _unknown(grids: Sequence[Grid], language: str) -> list[str]:
    """Sheets that were not recognised: said, never guessed at."""
    lines = []
    for grid in grids:
        name = short("!".join(part for part in (grid.file, grid.sheet) if part))
        form = next((words for title, words in synonyms()["forms"].items() if title in _around(grid)), None)
        why = Message("not recognised, left out", "未识别，未列入")
        empty = Message("empty, left out", "空表，未列入")
        said = say(empty if grid.cells.empty else why, language)
        lines.append(comment(name, said, form[language] if form else ""))
    return lines


def _around(grid: Grid) -> str:
    top = grid.cells.iloc[:5].to_numpy(dtype=object).ravel()
    return plain("".join((grid.file, grid.sheet, *(value for value in top if isinstance(value, str)))))
