"""The county's peach revenue, price, yield and cost by year, with what is sourced and what is invented."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.simulate.parameters import (
    INCOME_PER_HEAD,
    PEACH_COST_PER_MU,
    PEACH_KG_PER_MU,
    PEACH_REVENUE_2021,
    PEACH_REVENUE_PER_MU,
    PEACH_REVENUE_SOURCED,
    YEARS,
    County,
)

SOURCED_KG = (2017, 2018, 2019, 2021, 2022, 2023, 2024)  # years with a published output, D3.4


@dataclass(frozen=True, slots=True)
class Prices:
    """Peach by year, arrays (T,): yuan per mu, yuan per mu, kg per mu."""

    revenue_per_mu: np.ndarray
    cost_per_mu: np.ndarray
    kg_per_mu: np.ndarray


def price_path(county: County) -> Prices:
    """The path that the county's `price_path` names; "flat" is the mean of all years in every year."""
    revenue = np.array(PEACH_REVENUE_PER_MU, dtype=float)
    if county.price_path == "flat":
        revenue[:] = revenue.mean()
    else:
        revenue[YEARS.index(2021)] = PEACH_REVENUE_2021[county.price_path]
    cost = np.linspace(*PEACH_COST_PER_MU, len(YEARS)).round()
    return Prices(revenue, cost, np.array(PEACH_KG_PER_MU, dtype=float))


def price_year(prices: Prices, county: County) -> pd.DataFrame:
    """The series as a table; the source columns say which numbers stand on a published total."""
    invented = dict.fromkeys(YEARS, "invented")
    source = invented | (PEACH_REVENUE_SOURCED if county.price_path != "flat" else {})
    if county.price_path in ("official_low", "official_high"):
        source[2021] = "sourced"
    return pd.DataFrame(
        {
            "year": YEARS,
            "peach_revenue_per_mu": prices.revenue_per_mu.round().astype(int),
            "revenue_source": [source[year] for year in YEARS],
            "peach_kg_per_mu": prices.kg_per_mu.astype(int),
            "kg_source": ["sourced" if year in SOURCED_KG else "invented" for year in YEARS],
            "peach_price_per_kg": (prices.revenue_per_mu / prices.kg_per_mu).round(2),
            "peach_cost_per_mu": prices.cost_per_mu.astype(int),
            "cost_source": "invented",
            "income_per_head": INCOME_PER_HEAD,
            "income_source": "0.87 of the provincial rural income",
        }
    )
