"""What the programme's own tables say: platforms, prices, and which values are missing."""

from __future__ import annotations

import pandas as pd

from analysis.study import Study

COOP, FEDERATION, PRICES = "coop", "federation", "price_year"  # tables of a county that records its programme


def platforms(tables: dict[str, pd.DataFrame]) -> pd.DataFrame | None:
    """Cooperatives by platform: rows platform, n_coops, n_demonstration, n_exited; None without a cooperative table.

    A cooperative without `fed_id` works alone; the row "federations" counts the federations themselves.
    """
    coops = tables.get(COOP)
    if coops is None or "fed_id" not in coops:
        return None
    federated = coops["fed_id"].notna() & (coops["fed_id"].astype(str).str.strip() != "")
    flags = {"n_demonstration": _flag(coops, "is_demo_county"), "n_exited": _flag(coops, "exit_year")}
    rows = [
        {
            "platform": name,
            "n_coops": int(inside.sum()),
            **{key: int((flag & inside).sum()) for key, flag in flags.items()},
        }
        for name, inside in (("federated", federated), ("alone", ~federated), ("all", federated | ~federated))
    ]
    return pd.DataFrame(rows)


def n_federations(tables: dict[str, pd.DataFrame]) -> int | None:
    """Number of federations; None where the study holds no table of them."""
    return len(tables[FEDERATION]) if FEDERATION in tables else None


def prices(tables: dict[str, pd.DataFrame]) -> pd.DataFrame | None:
    """The main crop's revenue per mu by year: year, value [yuan per mu], sourced; None where the study holds none."""
    found = tables.get(PRICES)
    if found is None or "peach_revenue_per_mu" not in found:
        return None
    sourced = found["revenue_source"].astype(str) != "invented" if "revenue_source" in found else True
    made = pd.DataFrame(
        {"year": found["year"], "value": found["peach_revenue_per_mu"].astype(float), "sourced": sourced}
    )
    return made.sort_values("year", ignore_index=True)


def missing(tables: dict[str, pd.DataFrame], study: Study, language: str) -> pd.DataFrame:
    """Missing values in the columns that the analysis reads: table, column, label, n_rows, n_missing."""
    rows = []
    for key, table in study.tables.items():
        if not table.is_panel:
            continue
        labels = {name: text[language] for name, text in table.describe.items()}
        labels |= {o.column: o.label[language] for o in study.outcomes.values() if o.table == key}
        for name in dict.fromkeys([*labels, *study.covariates(key)]):
            column = tables[key][name]
            counts = {"n_rows": len(column), "n_missing": int(column.isna().sum())}
            rows.append({"table": key, "column": name, "label": labels.get(name, name), **counts})
    return pd.DataFrame(rows)


def _flag(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series(False, index=frame.index)
    return pd.to_numeric(frame[column], errors="coerce").fillna(0) > 0
