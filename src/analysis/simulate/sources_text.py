"""The sections [sources] of a written study: what incomes consist of, and the links that the survey measures."""

from __future__ import annotations

# outcome: column, zh, en, taken off
PARTS = {
    "operating_surplus": (
        ("ci_operating_income", "经营收入", "operating income", False),
        ("ci_contract_income", "发包及上交收入", "contract income", False),
        ("ci_investment", "投资收益", "investment income", False),
        ("ci_operating_cost", "经营支出", "operating cost", True),
        ("ci_admin_cost", "管理费用", "administration", True),
    ),
    "total_income": (
        ("ci_operating_income", "经营收入", "operating income", False),
        ("ci_contract_income", "发包及上交收入", "contract income", False),
        ("ci_investment", "投资收益", "investment income", False),
        ("ci_subsidy", "补助收入", "subsidies", False),
        ("ci_other", "其他收入", "other income", False),
    ),
    "member_income": (
        ("inc_wage", "工资性收入", "wages", False),
        ("inc_business", "经营净收入", "business (orchard and other)", False),
        ("inc_property", "财产净收入", "property (dividends, rent)", False),
        ("inc_transfer", "转移净收入", "transfers", False),
    ),
}

# link: column, divided by, unit; of the survey, for members
LINKS = {
    "price": ("peach_revenue", "peach_kg", "yuan per kg"),
    "yield": ("peach_kg", "peach_mu", "kg per mu"),
    "cost": ("peach_cost", "peach_mu", "yuan per mu"),
    "area": ("peach_mu", "", "mu"),
}


def sources_toml() -> list[str]:
    """Lines of study.toml."""
    lines = []
    for outcome, parts in PARTS.items():
        for column, zh, en, minus in parts:
            lines += ["", f"[sources.{outcome}.components.{column}]"]
            lines += [f'label = {{ zh = "{zh}", en = "{en}" }}'] + (["minus = true"] if minus else [])
    for link, (column, per, unit) in LINKS.items():
        lines += ["", f"[sources.member_income.links.{link}]", 'table = "household_wave"']
        lines += [f'column = "{column}"'] + ([f'per = "{per}"'] if per else []) + [f'unit = "{unit}"']
    return lines
