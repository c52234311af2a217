"""Sentences in the language of the map's reader."""

from __future__ import annotations

from analysis.messages import Message, in_language


def say(message: Message, language: str, **values: object) -> str:
    """The message in "zh" or "en", with values in its {braces}."""
    text = in_language(message, language)
    return text.format(**values) if values else text


CERTAIN = Message("certain", "certain 确定")
LIKELY = Message("likely", "likely 很可能")
GUESS = Message("guess", "guess 猜测")
QUESTION = Message("by the question's code only: check", "仅凭题号：请核对")
PERSONAL = Message("personal: never imported", "个人信息：不导入")
CUMULATIVE = Message("cumulative, not of one year: left", "累计数，非当年数：不导入")
NO_COLUMN = Message("no column of this table", "本表没有对应列")
OTHER_YEAR = Message("of another year", "属其他年份")
ELSEWHERE = Message("goes into {table}", "归入 {table}")
UNIT_HEADING = Message("{unit} in the heading", "单位 {unit}（表头）")
UNIT_TITLE = Message("{unit} in the title", "单位 {unit}（标题）")
UNIT_OWN = Message("{unit}, unit of the data model", "单位 {unit}（数据模型）")
UNIT_COLUMN = Message("unit in a column of its own", "单位另列")
UNIT_EACH = Message("unit read from each sheet", "单位按各表读取")
UNIT_NONE = Message("no unit is written anywhere: give it", "未写单位：请补写")
UNIT_CLASH = Message("the heading names several units: give one", "表头有多个单位：请写明其一")
MONTHS = Message('months without a day? then add day = "first"', '有缺日的日期？如是，请加 day = "first"')
BLANKS = Message(
    "blanks? if they repeat the value above, add fill = true", "有空格？如应沿用上一行，请加 fill = true"
)
OPTIONAL = Message("not in every sheet", "非各表都有")
CODES_LABELS = Message("codes by the labels in the file", "代码按文件中的值标签")
CODES_DECLARED = Message("missing codes as declared in the file", "缺失码按文件声明")
CODES_VALUES = Message("standard codes that the column's range excludes", "超出取值范围的常用缺失码")
CODES_OPEN = Message("say what the codes {codes} mean", "请写明代码 {codes} 的含义")
YEAR_COLUMN = Message("in a column", "在列中")
YEAR_SHEET = Message("in the sheets' names", "在工作表名中")
YEAR_TITLE = Message("in the titles", "在标题中")
YEAR_FILE = Message("in the file's name", "在文件名中")
YEAR_HEADINGS = Message("in the headings", "在表头中")
YEAR_NONE = Message(
    "no year was found: write it, or the heading of its column", "没有找到年份：请写明年份，或映射年份列"
)
VINTAGE_NAMES = Message("year in the names of file or sheet", "文件名或表名中的年份")
TOWNSHIP_SHEET = Message("the sheets' names are townships", "工作表名即乡镇")
TOWNSHIP_FILE = Message("the file's name is a township", "文件名即乡镇")
TAKEN = Message("taken from the name or title", "取自名称或标题")
KEY_NONE = Message("nothing found for {name}: map one of {ways}", "没有找到 {name}：请映射 {ways} 之一")
ITEMS = Message("items down the side", "项目在左侧逐行排列")
NEAREST = Message("nearest: {names}", "相近的列：{names}")
PLACES = {"sheet": YEAR_SHEET, "title": YEAR_TITLE, "file": YEAR_FILE}
NOT_SHOWN = Message("a heading that holds a number of a person is not shown", "含个人号码的表头不显示")
