"""What happened besides: prices at the monitoring points, bad weather, grants, inspections."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.simulate.collective import Collective
from analysis.simulate.names import TOWNSHIPS, village_ids
from analysis.simulate.parameters import YEARS, County
from analysis.simulate.prices import Prices
from analysis.simulate.villages import Villages, stream

N_POINTS = 14  # in ten townships, D3.4
FIRST_MONITORED = 2016  # D3.4
SEASON = ("06-13", "09-05")  # Mondays, Wednesdays and Fridays from mid-June to early September, D3.4
# variety: price relative to the year's mean, first and last day of its own season within the county's; own
VARIETIES = {
    "中熟白桃": (0.90, "07-05", "08-05"),
    "早熟白桃": (0.95, "06-13", "07-10"),
    "晚熟白桃": (1.05, "07-28", "09-05"),
    "晚熟黄桃": (1.15, "07-10", "08-25"),
}
NO_HIGHEST = 0.01  # share of days on which no highest price was noted, own
ITEMS = {  # inspection items with their points, 100 in all; own
    "finance": 20.0,
    "governance": 15.0,
    "income": 20.0,
    "party_building": 20.0,
    "risk": 10.0,
    "services": 15.0,
}
TIER_POINTS = {
    "T1": (90, 98),
    "T2": (75, 89.5),
    "T3": (60, 74.5),
    "T4": (45, 59.5),
}  # total score by tier, own
PURPOSES = ("orchard", "storage", "processing", "photovoltaic")
HALF = 2  # halves of a point in which inspectors score


def price_monitor(prices: Prices, county: County) -> pd.DataFrame:
    """Mean and highest price, yuan per kg, by point, variety and day; the mean follows the county's yearly price."""
    rng = stream(county, 24)
    level = np.exp(rng.normal(0, 0.06, N_POINTS))
    frames = []
    for point in range(N_POINTS):
        own = sorted(rng.choice(list(VARIETIES), 2, replace=False).tolist())
        for variety in own:
            days = _market_days(variety)
            yearly = (prices.revenue_per_mu / prices.kg_per_mu)[[YEARS.index(int(day[:4])) for day in days]]
            mean = yearly * VARIETIES[variety][0] * level[point] * np.exp(rng.normal(0, 0.08, len(days)))
            mean = np.maximum(mean, 0.3).round(2)
            highest = (mean * rng.uniform(1.1, 1.6, len(days))).round(2)
            highest[rng.random(len(days)) < NO_HIGHEST] = np.nan
            frames.append(
                pd.DataFrame(
                    {
                        "point_id": f"P{point + 1:02d}",
                        "variety": variety,
                        "date": days,
                        "price_mean": mean,
                        "price_max": highest,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def _market_days(variety: str) -> list[str]:
    _, first, last = VARIETIES[variety]
    found = []
    for year in range(FIRST_MONITORED, YEARS[-1] + 1):
        days = np.arange(np.datetime64(f"{year}-{first}"), np.datetime64(f"{year}-{last}") + 1)
        weekday = (days.astype(int) + 3) % 7  # 1970-01-01 was a Thursday
        found += [str(day) for day in days[np.isin(weekday, (0, 2, 4))]]
    return found


def shock(villages: Villages, hail: np.ndarray, county: County) -> pd.DataFrame:
    """Hail by village and year, as it lies in the households' incomes, and dry or cold spells that cost nothing.

    hail : (n, T) whether hail fell; severity : share of the yield lost
    """
    rng = stream(county, 25)
    rows = []
    for v, t in zip(*np.nonzero(hail), strict=True):
        day = np.datetime64(f"{YEARS[t]}-06-10") + int(rng.integers(0, 50))
        township = TOWNSHIPS[villages.township[v]][0]
        rows.append((township, village_ids()[v], str(day), "hail", county.hail_loss))
    rows += [(code, "", "2018-04-07", "frost", 0.0) for code, _ in TOWNSHIPS[1:4]]
    rows += [(code, "", "2024-06-12", "drought", 0.0) for code, _ in TOWNSHIPS[2:8]]
    rows.sort(key=lambda row: (row[2], row[0], row[1]))
    frame = pd.DataFrame(rows, columns=["township_code", "village_id", "date", "type", "severity"])
    frame.insert(0, "shock_id", [f"S{number:03d}" for number in range(1, len(frame) + 1)])
    return frame


def fund_project(money: Collective, county: County) -> pd.DataFrame:
    """The one-off grants that the villages' subsidies contain, by who paid them, yuan."""
    rng = stream(county, 26)
    found = [(YEARS[t], v) for v, t in zip(*np.nonzero(money.grant), strict=True)]
    found.sort()
    total = np.array([money.grant[v, YEARS.index(year)] for year, v in found], dtype=np.int64)
    central = total // 10 * rng.integers(4, 7, len(found))
    province = total // 10 * rng.integers(1, 4, len(found))
    return pd.DataFrame(
        {
            "project_id": [f"FP{number:03d}" for number in range(1, len(found) + 1)],
            "village_id": [village_ids()[v] for _, v in found],
            "year": [year for year, _ in found],
            "amount_total": total,
            "amount_central": central,
            "amount_province": province,
            "amount_local": total - central - province,
            "purpose": rng.choice(PURPOSES, len(found)).astype(object),
        }
    )


def assessment(coop_year: pd.DataFrame, county: County) -> pd.DataFrame:
    """Scores by item of every working coop and year; their sum lies in the band of the coop's tier."""
    rng = stream(county, 27)
    working = coop_year.loc[coop_year["status"] == "active", ["coop_id", "year", "tier"]]
    most = np.array([int(points * HALF) for points in ITEMS.values()])
    scores = np.empty((len(working), len(ITEMS)))
    for row, tier in enumerate(working["tier"]):
        low, high = (int(bound * HALF) for bound in TIER_POINTS[tier])
        total = int(rng.integers(low, high + 1))
        scores[row] = rng.multivariate_hypergeometric(most, total) / HALF
    return pd.DataFrame(
        {
            "coop_id": np.repeat(working["coop_id"].to_numpy(object), len(ITEMS)),
            "year": np.repeat(working["year"].to_numpy(), len(ITEMS)),
            "item": list(ITEMS) * len(working),
            "score": scores.ravel(),
            "max_score": list(ITEMS.values()) * len(working),
        }
    )
