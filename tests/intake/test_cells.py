"""Cells of files: every spelling is read back exactly, nothing turns into an unexplained blank, nobody is named."""

import datetime
import math
import re
import tomllib
from decimal import Decimal
from functools import partial
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from analysis.intake.cells import codes, dates, spelling, units, years
from analysis.intake.cells.column import read_column
from analysis.intake.cells.numbers import read_integer, read_number
from analysis.intake.cells.numerals import numeral

RULES = set(tomllib.loads((resources.files("analysis.intake") / "rules.toml").read_text(encoding="utf-8")))
MANY = settings(max_examples=300, deadline=None)
MORE = settings(max_examples=900, deadline=None)  # shared by all parsers
SURVEY = frozenset({"-8", "-9", "99", "9999"})
TIERS = {"t1": {"示范社", "demonstration"}, "t2": "规范社", "t4": ("整改社", "清退社")}

money = partial(read_number, unit="元", target="yuan")
wan = partial(read_number, unit="万元", target="yuan")
share = partial(read_number, unit="", target="share")

# One of each parser with options, for what must hold of all.
PARSERS = {
    "money": money,
    "money_in_wan": wan,
    "midpoints": partial(read_number, unit="万元", target="yuan", none="zero", intervals="midpoint"),
    "price": partial(read_number, unit="元/斤", target="yuan/kg"),
    "area": partial(read_number, unit="公顷", target="mu"),
    "share": partial(read_number, unit="%", target="share"),
    "coded": partial(read_number, missing_codes=SURVEY),
    "integer": read_integer,
    "households": partial(read_integer, target="households", missing_codes=SURVEY),
    "year": years.read_year,
    "date": dates.read_date,
    "month": partial(dates.read_date, day="first", missing_codes=SURVEY),
    "code": codes.read_code,
    "code12": partial(codes.read_code, width=12),
    "credit_code": codes.read_credit_code,
    "text": codes.read_text,
    "category": partial(codes.read_category, values=TIERS, codes={"1": "t1"}),
    "flag": codes.read_flag,
    "survey_flag": partial(codes.read_flag, codes={"1": "1", "2": "0"}, missing_codes=SURVEY),
    "set": partial(codes.read_set, values=TIERS, codes={"1": "t1"}),
}


def value_and_rules(cell):
    assert cell.problem is None, cell.problem
    return cell.value, set(cell.rules)


# Writers: the dirty spellings of a known value.

LOWER = ("零一二三四五六七八九", "十百千", "万亿")
FINANCIAL = ("零壹贰叁肆伍陆柒捌玖", "拾佰仟", "万亿")


def chinese(number: int, style=LOWER) -> str:
    """The number in Chinese numerals, written out as the textbook does."""
    digits, tens, myriads = style
    if number == 0:
        return digits[0]
    text, gap = "", False
    groups = [number // 10**8, number // 10**4 % 10**4, number % 10**4]
    for group, scale in zip(groups, (myriads[1], myriads[0], ""), strict=True):
        if not group:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += digits[0]
        text += _four(group, digits, tens) + scale
        gap = False
    return text


def _four(group: int, digits: str, tens: str) -> str:
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit:
            text += (digits[0] if gap and text else "") + digits[digit] + (tens[place - 1] if place else "")
            gap = False
        else:
            gap = True
    return text


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def plainly(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


amounts = st.decimals(Decimal("-99999999.99"), Decimal("99999999.99"), places=2).map(lambda d: d + 0)
positive = st.decimals(Decimal("0.01"), Decimal("999999999.99"), places=2)
UNITS_OF_MONEY = {"元": Decimal(1), "万元": Decimal(10**4), "亿元": Decimal(10**8)}
days = st.dates(datetime.date(1978, 1, 1), datetime.date(2060, 12, 31))
anything = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="0123456789.,-+%（）()万亿元亩斤千百十一二三零〇年月日约余多无—/～ 　１２３．eE成至", max_size=12),
    st.characters(categories=["Cs"]),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.decimals(),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.sampled_from([pd.NA, pd.NaT, np.float32(3.2), np.int64(7), np.bool_(True), 10**400, 1e308, "9" * 5000, "1e+999"]),
)  # fmt: skip


# Numbers


