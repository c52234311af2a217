"""Tables are never clipped: they shrink, turn or come in parts."""

from analysis.report.markup import Cell, Grid
from analysis.report.typeset import LANDSCAPE, PORTRAIT, fit, quoted


def grid(columns, name="column", rows=3):
    head = [[Cell(f"{name}{i}", header=True) for i in range(columns)]]
    return Grid(head, [[Cell("12.5") for _ in range(columns)] for _ in range(rows)])


def test_a_small_table_keeps_its_size():
    assert fit(grid(4)).size == 9.0
    assert fit(grid(4)).parts == ((0, 1, 2, 3),)


def test_a_wide_table_turns():
    how = fit(grid(11, "number_of_"))
    assert how.landscape
    assert len(how.parts) == 1


def test_a_very_wide_table_comes_in_parts_that_repeat_the_first_column():
    how = fit(grid(40, "number_of_villages_"))

    assert len(how.parts) > 1
    assert all(part[0] == 0 for part in how.parts)
    assert sorted(c for part in how.parts for c in part[1:]) == list(range(1, 40))


def test_spans_are_not_cut():
    made = grid(40, "number_of_villages_")
    made.head.insert(0, [Cell("", True), *(Cell("pair", True, colspan=3) for _ in range(13))])
    starts = {part[1] for part in fit(made).parts}
    assert all((start - 1) % 3 == 0 for start in starts)


def test_words_wrap_before_anything_else():
    text = "说明" * 60
    made = Grid([[Cell("a", True), Cell("b", True)]], [[Cell("x"), Cell(text)]])
    assert not fit(made).landscape
    assert PORTRAIT < LANDSCAPE


def test_text_is_never_typst_markup():
    assert quoted('a "b" \\ #let x') == '"a \\"b\\" \\\\ #let x"'
