"""The words of the written study: study.toml and README.md."""

from __future__ import annotations

from analysis.simulate.county import SimulatedCounty
from analysis.simulate.membership_text import SECTION, SURVEY_LABELS
from analysis.simulate.plan_text import SECTION as PLAN
from analysis.simulate.robustness_text import SECTION as ROBUSTNESS
from analysis.simulate.sources_text import sources_toml

# first line of study.toml
MARK = "# Synthetic county (simulated data); written by `coopeval simulate`, not by hand."

TITLE = (
    "合成县（模拟数据）党组织领办合作社评估",
    "Synthetic county (simulated data): Party-led cooperatives",
)
VILLAGE_COVARIATES = ("cadre_proxy", "land_per_hh_mu", "precoop_2019", "dist_county_km", "log_ci_baseline")
HOUSEHOLD_COVARIATES = ("peach_mu", "hh_size", "head_age", "head_edu")

# key: file, columns that identify a row, what it holds (zh, en)
PLAIN_TABLES = {
    "coop": ("coop.csv", ("coop_id",), "村党组织领办合作社名录", "cooperatives"),
    "coop_year": ("coop_year.csv", ("coop_id", "year"), "合作社年度账目", "yearly accounts of cooperatives"),
    "federation": ("federation.csv", ("fed_id",), "联合社名录", "federations"),
    "household_wave": (
        "household_wave.parquet",
        ("hh_id", "year"),
        "农户调查四期",
        "household survey, four waves",
    ),
    "price_year": (
        "price_year.csv",
        ("year",),
        "蜜桃价格与成本",
        "peach price and cost, sourced or invented",
    ),
    "township": ("township.csv", ("township_code",), "乡镇名录（名称为虚构）", "townships, names invented"),
}

# the same for the registers, spells and events: columns that identify a row, what it holds (zh, en), unit of a row
REGISTERS = {
    "village": (("village_id",), "村名录（名称为虚构）", "villages, names invented", "village"),
    "village_xwalk": (
        ("vintage", "code", "village_id"), "各年区划代码与村对照", "code lists of all years and their villages",
        "line of a code list",
    ),
    "household": (("hh_id",), "农户名册", "register of sampled households", "household"),
    "membership": (("hh_id", "coop_id", "from_date"), "社员起止", "membership spells", "household, coop and spell"),
    "coop_village": (
        ("coop_id", "village_id", "from_date"), "合作社与村对应起止", "spells of coops in villages",
        "coop, village and spell",
    ),
    "coop_fed": (
        ("coop_id", "fed_id", "from_date"), "合作社与联合社对应起止", "spells of coops in federations",
        "coop, federation and spell",
    ),
    "price_monitor": (
        ("point_id", "variety", "date"), "蜜桃价格监测", "peach prices at monitoring points",
        "point, variety and day",
    ),
    "shock": (("shock_id",), "灾害记录", "hail, drought and frost", "event"),
    "fund_project": (("project_id",), "扶持资金项目", "grants to villages", "project"),
    "assessment": (("coop_id", "year", "item"), "督导考核得分", "inspection scores", "coop, year and item"),
}  # fmt: skip

# key: zh, en, name_status, dimension; D2.1 and the working labels of D2.2
MODELS = {
    "M01": ("村社共建、村企合作", "village and coop co-build, enterprise partner", "county", "operation"),
    "M02": ("流转焕新、联合共进", "land transfer, joint progress", "county", "land"),
    "M03": (
        "土地入股、产销统一",
        "land as shares, unified production and sales",
        "county",
        "land and operation",
    ),
    "M04": ("订单电商型", "order and e-commerce sales", "working", "operation"),
    "M05": ("加工园区型", "processing park", "working", "operation"),
    "M06": ("果园托管型", "orchard trusteeship", "working", "service"),
    "M07": ("农资劳务型", "inputs and labour service", "working", "service"),
    "M08": ("生态循环种养型", "circular ecology", "working", "ecology"),
    "M09": ("民宿采摘型", "homestay and picking tourism", "working", "tourism"),
    "M10": ("联合飞地资产型", "joint or enclave asset", "working", "other"),
}

