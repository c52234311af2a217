"""The section [membership] of a written study, and the labels of the survey's columns that it names."""

from __future__ import annotations

SURVEY_LABELS = {
    "peach_mu": ("桃园面积（亩）", "peach land (mu)"),
    "hh_size": ("家庭人口", "persons in household"),
    "labour": ("劳动力", "persons of working age"),
    "head_age": ("户主年龄", "age of head"),
    "head_edu": ("户主受教育年限", "schooling of head (years)"),
    "head_female": ("户主为女性", "head is a woman"),
    "head_party": ("户主为党员", "head is a Party member"),
    "low_income": ("监测或享受政策的低收入户", "registered low-income household"),
}

SECTION = """
[membership]
table = "household_wave"
unit = "hh_id"
time = "year"
village = "village_id"
member = "member"
outcome = "member_income"
others = "nonmember_income"
village_mean = "village_mean_income"
baseline = 2019
compared = 2022
covariates = ["peach_mu", "hh_size", "labour", "head_age", "head_edu", "head_female", "low_income"]
low_income = "low_income"

[membership.instruments.head_party]
reason = { zh = "党员户主更可能被动员带头入社；户主是否党员本身不改变桃园经营、务工和其他收入", en = "Party members are called on to join first; being one changes neither orchard, wages nor other income by itself" }
"""