@MANY
@given(amounts, st.sampled_from(sorted(UNITS_OF_MONEY)))
def test_an_amount_in_a_unit_of_the_column_is_read_exactly(amount, unit):
    written = amount / UNITS_OF_MONEY[unit]
    reader = partial(read_number, unit=unit, target="yuan")
    assert reader(plainly(written)).value == float(amount)
    assert reader(plainly(written)).rules == ()
    assert reader(float(plainly(written))).value == float(amount)


@MANY
@given(
    positive, st.sampled_from(sorted(UNITS_OF_MONEY)), st.sampled_from(sorted(UNITS_OF_MONEY)), st.booleans()
)
def test_a_unit_in_the_cell_overrides_the_columns(amount, unit, of_column, with_yuan):
    assume(with_yuan or unit != "元")
    text = plainly(amount / UNITS_OF_MONEY[unit]) + (unit if with_yuan else unit[0])
    value, rules = value_and_rules(read_number(text, unit=of_column, target="yuan"))
    assert value == float(amount)
    assert rules == {"separators" if unit == of_column == "元" else "unit_in_cell"}


@MANY
@given(positive)
def test_separators_spaces_and_a_trailing_unit_change_nothing(amount):
    for text in (
        f"{amount:,} 元",
        f"{amount:,}".replace(",", "，"),
        f" {amount:,}　",
        f"{amount} 元",
        f"¥{amount}",
    ):
        value, rules = value_and_rules(money(text))
        assert value == float(amount)
        assert rules <= {"separators"}
    value, rules = value_and_rules(money(f"({amount:,})"))
    assert (value, rules) == (-float(amount), {"separators"})
    assert value_and_rules(money(f"−{amount}")) == (-float(amount), {"full_width"})


@MANY
@given(st.integers(0, 10**9 - 1))
@example(10).via("十, not 一十")
@example(100_000_005).via("zeros over two groups")
def test_chinese_numerals_are_read_exactly(number):
    for style in (LOWER, FINANCIAL):
        text = chinese(number, style)
        assert value_and_rules(money(text)) == (float(number), {"chinese_numeral"}), text
        short = re.sub("^(一十|壹拾)", lambda m: m[0][1], text)
        assert money(short).value == number, short
    assert value_and_rules(money(chinese(number, FINANCIAL) + "元整"))[0] == number


@MANY
@given(st.integers(1000, 9999))
def test_digits_one_after_the_other_are_a_number(number):
    text = "".join("〇一二三四五六七八九"[int(c)] for c in str(number))
    assert value_and_rules(money(text)) == (float(number), {"chinese_numeral"})


@MANY
@given(
    positive,
    st.sampled_from(
        ["约{}", "大约{}", "近{}", "{}左右", "{}余", "{}多", "~{}", "{}万余元", "{}余万元", "{}多万"]
    ),
)
def test_an_approximation_is_the_value_written_and_marked(amount, form):
    scale = 10**4 if "万" in form else 1
    value, rules = value_and_rules(money(form.format(plainly(amount))))
    assert value == float(amount * scale)
    assert rules == {"approximate"} | ({"unit_in_cell"} if scale > 1 else set())


@MANY
@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.sampled_from("-~～—–至到"),
    st.sampled_from(["", "万", "元"]),
)
def test_a_range_is_refused_unless_midpoints_are_allowed(one, other, mark, unit):
    assume(one != other)
    low, high = sorted((one, other))
    text = f"{low}{mark}{high}{unit}"
    refused = money(text)
    assert refused.value is None
    assert "range" in refused.problem
    assert "区间" in refused.problem.zh
    value, rules = value_and_rules(money(text, intervals="midpoint"))
    assert value == (low + high) / 2 * (10**4 if unit == "万" else 1)
    assert "interval" in rules
    assert money(f"{high}{mark}{low}{unit}", intervals="midpoint").problem is not None


@MANY
@given(st.integers(0, 1000))
def test_percents_are_shares(tenths):
    percent = Decimal(tenths) / 10
    expected = float(percent / 100)
    for text in (f"{percent}%", f"{percent}％", f"{percent} %", f"百分之{percent}"):
        value, rules = value_and_rules(share(text))
        assert value == expected
        assert "percent" in rules
    assert value_and_rules(read_number(f"{percent}%", unit="%", target="share")) == (expected, {"percent"})
    assert value_and_rules(read_number(str(percent), unit="%", target="share")) == (expected, set())
    assert value_and_rules(read_number(float(percent), unit="%", target="share")) == (expected, set())
    assert share(f"{Decimal(tenths)}‰").value == expected


