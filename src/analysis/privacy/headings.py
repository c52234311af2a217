"""Which headings announce data about a person, in Chinese, English and pinyin."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

KINDS = (
    *("name", "id_number", "phone", "bank_account"),
    *("address", "messenger", "coordinates", "signature", "birth_date", "photograph"),
)

# What is asked about: a heading that starts or ends like this is about a person without holding who it is.
_ABOUT_START = re.compile(r"是否|有无|有没有|能否|几|多少|平均|人均|户均|第[一二三四五六七八九十\d]+次")
_ABOUT_END = re.compile(
    r"(?:年龄|学历|文化程度|文化|性别|民族|政治面貌|职务|职业|人数|户数|数量|个数|数|是否.*|类型|类别|日期|时间|年份|金额|补贴|工资|报酬|关系"
    r"|得分|评分|分数|费|费用|余额|元|得票|比例|占比|率|状态|情况|签字日期|级别|等级|任期|届数|来源|备注|说明|一肩挑|驻村|兼任|长度)$"
)
# Names of things, places and organisations
_OF_THINGS = re.compile(
    r".*(?:村|社|合作社|联合社|镇|乡|乡镇|街道|县|市|省|区|项目|单位|企业|公司|组织|机构|品种|品牌|产品|作物|地块|地名|监测点|指标|文件|栏目|表|工作组|科目"
    r"|学校|银行|部门|科室|队|小组|果园|基地|村庄|行政村|自然村|市场)(?:的)?(?:名称|名字|名|全称|简称|代码|编码|编号)?$"
)
_PERSON = (
    r"户主|理事长|副理事长|监事长|理事|监事|社长|法人代表|法定代表人|企业法人|法人|负责人|联系人|责任人|填表人|填报人|制表人|制单人|审核人|复核人|审批人"
    r"|经办人|经手人|领取人|领款人|收款人|代领人|代签人|签收人|付款人|承包人|转出方|出租人|承租人|受益人|受访者|受访人|被访者|被访人|被调查人"
    r"|调查员|访员|访问员|采价员|监测员|登记人|记录人|录入员|录入人|核查人|核实人|报送人|统计人|统计员|会计|出纳|书记|党支部书记|村主任|村长|主任|包村干部"
    r"|驻村干部|帮扶人|帮扶责任人|帮扶干部|经理|家庭成员|配偶|父亲|母亲|子女|儿子|女儿|监护人|担保人|借款人|持卡人|开户人|存款人|贷款人"
    r"|成员代表|股东|出资人|社员|成员|农户|户名|发起人|见证人|证明人|申请人|委托人|代理人|采集人|采集员|申报人|当事人|权利人|共有人|指界人"
)
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("id_number", r"身份证(?!件?类|类型|复印|照片|地址|住址)|身份号码|证件号|证件编号|公民身份|护照号|居民证|社会保障号|社保号|户口本?号"),
        ("photograph", r"照片|相片|头像|人脸|复印件|扫描件|影像"),
        ("signature", r"签字|签名|签章|签收|手印|指纹|指印|捺印|按印|盖章|画押"),
        ("phone", r"电话|手机|联系方式|联系号码|移动号|座机|固话|传真|手机号"),
        ("bank_account", r"银行卡|银行账|银行帐|卡号|账号|帐号|账户$|帐户$|存折|一卡通|一本通|社保卡|开户行|开户银行|收款账|惠农卡"),
        ("messenger", r"微信|qq号|^qq$|邮箱|电子邮件|钉钉|支付宝|抖音号|快手号"),
        ("coordinates", r"坐标|经度|纬度|经纬|gps|定位(?:信息|点位)|北斗"),
        ("address", r"住址|(?<!ip)(?<!网)地址|门牌|住所|居住地|户籍地|住宅位置|详细位置|通讯处|家庭位置|宅基地位置"),
        ("birth_date", r"出生日期|出生年月日|生日"),
        ("name", r"姓名|(?<![村镇社])名字$|称呼|曾用名|^人名$|户主名|^法人$"),
        ("name", rf"(?:{_PERSON})(?:姓名|名字|名单|名)?$"),
    )
)  # fmt: skip
_NAMED_ONLY = {
    "社员",
    "成员",
    "农户",
    "股东",
    "理事",
    "监事",
    "会计",
    "出纳",
    "主任",
    "经理",
    "家庭成员",
    "子女",
}

_ENGLISH_PARTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("id_number", frozenset({"id_card", "idcard", "id_number", "id_no", "idno", "national_id", "identity_card",
                             "identity_number", "citizen_id", "passport", "passport_no", "ssn", "id_num"})),
    ("phone", frozenset({"phone", "mobile", "telephone", "tel", "cell", "cellphone", "phone_number", "phone_no",
                         "contact", "contact_number", "mobile_no", "mobile_number", "fax"})),
    ("bank_account", frozenset({"bank_account", "account_number", "account_no", "bank_card", "card_number", "card_no",
                                "iban", "bankcard", "bank_acct", "passbook"})),
    ("address", frozenset({"address", "home_address", "addr", "street", "house_number"})),
    ("messenger", frozenset({"wechat", "weixin", "qq", "email", "e_mail", "mail"})),
    ("coordinates", frozenset({"gps", "latitude", "longitude", "lat", "lon", "lng", "coordinates"})),
    ("signature", frozenset({"signature", "fingerprint", "signed_by"})),
    ("photograph", frozenset({"photo", "photograph", "portrait"})),
    ("birth_date", frozenset({"birth_date", "date_of_birth", "dob", "birthday", "birthdate"})),
    ("name", frozenset({"name", "full_name", "fullname", "surname", "first_name", "last_name", "given_name",
                        "family_name", "firstname", "lastname", "contact_person", "contact_name"})),
)  # fmt: skip
_PERSON_WORDS = (
    "head householder household_head hh_head person farmer member respondent chair chairman chairperson owner payee "
    "director secretary manager enumerator interviewer applicant spouse father mother child legal_representative "
    "representative contact borrower holder account recipient her his user"
)
_ENGLISH_PERSONS = frozenset(_PERSON_WORDS.split())
_ENGLISH_ALONE = {
    "householder",
    "household_head",
    "contact_person",
    "legal_representative",
    "payee",
    "enumerator",
}
_PINYIN = {
    "name": "xm xingming hzxm huzhu huzhuxingming lxr lianxiren fzr fuzeren lsz lszxm frdb cyxm syxm huming",
    "id_number": "sfz sfzh sfzhm sfzhao sfzhaoma shenfenzheng shenfenzhenghao zjh zjhm zjhao gmsfhm",
    "phone": "sjh sjhm shouji shoujihao dh dhhm dianhua lxdh lxfs lianxidianhua yddh",
    "bank_account": "yhk yhkh yhzh yinhangka yinhangkahao kahao zhanghao khh",
    "address": "dz dizhi jtzz jtdz zhuzhi mph menpai menpaihao",
    "messenger": "wxh weixin weixinhao youxiang",
    "coordinates": "jd wd jingdu weidu zuobiao jwd",
}
_BY_PINYIN = {word: kind for kind, words in _PINYIN.items() for word in words.split()}


@lru_cache(maxsize=4096)
def personal_heading(text: str) -> str:
    """The kind of personal data that a heading announces (one of KINDS); "" for none.

    A flattened heading (收入/经营收入) is about a person where its last part is, or where its last part only says
    which half of a name or number stands there. Names of villages, cooperatives, projects and plots are none.
    """
    parts = [part for part in re.split(r"[/|\\>\n]+", unicodedata.normalize("NFKC", text)) if part.strip()]
    for number, part in enumerate(reversed(parts)):
        kind = _kind(part)
        if kind or (number == 0 and not re.fullmatch(r"\W*(?:号码|号|姓名|名|1|2|一|二)\W*", part)):
            return kind
    return ""


def _kind(part: str) -> str:
    note = "".join(re.findall(r"[(\[【〔](.*?)[)\]】〕]", part))
    bare = re.sub(r"[(\[【〔].*?[)\]】〕]", "", part)
    if re.search(r"[\u4e00-\u9fff]", bare):
        return _chinese(re.sub(r"[\s*:：、,，.。_\-#]+|^\d+", "", bare).lower()) or _signed(note)
    return _english(bare)


def _signed(note: str) -> str:
    return "signature" if re.search(r"签字|签名|手印|指纹", note) else ""


def _chinese(text: str) -> str:
    if _ABOUT_START.match(text) or _ABOUT_END.search(text) or _OF_THINGS.fullmatch(text):
        return "birth_date" if re.search(r"出生(?:日期|年月日)$", text) else ""
    for kind, pattern in _RULES:
        if pattern.search(text):
            # a word that also heads counts and accounts announces a name only together with 姓名
            return "" if kind == "name" and text in _NAMED_ONLY else kind
    return ""


def _english(part: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", part.strip(" *:#."))
    text = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    if text in _BY_PINYIN:
        return _BY_PINYIN[text]
    owner = re.fullmatch(r"name_of_(?:the_)?(\w+)", text)
    if owner is not None:
        text = f"{owner[1]}_name"
    for kind, names in _ENGLISH_PARTS:
        for name in names:
            before = text.removesuffix(name).rstrip("_") if text.endswith(name) else "?"
            if not before or set(before.split("_")) <= _ENGLISH_PERSONS or before in _ENGLISH_PERSONS:
                return kind
    return "name" if text in _ENGLISH_ALONE else ""
