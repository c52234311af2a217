"""The section [plan] of a written study: what the evaluators of the invented county decided beforehand."""

from __future__ import annotations

SECTION = """
[plan]
declared = 2019-12-20
registered = { zh = "随模拟县一并虚构，未在任何平台登记", en = "invented with the county, registered nowhere" }

[plan.families.household]
label = { zh = "农户收入", en = "Household income" }
outcomes = ["member_income", "nonmember_income", "village_mean_income"]
method = "romano_wolf"

[plan.subgroups.start]
table = "village_year"
column = "log_ci_baseline"
at = "median"
lower = { zh = "组建前集体收入较低的村", en = "villages with less collective income before" }
upper = { zh = "组建前集体收入较高的村", en = "villages with more collective income before" }
outcomes = ["operating_surplus", "village_mean_income"]

[plan.subgroups.hills]
table = "village_year"
column = "hill_share"
at = "median"
lower = { zh = "山地较少的村", en = "villages with fewer hills" }
upper = { zh = "山地较多的村", en = "villages with more hills" }
outcomes = ["operating_surplus"]

[plan.subgroups.low_income]
table = "household_wave"
column = "low_income"
year = 2019
lower = { zh = "其他农户", en = "other households" }
upper = { zh = "监测或享受政策的低收入户", en = "registered low-income households" }
outcomes = ["member_income"]

[plan.subgroups.land]
table = "household_year"
column = "peach_mu"
at = "median"
lower = { zh = "桃园较少的户", en = "households with less peach land" }
upper = { zh = "桃园较多的户", en = "households with more peach land" }
outcomes = ["member_income", "nonmember_income"]

[plan.subgroups.earlier_coop]
table = "village_year"
column = "precoop_2019"
lower = { zh = "此前没有合作社的村", en = "villages without an earlier cooperative" }
upper = { zh = "此前已有合作社的村", en = "villages with an earlier cooperative" }
outcomes = ["operating_surplus"]

[[plan.added]]
date = 2023-03-01
what = { zh = "村集体总收入（含补助）", en = "Collective total income (with subsidies)" }
why = { zh = "对外公布的数字含补助", en = "published figures include subsidies" }
outcomes = ["total_income"]

[[plan.added]]
date = 2023-03-01
what = { zh = "按此前有无合作社分组", en = "Villages with and without an earlier cooperative" }
why = { zh = "走访中有人问起", en = "asked during visits" }
subgroups = ["earlier_coop"]
"""