def test_tenths_are_shares():
    assert value_and_rules(share("6成")) == (0.6, {"percent"})
    assert value_and_rules(share("六成")) == (0.6, {"percent", "chinese_numeral"})
    assert share("六成五").value == 0.65
    assert share("三成半").value == 0.35


@pytest.mark.parametrize("text", ["无", "—", "–", "-", "/", "空", "暂无", "——", " － ", "无（未建）"])
def test_a_word_for_nothing_is_missing_or_zero_as_the_map_says(text):
    assert value_and_rules(money(text)) == (None, {"not_a_value"})
    assert value_and_rules(money(text, none="zero")) == (0.0, {"not_a_value"})


@pytest.mark.parametrize("text", ["未统计", "N/A", "NA", "缺", "不详", "n/a", "nan"])
def test_not_counted_is_never_zero(text):
    assert value_and_rules(money(text)) == (None, {"not_a_value"})
    assert value_and_rules(money(text, none="zero")) == (None, {"not_a_value"})


@pytest.mark.parametrize("text", ["0(未建)", "0（未分红）", "0.0 (尚未分红)"])
def test_a_zero_with_a_remark_is_zero(text):
    assert value_and_rules(money(text)) == (0.0, {"annotated_zero"})


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("-9", -9),
        ("－９", -9),
        (-9, -9),
        (-9.0, -9),
        ("-9.0", -9),
        (" -9 ", -9),
        (np.int64(-9), -9),
        ("9,999", 9999),
    ],
)
def test_missing_codes_are_compared_as_text_and_as_numbers(raw, number):
    cell = read_number(raw, unit="万元", target="yuan", missing_codes=SURVEY)
    assert cell.value is None
    assert "missing_code" in cell.rules
    assert money(raw).value == number


def test_a_value_that_only_resembles_a_missing_code_stays():
    for raw in ("-9万", "-90", -9.5, "9", "99.5", "约99.4"):
        assert read_number(raw, target="yuan", missing_codes=SURVEY).value is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("三万二千", 32000), ("三万五", 35000), ("三千五", 3500), ("一百二十", 120), ("二〇二一", 2021), ("壹仟", 1000),
        ("三点五万", 35000), ("3万5千", 35000), ("3万5", 35000), ("1亿2000万", 120_000_000), ("2.5百万", 2_500_000),
        ("两万三", 23000), ("50余万元", 500_000), ("人民币3万元", 30000), ("叁万贰仟元整", 32000), ("5万左右", 50000),
        ("1.5E+05", 150_000), ("１２．５　万", 125_000), ("负三百", -300), ("+5", 5), ("-¥500", -500), ("12(元)", 12),
    ],
)  # fmt: skip
def test_spellings_of_offices(text, expected):
    assert money(text).value == expected


@pytest.mark.parametrize(
    "raw",
    [
        "1,23", "12,00", "1,2345", "12.", "1.2.3", "1 2", "五六万", "三四百", "几万", "十几万", "5万以上", ">5", "不到5万",
        "1E5", "5²", "①", "½", "٣", "3亩", "3.2（含补助）", "2021年", "#REF!", "#N/A", True, False, math.nan, math.inf,
        -math.inf, datetime.date(2021, 6, 1), datetime.datetime(2021, 6, 1), pd.Timestamp("2021-06-01"), b"5", [5],
        "未分红的村", "?", "3.5万5", "万", "千万", "--5", "5-", "0539-1234567", "2021-06", "12.3.4", "000000199003071234", "1e+999", 10**400,
    ],
)  # fmt: skip
def test_what_is_not_certain_is_a_problem(raw):
    cell = money(raw)
    assert cell.value is None
    assert cell.rules == ()
    assert cell.problem
    assert cell.problem.zh != str(cell.problem)


def test_the_multiplier_in_a_cell_counts_the_columns_base_unit():
    assert read_number("4.73万", unit="公顷", target="mu").value == 709_500
    assert wan("2万").value == 20_000
    assert wan("三").value == 30_000
    assert wan("3千").problem is not None
    assert wan("3千元").value == 3000