# key: table, column, concept, zh, en, file and column of the true effect
OUTCOMES = {
    "operating_surplus": (
        "village_year", "ci_operating_surplus", "collective_income", "村集体经营收益（不含补助）",
        "Collective operating surplus (without subsidies)", "village_effects.csv", "effect_collective",
    ),
    "total_income": (
        "village_year", "ci_total", "collective_income", "村集体总收入（含补助）",
        "Collective total income (with subsidies)", "village_effects.csv", "effect_collective",
    ),
    "member_income": (
        "household_year", "inc_disposable", "household_income", "社员户可支配收入",
        "Disposable income of member households", "household_effects.parquet", "effect_member",
    ),
    "nonmember_income": (
        "household_spillover", "inc_disposable", "household_income", "非社员户可支配收入（溢出效应）",
        "Disposable income of non-member households (spillover)",
        "household_effects.parquet", "effect_spillover",
    ),
    "village_mean_income": (
        "village_year", "hh_income_mean", "household_income", "村户均可支配收入（社员与非社员合计）",
        "Village mean household income (members and non-members)",
        "village_effects.csv", "effect_mean_income",
    ),
}  # fmt: skip

BASELINE_LABELS = {
    "cadre_proxy": ("村干部能力（观测代理值）", "cadre quality (recorded proxy, s.d. 1)"),
    "land_per_hh_mu": ("户均桃园（亩）", "peach land per household (mu)"),
    "precoop_2019": ("2019年前已有合作社", "had a cooperative before 2019"),
    "dist_county_km": ("距县城（公里）", "distance to county seat (km)"),
    "log_ci_baseline": (
        "2015-2019年均经营收益（反双曲正弦，万元）",
        "mean operating surplus 2015-19 (asinh, 10,000 yuan)",
    ),
    "households": ("户数", "households"),
    "first_secretary": ("第一书记驻村", "first secretary posted"),
    "sec_age": ("书记年龄", "secretary's age"),
    "hill_share": ("山地占比", "share of hills"),
}
VILLAGE_DESCRIBED = (*VILLAGE_COVARIATES, "households", "first_secretary", "sec_age", "hill_share")

TRUTH_README = """# Truth of the synthetic county (simulated data)

What cooperatives really changed in this county, known because it was simulated. Only figures and tests that
compare an estimate with the truth read these files; no estimator and no table given to one does.

| file | unit, keys | columns, yuan |
|---|---|---|
| village_effects.csv | village and year | effect_collective, effect_mean_income |
| household_effects.parquet | household and year | effect_member, effect_spillover |
| truth.json | - | averages by outcome and estimand, and all parameters |

effect_collective is that on operating surplus and on total income alike; effect_mean_income is the mean over
the sampled households of a village.
"""


def files() -> list[str]:
    """The files of a study's tables."""
    return [
        "village_year.csv",
        "household_year.parquet",
        *(file for file, *_ in PLAIN_TABLES.values()),
        *(f"{key}.csv" for key in REGISTERS),
    ]


