"""words/: both languages say the same with the same fields, and every key that code asks for is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from small_study import write_study

from analysis import fonts
from analysis.checks import agreement
from analysis.study import read_study
from analysis.words import PUBLIC_FLOOR, Words, WordsError, vocabulary

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "analysis"


def leaves(node: dict, prefix: str = ""):
    for key, value in node.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and {"zh", "en"} & set(value):
            yield path, value
        elif isinstance(value, dict):
            yield from leaves(value, f"{path}.")
        else:
            raise AssertionError(f"{path} is neither a text nor a table of texts: {value!r}")


TEXTS = dict(leaves(vocabulary()))


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_take_the_same_fields(key):
    text = TEXTS[key]
    assert {"zh", "en"} <= set(text)
    if key.startswith("units."):
        assert set(text["zh"]) == set(text["en"])
        return
    fields = {
        language: {name for _, name, _, _ in Formatter().parse(text[language]) if name}
        for language in ("zh", "en")
    }
    assert fields["zh"] - {"unit_noun"} == fields["en"] - {"unit_noun"}


def test_no_text_holds_a_result():
    """Numbers come as fields; those that stand in texts are names: bands, methods, digits of a unit."""
    permitted = {"notes.bands", "gate_notes.trimmed_comparison", "notes.held", "notes.estimates", "alt.bands"}
    found = [
        key
        for key, text in TEXTS.items()
        if not key.startswith("units.") and re.search(r"\d", str(text["zh"]) + str(text["en"]))
    ]
    assert set(found) <= permitted, sorted(set(found) - permitted)


def test_chinese_emphasis_ends_before_its_full_stop():
    """Markdown does not close emphasis between a full stop and a Chinese character; the stars would be printed."""
    found = [key for key, text in TEXTS.items() if re.search(r"[。！？；]\*\*", str(text["zh"]))]
    assert not found, found


def test_every_chinese_text_can_be_printed():
    assert fonts.missing_glyphs("".join(str(text["zh"]) + str(text["en"]) for text in TEXTS.values())) == []


def asked() -> set[str]:
    """Keys that the package asks for by a plain or half-open text: words("heads.x"), words(f"verdicts.{…}")."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and node.args
                and getattr(node.func, "id", getattr(node.func, "attr", "")) == "words"
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
                elif isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
                    found.add(first.values[0].value + "*")
    return found


@pytest.mark.parametrize("key", sorted(asked()))
def test_every_text_asked_for_exists(key):
    if key.endswith("*"):
        assert any(known.startswith(key[:-1]) for known in TEXTS), key
    else:
        assert key in TEXTS


def test_every_reason_and_verdict_has_words():
    source = (PACKAGE / "checks" / "agreement.py").read_text("utf-8")
    told = set(re.findall(r'\(\s*"(\w+)", \{', source))
    assert told and told <= {key.split(".")[1] for key in TEXTS if key.startswith("reasons.")}
    assert agreement.Agreement("positive_sensitive", ()).word in vocabulary()["agreement"]


@pytest.fixture
def words(tmp_path):
    study = read_study(write_study(tmp_path / "s"))
    return {language: Words(language, study) for language in ("zh", "en")}


def test_numbers_are_shown_on_the_readers_scale(words):
    zh, en = words["zh"], words["en"]
    assert zh.amount(12_345, "yuan", signed=True) == "+1.23 万元"
    assert en.amount(12_345, "yuan", signed=True) == "+12.3 thousand yuan"
    assert en.amount(-12_345, "yuan") == "−12.3 thousand yuan"
    assert en.number(-0.0001, "ratio") == "0.000", "no minus in front of zero"
    assert en.number(float("nan"), "yuan") == "—"
    assert en.interval(float("nan"), 1.0, "yuan") == "no interval"
    assert zh.amount(0.5, "statistic") == "0.50"
    assert en.count(73_200) == "73,200"


def test_an_unknown_word_and_a_missing_field_are_named(words):
    with pytest.raises(WordsError, match=r"has no 'heads\.nothing'"):
        words["en"]("heads.nothing")
    with pytest.raises(WordsError, match=r"'notes\.ladder' needs the field 'unit'"):
        words["en"]("notes.ladder", level="95%")


def test_a_public_reader_sees_no_small_count(tmp_path):
    folder = write_study(tmp_path / "s", design='[release]\naudience = "public"')
    public = Words("en", read_study(folder))

    assert public.units(3) == "fewer than 10"
    assert public.units(0) == "0"
    assert public.units(63) == "65", "rounded, so that two totals do not give away their difference"
    assert public.units(None) == "fewer than 10", "kept as null because it was small"
    assert public.fraction(58, 310) == "19.4%", "of rounded counts"
    assert public.fraction(3, 310) == public.fraction(307, 310) == "—"
    assert not public.shows(9) and public.shows(10)
    assert PUBLIC_FLOOR == 10


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("ok", ""),
        (
            "withheld: one treated unit, its own variation cannot be told from an effect",
            "one treated unit, number withheld",
        ),
        ("flagged: 3 treated units, fewer than 5: no interval", "too few treated units for an interval"),
        (
            "withheld: fewer than 10 treated units, public release",
            "too few treated units for a public release",
        ),
        ("not estimable: no comparison units", "not identified by these data"),
    ],
)
def test_every_status_has_words(words, status, said):
    assert words["en"].status(status).startswith(said)
    assert words["zh"].status(status) != status or status == "ok"


def test_working_labels_are_marked(tmp_path):
    folder = write_study(
        tmp_path / "s",
        design='[models.M01]\nlabel = { zh = "甲", en = "first" }\nname_status = "county"\n'
        '[models.M02]\nlabel = { zh = "乙", en = "second" }',
    )
    study = read_study(folder)
    assert Words("zh", study).model("M02") == "M02 乙（本项目工作标签）"
    assert Words("en", study).model("M01") == "M01 first"
    assert Words("en", study).model("") == "not classified"