def test_prices_and_areas_in_units_of_offices():
    assert value_and_rules(read_number("3.5", unit="元/斤", target="yuan/kg")) == (7.0, set())
    assert value_and_rules(read_number("3.5元", unit="元/斤", target="yuan/kg")) == (7.0, {"separators"})
    assert value_and_rules(read_number("3.5元/公斤", unit="元/斤", target="yuan/kg")) == (
        3.5,
        {"unit_in_cell"},
    )
    assert read_number("3.5元", unit="", target="yuan/kg").problem is not None
    assert read_number("5斤", unit="公斤", target="kg").value == 2.5
    assert value_and_rules(read_number("3亩5分", unit="亩", target="mu")) == (3.5, {"separators"})
    assert value_and_rules(read_number("12户", target="households")) == (12.0, {"separators"})
    assert "户" in read_number("12户", target="persons").problem


@MANY
@given(st.integers(-(10**8), 10**8))
def test_integers_are_whole(number):
    for raw in (number, float(number), str(number), f"{number}.0", f"{number:,}"):
        value = read_integer(raw).value
        assert value == number
        assert type(value) is int
    assert read_integer(number + 0.5).problem == f"'{number + 0.5}' is not a whole number"


# Units


@MANY
@given(st.decimals(0, 10**6, places=3), st.sampled_from([("万元", "yuan", 10**4), ("公顷", "mu", 15), ("吨", "kg", 1000), ("斤", "kg", Decimal("0.5")), ("元/斤", "yuan/kg", 2), ("平方米", "mu", Decimal("0.0015")), ("%", "share", Decimal("0.01")), ("公斤/亩", "kg/mu", 1), ("万元/年", "yuan", 10**4)]))  # fmt: skip
def test_conversions_are_exact(value, units_and_factor):
    unit, target, factor = units_and_factor
    assert units.convert(float(value), unit, target) == float(Decimal(repr(float(value))) * factor)
    assert units.convert(float(value), target, target) == float(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("单位：万元", "万元"), ("金额（万元）", "万元"), ("面积/亩", "亩"), ("单价(元/斤)", "元/斤"), ("收入_wy", ""), ("收入", ""),
        ("单位：元、万元", "?"), ("填报单位：某某镇  单位：万元", "万元"), ("统销率%", "%"), ("元/斤", "元/斤"), ("单元", ""),
        ("收入/经营收入(万元)", "万元"), ("收入万元", "万元"), ("价格每公斤", ""), ("5万元以上的村", ""), ("收入 5 万元", ""),
        ("price_yuan_per_kg", "yuan_per_kg"), ("面积（㎡）", "平方米"), ("年份", ""), ("户数（户）", "户"), ("b2_t", ""),
        ("金额以万元为单位", "万元"), ("（公斤、千克）", "公斤"), ("单位：元（元/斤除外）", "元"), ("单位名称", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_unit_that_a_heading_or_note_names(text, expected):
    assert units.unit_named(text) == expected


def test_of_several_units_in_a_note_the_wanted_one_is_named():
    note = "单位：万元、亩、公斤"
    assert units.unit_named(note) == units.CONTRADICTED
    assert units.unit_named(note, "money") == "万元"
    assert units.unit_named(note, "area") == "亩"
    assert units.unit_named(note, "price") == ""


def test_a_unit_of_another_kind_is_refused_by_name():
    with pytest.raises(units.UnitError, match="亩 is no unit of the same kind as yuan"):
        read_number("5", unit="亩", target="yuan")
    with pytest.raises(units.UnitError, match="no unit '贯'; known are 万元"):
        units.convert(1.0, "贯", "yuan")


@given(st.text(max_size=20))
@MANY
def test_any_text_names_a_unit_or_none(text):
    name = units.unit_named(text)
    assert name in {"", units.CONTRADICTED} or units.dimension(name)


# Years and dates


@MANY
@given(st.integers(1949, 2100))
def test_years_in_every_spelling(year):
    han = "".join("〇一二三四五六七八九"[int(c)] for c in str(year))
    for raw in (year, float(year), str(year), f"{year}.0"):
        assert value_and_rules(years.read_year(raw)) == (year, set())
    for raw in (f"{year}年", f"{year} 年度", han, han + "年", datetime.date(year, 3, 1), f"{year}年3月"):
        assert value_and_rules(years.read_year(raw)) == (year, {"date_spelling"})
    assert value_and_rules(years.read_year(wide(str(year)))) == (year, {"full_width"})


def test_two_digits_are_a_year_only_where_the_century_is_certain():
    assert years.read_year("21年").value == 2021
    assert years.read_year("一九年").value == 2019
    assert years.read_year("78年").value == 1978
    for raw in ("50年", "21", 21, "1948", 2101, 2021.5, "2021.6", "今年", True):
        assert years.read_year(raw).problem is not None
    assert years.read_year("无").rules == ("not_a_value",)
    assert years.read_year(9999.0, missing_codes=SURVEY).rules == ("missing_code",)


@MANY
@given(days)
def test_dates_in_every_spelling(day):
    iso = day.isoformat()
    y, m, d = day.year, day.month, day.day
    digits = "".join("〇一二三四五六七八九"[int(c)] for c in str(y))
    month, number = (re.sub("^一十", "十", chinese(n)) for n in (m, d))
    serial = (day - datetime.date(1899, 12, 30)).days
    assert value_and_rules(dates.read_date(iso)) == (iso, set())
    assert value_and_rules(dates.read_date(day)) == (iso, set())
    assert value_and_rules(dates.read_date(datetime.datetime(y, m, d))) == (iso, set())
    assert value_and_rules(dates.read_date(pd.Timestamp(day))) == (iso, set())
    for raw in (
        f"{y}年{m}月{d}日", f"{y} 年 {m:02} 月 {d:02} 日", f"{y}年{m}月{d}号", f"{y}.{m}.{d}", f"{y}-{m}-{d} 00:00:00",
        f"{y}/{m:02}/{d:02}", f"{y}{m:02}{d:02}", int(f"{y}{m:02}{d:02}"), f"{digits}年{month}月{number}日",
        digits.replace("〇", "○") + f"年{month}月{number}日", f"{digits}年{m}月{d}日",
    ):  # fmt: skip
        assert value_and_rules(dates.read_date(raw)) == (iso, {"date_spelling"}), raw
    if y <= 2040 and y >= 2000:
        assert dates.read_date(f"{y % 100:02}年{m}月{d}日").value == iso
        assert dates.read_date(f"{digits[2:]}年{month}月{number}日").value == iso
    for raw in (serial, float(serial), str(serial), f"{serial}.0"):
        assert value_and_rules(dates.read_date(raw)) == (iso, {"date_serial"})
    assert value_and_rules(dates.read_date(wide(iso))) == (iso, {"full_width"})


@MANY
@given(days)
def test_a_month_without_a_day_needs_a_decision(day):
    y, m = day.year, day.month
    for raw in (f"{y}年{m}月", f"{y}/{m}", f"{y}-{m:02}", f"{y}.{m:02}"):
        assert "names no day" in dates.read_date(raw).problem
        assert dates.read_date(raw, day="first").value == f"{y}-{m:02}-01"
        assert value_and_rules(dates.read_date(raw, precision="month")) == (f"{y}-{m:02}", {"date_spelling"})
    assert dates.read_date(day, precision="month").value == f"{y}-{m:02}"
    if m not in {1, 10}:
        typed = float(f"{y}.{m}")
        assert dates.read_date(typed, day="first").value == f"{y}-{m:02}-01"


@pytest.mark.parametrize("raw", [2021.1, "2021.1"])
def test_a_tenth_may_be_january_or_october(raw):
    cell = dates.read_date(raw, day="first")
    assert cell.value is None
    assert "January or October" in cell.problem
    assert "1月" in cell.problem.zh
    assert dates.read_date("2021.10", day="first").value == "2021-10-01"


@pytest.mark.parametrize(
    "raw",
    [
        "2019-02-30", "2021/6/31", "12/11/2021", "2019", 2021, "2019年", "20190230", "201210", "190301", 1.5, 43525000,
        "1958-01-01", "2019-00-10", "2019年0月1日", "19.3.1", "二十九年三月一日", "2019.3-1", True, math.nan, "明年三月", -5,
        datetime.time(3, 0),
    ],
)  # fmt: skip
def test_days_that_do_not_exist_or_are_not_certain_are_problems(raw):
    cell = dates.read_date(raw, day="first")
    assert cell.value is None
    assert cell.rules == ()
    assert cell.problem


def test_bounds_order_of_day_and_month_and_open_ends():
    assert dates.read_date("25/12/2021").value == "2021-12-25"
    assert dates.read_date("11/11/2021").value == "2021-11-11"
    assert dates.read_date("2022-01-01", latest=datetime.date(2021, 12, 31)).problem is not None
    assert dates.read_date(datetime.datetime(2021, 6, 1, 14, 30)).rules == ("date_spelling",)
    assert dates.read_date("至今").rules == ("not_a_value",)
    assert dates.read_date("一九年三月一日").value == "2019-03-01"
    assert dates.read_date("贰零壹玖年零叁月零壹日").value == "2019-03-01"


# Codes, texts and answers


@MANY
@given(st.integers(10**11, 10**12 - 1))
def test_village_codes_are_text(code):
    text = str(code)
    reader = partial(codes.read_code, width=12)
    for raw in (code, float(code), text, f" {text}　"):
        assert value_and_rules(reader(raw)) == (text, set())
    for raw in (f"{text}.0", f"'{text}", f"{text[:6]} {text[6:]}", f"{code:,}"):
        assert value_and_rules(reader(raw)) == (text, {"separators"})
    assert value_and_rules(reader(wide(text))) == (text, {"full_width"})
    assert "leading zeros" in reader(text[1:]).problem
    assert "leading zeros" in reader(int(text[:10])).problem


def test_codes_that_lost_digits_are_refused():
    for raw in ("5.1E+17", "5.10e+17", "3.71328E+11", 3.71328001001e17, "371328001001123456.0"):
        assert "lost its last digits" in codes.read_code(raw).problem
    assert codes.read_code(371328001001123456).value == "371328001001123456"
    assert codes.read_code("007").value == "007"
    for raw in (1.5, -3, True, datetime.date(2021, 1, 1), "a b", math.nan):
        assert codes.read_code(raw).problem is not None
    assert codes.read_code("—").rules == ("not_a_value",)


credit_bodies = st.text(codes.CREDIT_CHARACTERS, min_size=9, max_size=9).map(lambda t: "93000000" + t)


@MANY
@given(credit_bodies)
def test_credit_codes_are_normalised_and_checked(body):
    code = body + codes.credit_check_character(body)
    assert value_and_rules(codes.read_credit_code(code)) == (code, set())
    for raw in (code.replace("0", "O"), f"{code[:8]} {code[8:]}", code.replace("1", "I")):
        expected = set() if raw == code else {"credit_code"}
        assert value_and_rules(codes.read_credit_code(raw)) == (code, expected)
    assert codes.read_credit_code(code.lower()).value == code
    assert value_and_rules(codes.read_credit_code(wide(code))) == (code, {"full_width"})
    for place in range(18):
        other = "2" if code[place] != "2" else "3"
        assert codes.read_credit_code(code[:place] + other + code[place + 1 :]).problem is not None


def test_the_check_character_is_that_of_the_standard():
    assert codes.credit_check_character("91350100M000100Y4") == "3"  # the example of GB 32100-2015
    with pytest.raises(ValueError, match="without I, O, S, V, Z"):
        codes.credit_check_character("I" * 17)


def test_texts_lose_spaces_only():
    assert codes.read_text(" 　北楼 \n 村\u200b ").value == "北楼 村"
    assert codes.read_text("ＡＢ１").value == "ＡＢ１"
    assert codes.read_text(12.0).value == "12"
    assert codes.read_text(" 　").value is None
    assert codes.read_text(True).problem is not None


def test_categories_by_code_word_and_label():
    read = partial(codes.read_category, values=TIERS, codes={"1": "t1", "2": "t2"})
    for raw in ("t1", "T1", " 示范社 ", "Demonstration", "1", 1, 1.0, "1.0"):
        assert read(raw).value == "t1"
    assert read("清退社").value == "t4"
    assert codes.read_category(2.0, TIERS, {}, {"2": "规范社"}).value == "t2"
    assert read("３").problem == "'３' is none of: 1, 2, " + ", ".join((sorted(TIERS["t1"], key=list(TIERS["t1"]).index)[0], "规范社", "整改社"))  # fmt: skip
    assert read("—").rules == ("not_a_value",)
    assert codes.read_category("无", {"none": "无"}).value == "none"
    assert read(-9, missing_codes=SURVEY).rules == ("missing_code",)
    assert read(True).problem is not None


def test_flags():
    for raw in ("是", "有", 1, 1.0, "1", "√", "Y", "yes", True, "TRUE", "１"):
        assert codes.read_flag(raw).value == 1
    for raw in ("否", "无", 0, "0", "×", "N", "No", False):
        assert codes.read_flag(raw).value == 0
    survey = partial(codes.read_flag, codes={"1": "1", "2": "0"}, missing_codes=SURVEY)
    assert (survey(1.0).value, survey("2").value, survey("是").value) == (1, 0, 1)
    assert survey(0).problem is not None
    assert survey(99).rules == ("missing_code",)
    for raw in (2, "2", "x", "也许", math.nan, datetime.date(2021, 1, 1)):
        assert codes.read_flag(raw).problem is not None
    assert codes.read_flag("—").rules == ("not_a_value",)
    assert codes.read_flag("1", codes={"1": "maybe"}).problem is not None


def test_sets_are_ordered_and_without_repeats():
    read = partial(codes.read_set, values=TIERS)
    for raw in ("规范社、示范社", "示范社;规范社", "t2 t1", "规范社，示范社，示范社", "示范社和规范社"):
        assert read(raw).value == "t1;t2"
    assert read("示范社").value == "t1"
    assert read(1, codes={"1": "t1"}).value == "t1"
    assert "某社" in read("示范社、某社").problem
    assert read("无").rules == ("not_a_value",)


# What holds of every parser

names = st.sampled_from(sorted(PARSERS))


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=300, deadline=None)
@given(raw=anything)
def test_nothing_becomes_a_blank_without_a_reason(name, raw):
    cell = PARSERS[name](raw)
    assert set(cell.rules) <= RULES
    assert len(set(cell.rules)) == len(cell.rules)
    if cell.problem is not None:
        assert cell.value is None
        assert cell.rules == ()
        assert str(cell.problem).strip() and cell.problem.zh.strip()
    elif cell.value is None:
        assert spelling.is_empty(raw) or {"not_a_value", "missing_code"} & set(cell.rules)
    else:
        assert cell.value == cell.value
        assert not isinstance(cell.value, float) or math.isfinite(cell.value)
        assert cell.value != ""


@MORE
@given(
    st.sampled_from(sorted(set(PARSERS) - {"text", "date", "month"})),
    st.text("0123456789.-%ABXabx元万亿亩", min_size=1, max_size=14),
)
def test_full_width_reads_as_the_clean_text(name, text):
    narrow, broad = PARSERS[name](text), PARSERS[name](wide(text))
    assert narrow.value == broad.value
    assert (narrow.problem is None) == (broad.problem is None)


@MORE
@given(names, st.integers(10**10, 10**18), st.sampled_from(["", " ", "-", "  ", "·"]), st.booleans())
def test_no_message_shows_a_personal_number(name, number, gap, broad):
    digits = str(number)
    text = f"{digits[:3]}{gap}{digits[3:7]}{gap}{digits[7:]}"
    text = wide(text) if broad else text
    for raw in (text, f"电话{text}", f"{text}（本人）"):
        problem = PARSERS[name](raw).problem
        if problem is not None and "三" not in raw:
            for said in (str(problem), problem.zh):
                assert text not in said
                assert digits not in re.sub(r"\D", "", said)


@pytest.mark.parametrize("name", sorted(set(PARSERS) - {"text", "code"}))
@pytest.mark.parametrize("raw", ["张三", "李小明 男", "垛庄镇桃花村3组12号", "a.b@example.org"])
def test_no_message_shows_a_name_or_an_address(name, raw):
    problem = PARSERS[name](raw).problem
    for part in ("张三", "李小明", "桃花村", "example"):
        assert part not in str(problem)
        assert part not in problem.zh


@given(st.text(min_size=40, max_size=200))
@MANY
def test_a_message_shows_twenty_characters_at_most(text):
    assert len(spelling.shown(text)) <= 20


def test_a_numeral_is_its_own_documentation():
    assert numeral("三万二千").value == 32000
    assert numeral("三五") is None


# Columns


def slowly(cells, parser):
    read = [parser(cell) for cell in cells]
    rules = {}
    problems = {}
    for place, cell in enumerate(read):
        for rule in cell.rules:
            rules.setdefault(rule, []).append(place)
        if cell.problem is not None:
            problems.setdefault(str(cell.problem), []).append(place)
    return [cell.value for cell in read], rules, problems


def assert_same(series, cells, parser):
    got = read_column(series, parser)
    values, rules, problems = slowly(cells, parser)
    assert len(got.values) == len(values)
    for mine, theirs in zip(got.values, values, strict=True):
        if theirs is None:
            assert mine is None or math.isnan(mine)
        else:
            assert mine == theirs
            assert not isinstance(theirs, float) or math.copysign(1, mine) == math.copysign(1, theirs)
    assert {rule: rows.tolist() for rule, rows in got.rule_rows.items()} == rules
    assert {str(message): rows.tolist() for message, rows in got.problems.items()} == problems


clean_numbers = st.one_of(
    st.decimals(-(10**15) + 1, 10**15 - 1, places=4).map(plainly),
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.integers(-(10**15) + 1, 10**15 - 1).map(str),
    st.integers(1900, 2110).map(str),
    st.sampled_from(["-0", "-0.0", "007", "-9", "99", "9999", "2021.0", "02021", "1.0", "0.1", "371328001001", "NA", "1e5"]),
)  # fmt: skip
texts = st.one_of(
    clean_numbers, clean_numbers, st.text(max_size=6), st.sampled_from(["2.1万", "无", "", "t1", "是"])
)
floats = st.one_of(
    st.floats(allow_nan=False),
    amounts.map(float),
    st.integers(-(10**6), 10**6).map(float),
    st.integers(1900, 2110).map(float),
    st.sampled_from([-9.0, 99.0, 0.57, 1.15, 0.1 + 0.2, -0.0, 1e15, 371328001001.0, 43525.0]),
)
integers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-100, 10**12), st.integers(1900, 2110))