def study_toml(digests: dict[str, str], seed: int) -> str:
    """study.toml of a simulated county; `digests` by file name."""
    parts = [
        MARK,
        "[study]",
        'name = "demo_county"',
        f"title = {_text(*TITLE)}",
        "synthetic = true",
        f"unit_label = {_text('村', 'village')}",
        *_panel_tables(digests),
    ]
    for key, (file, columns, zh, en) in PLAIN_TABLES.items():
        parts += [
            "", f"[tables.{key}]", f'file = "{file}"',
            f'sha256 = "{digests[file]}"', f"key = {_list(columns)}",
            f"description = {_text(f'{zh}（模拟数据）', f'{en} (simulated data)')}",
        ]  # fmt: skip
        parts += _described(key, SURVEY_LABELS) if key == "household_wave" else []
    for key, (columns, zh, en, _) in REGISTERS.items():
        parts += [
            "", f"[tables.{key}]", f'file = "{key}.csv"',
            f'sha256 = "{digests[f"{key}.csv"]}"', f"key = {_list(columns)}",
            f"description = {_text(f'{zh}（模拟数据）', f'{en} (simulated data)')}",
        ]  # fmt: skip
    for key, (table, column, concept, zh, en, _, _) in OUTCOMES.items():
        parts += ["", f"[outcomes.{key}]", f'table = "{table}"', f'column = "{column}"', 'unit = "yuan"']
        parts += [f'concept = "{concept}"', f"label = {_text(zh, en)}"]
        parts += ["primary = true"] if key == "operating_surplus" else []
    parts += [
        "",
        "[design]",
        'comparison_group = "not_yet_treated"',
        'base_period = "varying"',
        "anticipation = 0",
        f"covariates = {_list(VILLAGE_COVARIATES)}",
        'adjustment = "doubly_robust"',
        'estimators = ["group_time", "imputation", "saturated", "twfe"]',
        "conf_level = 0.95",
        f"seed = {seed}",
        "min_treated_units = 5",
    ]
    for key, (zh, en, status, dimension) in MODELS.items():
        parts += ["", f"[models.{key}]", f"label = {_text(zh, en)}", f'name_status = "{status}"']
        parts += [f'dimension = "{dimension}"']
    parts += ["", "[truth]", 'folder = "truth"']
    for key, (*_, file, column) in OUTCOMES.items():
        parts += ["", f"[truth.effects.{key}]", f'file = "{file}"', f'column = "{column}"']
    parts += [SECTION.rstrip("\n")]
    parts += sources_toml()
    parts += [PLAN.rstrip("\n")]
    parts += [ROBUSTNESS.rstrip("\n")]
    parts += ["", "[release]", 'audience = "internal"', ""]
    return "\n".join(parts)


def _panel_tables(digests: dict[str, str]) -> list[str]:
    village, household = "village_year.csv", "household_year.parquet"
    return [
        "",
        "[tables.village_year]",
        f'file = "{village}"',
        f'sha256 = "{digests[village]}"',
        'unit = "village_id"',
        'time = "year"',
        'cohort = "first_coop_year"',
        "never = [0]",
        'cluster = "village_id"',
        'model = "model"',
        'group = "township_code"',
        f"description = {_text('村年度面板（模拟数据）', 'village-year panel (simulated data)')}",
        *_described("village_year", {name: BASELINE_LABELS[name] for name in VILLAGE_DESCRIBED}),
        *_household_table("household_year", "member_cohort", "exposed_nonmember", digests[household]),
        *_household_table("household_spillover", "village_cohort", "is_member", digests[household]),
    ]


def _household_table(key: str, cohort: str, excluded: str, digest: str) -> list[str]:
    zh, en = {
        "household_year": (
            "农户年度面板，社员户与未组建村农户",
            "household-year panel, members against villages without a coop",
        ),
        "household_spillover": ("农户年度面板，非社员户", "household-year panel, non-members"),
    }[key]
    return [
        "",
        f"[tables.{key}]",
        'file = "household_year.parquet"',
        f'sha256 = "{digest}"',
        'unit = "hh_id"',
        'time = "year"',
        f'cohort = "{cohort}"',
        "never = [0]",
        'cluster = "village_id"',
        'group = "township_code"',
        'level = "household"',
        f'exclude = ["{excluded}"]',
        f"covariates = {_list(HOUSEHOLD_COVARIATES)}",
        f"description = {_text(f'{zh}（模拟数据）', f'{en} (simulated data)')}",
        *_described(key, {name: SURVEY_LABELS[name] for name in HOUSEHOLD_COVARIATES}),
    ]


def _described(table: str, labels: dict[str, tuple[str, str]]) -> list[str]:
    return [
        f"[tables.{table}.describe]",
        *(f"{column} = {_text(*label)}" for column, label in labels.items()),
    ]


