"""Which values look like names of persons: two to four Han characters that begin with a common surname."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# The commonest surnames of the 2020 census order, about 220, enough for nineteen persons of twenty
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪"
    "廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文庞樊兰殷施洪翟安颜倪牛温"
    "季俞章鲁葛毕伍岳齐伊梅舒辛管祝左涂霍詹祁耿关兰焦柳甘欧阮尚纪柴穆解卓凌滕路裴盛曲谷包鲍邢宁司阎娄牟闵申靳骆岑仇褚匡"
    "臧桑卞蒲栾苗屈习成庄游戚卫公隋冉鞠晏宫类逄傅窦苟佟郁边麻巩车翁房连聂冷时项喻米古计池楼丛束荆应华"
)
TWO_CHARACTERS = "欧阳 上官 司马 诸葛 司徒 夏侯 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 东方 南宫 端木"
# Ends of village, place and organisation names that given names do not have
PLACE_ENDS = "村庄屯寨峪沟洼崖埠坡店集堡坪埝旺疃官庙铺圈镇乡县市区社厂场站坑坳塬畈坞渡磨篱垛岭湾塘滩坝桥园队组街巷路院部所委局处家"
AT_LEAST = 4  # values; of fewer nothing can be said
SHARE = 0.7
_NAME = (
    rf"^(?:[{SURNAMES}][\u4e00-\u9fff]{{1,2}}|(?:{'|'.join(TWO_CHARACTERS.split())})[\u4e00-\u9fff]{{1,2}})$"
)
_PLACE = rf"(?:[{PLACE_ENDS}]$)|^.家."


def share_of_names(values: pd.Series) -> float:
    """Share of the values that look like names of persons; 0.0 where they repeat too often or are too few.

    values : text without missing and empty values, any index. Villages (北楼村, 张家庄) and varieties (黄金蜜, again
    and again) are no names. A suspicion to be asked about, never a proof.
    """
    if len(values) < AT_LEAST:
        return 0.0
    distinct = values.drop_duplicates()
    if len(distinct) < min(0.5 * len(values), 200):
        return 0.0
    alike = distinct.str.contains(_NAME, regex=True) & ~distinct.str.contains(_PLACE, regex=True)
    return float(values.isin(distinct[alike.astype(bool)]).mean())