@MORE
@given(names, st.lists(texts, max_size=20))
def test_text_columns_are_read_as_cell_by_cell(name, cells):
    assert_same(pd.Series(cells, dtype="str"), cells, PARSERS[name])
    assert_same(pd.Series(cells, dtype=object), cells, PARSERS[name])


@MORE
@given(names, st.lists(floats, max_size=20))
def test_float_columns_are_read_as_cell_by_cell(name, cells):
    assert_same(pd.Series(cells, dtype=np.float64), cells, PARSERS[name])
    assert_same(pd.Series(cells, dtype=object), cells, PARSERS[name])


@MORE
@given(names, st.lists(integers, max_size=20))
def test_integer_columns_are_read_as_cell_by_cell(name, cells):
    assert_same(pd.Series(cells, dtype=np.int64), cells, PARSERS[name])
    assert_same(pd.Series(cells, dtype=object), cells, PARSERS[name])


@MORE
@given(names, st.lists(anything, max_size=12))
def test_mixed_columns_are_read_as_cell_by_cell(name, cells):
    held = np.empty(len(cells), dtype=object)
    for place, cell in enumerate(cells):
        held[place] = cell
    assert_same(pd.Series(held, dtype=object), cells, PARSERS[name])


def test_true_is_not_one_and_missing_is_empty():
    read = read_column(
        pd.Series([1, True, 1.0, "1", None, pd.NA, pd.NaT, math.nan], dtype=object), read_number
    )
    assert read.values[[0, 2, 3]].tolist() == [1.0, 1.0, 1.0]
    assert np.isnan(read.values[[1, 4, 5, 6, 7]]).all()
    assert sorted(row for rows in read.problems.values() for row in rows.tolist()) == [1, 7]
    assert not read_column(pd.Series([1.0, math.nan]), read_number).problems
    assert not read_column(pd.Series(["1", None], dtype="str"), read_number).problems