def _text(zh: str, en: str) -> str:
    return f'{{ zh = "{zh}", en = "{en}" }}'


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def readme(county: SimulatedCounty) -> str:
    """README.md of a written study: every table with unit, keys, source, licence and readers."""
    rows = {
        "village_year.csv": ("village and year", "village_id, year", county.village_year),
        "household_year.parquet": ("household and year", "hh_id, year", county.household_year),
        "household_wave.parquet": ("household and survey year", "hh_id, year", county.household_wave),
        "coop.csv": ("cooperative", "coop_id", county.coop),
        "coop_year.csv": ("cooperative and year", "coop_id, year", county.coop_year),
        "federation.csv": ("federation", "fed_id", county.federation),
        "price_year.csv": ("year, whole county", "year", county.price_year),
        "township.csv": ("township", "township_code", county.township),
    }
    rows |= {
        f"{name}.csv": (unit, ", ".join(keys), getattr(county, name))
        for name, (keys, _, _, unit) in REGISTERS.items()
    }
    listed = "\n".join(
        f"| {file} | {unit} | {keys} | {len(frame):,} | simulated, synthetic | MIT | anyone |"
        for file, (unit, keys, frame) in rows.items()
    )
    surplus = county.village_year.query("year == 2019")["ci_operating_surplus"]
    return README.format(
        tables=listed,
        seed=county.county.seed,
        mean=round(surplus.mean()),
        median=round(surplus.median()),
        under=(surplus < 30_000).mean(),
    )


README = """# Synthetic county (simulated data) · 合成县（模拟数据）

Every village, household and cooperative here is invented; no row describes a real place or person. Sizes,
price swings and income levels are calibrated to published totals, so that methods meet the difficulties of a
real county. 本目录所有村、户、合作社均为虚构的模拟数据，不对应任何真实地点或个人。

Written by `coopeval simulate` with seed {seed}; all parameters are in `truth/truth.json`. Same parameters,
same bytes.

| file | unit of observation | keys | rows | source | licence | who may see it |
|---|---|---|---|---|---|---|
{tables}

- Money in whole yuan, land in mu (15 mu = 1 ha), weight in kg, rates 0-1, true/false as 1/0. Codes are text:
  township codes start with zeros, as no real code does.
- `first_coop_year`, `member_cohort`, `village_cohort`: 0 = never. Coops that close keep their first year.
- Village columns other than `ci_*`, `coop_active` and `hh_income_mean` are baselines, constant within a
  village. `cadre_proxy` is a noisy record of cadre quality; the quality itself is recorded nowhere.
- `ci_total` = operating + contract + investment + subsidy + other. `ci_operating_surplus` = operating +
  contract + investment - operating cost - administration; it is the calibrated collective income (2019: mean
  {mean:,} yuan, median {median:,}, {under:.0%} of villages under 30,000). Grants of 500,000 yuan enter
  `ci_subsidy` only: look at both outcomes.
- `log_ci_baseline` = asinh of the mean operating surplus 2015-2019 in 10,000 yuan.
- `household_year` holds all sampled households. For effects on members, `exposed_nonmember` marks who is left
  out: non-members in villages with a coop. For spillovers, `is_member` marks the members left out.
- `coop.is_demo_county` marks 18 coops chosen because their members earned most in 2021; they prove nothing.
- `coop_year`: no accounts after a coop closed, `status` says how. `surplus` = `revenue` - `cost`;
  `distributable` = patronage + both dividends + reserve + risk fund; `capital_total` = collective + member +
  firm.
- `price_year`: its source columns mark what stands on a published total and what is invented.
- `village_xwalk`: the lists of villages of 2017 to 2023 (invented, as all names) and the village of 2021 that each
  line belongs to, by `weight`. `household.register_no` was issued by the village of `village_code_2017`; after
  mergers a number occurs several times in a village.
- Spells (`membership`, `coop_village`, `coop_fed`) have an empty `to_date` while they last. `membership` holds
  sampled households only; nobody leaves before the coop closes.
- `price_monitor` in yuan per kg; `price_max` is empty where no highest price was noted. `shock.severity` = share of
  the yield lost; hail is the hail in the incomes, frost and drought cost nothing here. `fund_project` are the grants
  in `ci_subsidy`. `assessment`: the items of a coop and year add up to the band of its `tier`.
- `truth/` holds the true effects and is not for estimators.
"""