def test_old_and_new_are_ready_for_the_account():
    read = read_column(pd.Series(["2.1万", "无", "5"], dtype="str"), money)
    rows = np.array([0, 1])
    assert read.old(rows) == ["2.1万", "无"]
    assert read.new(rows) == ["21000", ""]
    assert {rule: at.tolist() for rule, at in read.rule_rows.items()} == {
        "unit_in_cell": [0],
        "not_a_value": [1],
    }


def test_columns_of_other_types():
    assert read_column(pd.Series(pd.to_datetime(["2021-06-01", None])), dates.read_date).values.tolist() == ["2021-06-01", None]  # fmt: skip
    assert read_column(pd.Series([1, None], dtype="Int64"), read_integer).values[0] == 1
    assert read_column(pd.Series(["1", "无"], dtype="category"), read_number).rule_rows[
        "not_a_value"
    ].tolist() == [1]
    assert len(read_column(pd.Series([True, False]), read_number).problems) == 1
    assert len(read_column(pd.Series([], dtype=object), read_number).values) == 0
    shifted = pd.Series(["5", "x"], index=[40, 7], dtype="str")
    assert [rows.tolist() for rows in read_column(shifted, read_number).problems.values()] == [[1]]


def test_a_column_is_not_changed():
    cells = pd.Series(["2.1万", "5"], dtype="str")
    before = cells.copy()
    read_column(cells, money)
    pd.testing.assert_series_equal(cells, before)
    floats = pd.Series([1.0, 2.0])
    read = read_column(floats, read_number)
    read.values[0] = 9.0
    assert floats[0] == 1.0
