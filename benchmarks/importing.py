"""Importing files: seconds, memory and numbers against reading the same table with pandas, which repairs nothing.

Three sizes: the dirty synthetic county (342 files), a ledger of 1,000,000 rows as .csv, one of 200,000 rows as .xlsx.
Limits (60 s and 2 GB per file) are those that the project promises.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

VILLAGES, YEARS = 2_000, 500  # of the million; 400 villages x 500 "years" of the workbook
LIMIT_SECONDS, LIMIT_MB = 60.0, 2_048
MAP = """
[import]
vintage = 2021
[[source]]
file = "list.csv"
table = "village_xwalk"
[source.columns]
vintage = "年份"
township_code = "乡镇代码"
township = "乡镇"
code = "代码"
name = "名称"
[[source]]
file = "ledger*"
table = "household_year"
vintage = 2021
[source.columns]
village_code = "村代码"
hh_id = "户编码"
year = "年份"
inc_wage = "工资性收入(元)"
inc_business = "经营净收入(元)"
inc_property = "财产净收入(元)"
inc_transfer = "转移净收入(元)"
peach_mu = "桃园面积(亩)"
hh_size = "家庭人口"
head_age = "户主年龄"
"""


def main(arguments: list[str]) -> int:
    """Print the table; exit code 1 if a limit is passed or a table does not come back."""
    options = argparse.ArgumentParser(prog="benchmarks importing", description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="last line: all figures as JSON")
    options.add_argument("--one", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    given = options.parse_args(arguments)
    if given.one:
        return _one(*given.one)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what in ("county", "csv", "xlsx"):
            place = folder / what
            place.mkdir()
            n_rows, n_files, megabytes = _write(what, place)
            ours = _measured("import", what, place)
            peer = _measured("pandas", what, place) if what != "county" else None
            rows.append(
                {"what": what, "files": n_files, "rows": n_rows, "mb": megabytes, "ours": ours, "peer": peer}
            )
            print(_line(rows[-1]), flush=True)
    ok = all(
        r["ours"]["same"] and (r["what"] == "county" or r["ours"]["seconds"] < LIMIT_SECONDS) for r in rows
    )
    ok &= all(r["ours"]["mb"] < LIMIT_MB for r in rows)
    if given.json:
        print(json.dumps({"benchmark": "importing", "rows": rows, "ok": ok}))
    return 0 if ok else 1


def _line(row: dict) -> str:
    ours, peer = row["ours"], row["peer"]
    text = f"{row['what']:7s} {row['files']:>4} files {row['rows']:>9,} rows {row['mb']:6.1f} MB: "
    text += f"{ours['seconds']:6.1f} s, {ours['mb']:5.0f} MB resident, table {'equal' if ours['same'] else 'DIFFERENT'}"
    if peer:
        text += f"; pandas {peer['seconds']:5.1f} s, {peer['mb']:5.0f} MB: ratio {ours['seconds'] / peer['seconds']:.1f}"
    return text


def _write(what: str, folder: Path) -> tuple[int, int, float]:
    if what == "county":
        from analysis.simulate import County, simulate
        from analysis.simulate.raw import write_dirty

        write_dirty(simulate(County()), folder)
        files = [p for p in (folder / "raw").rglob("*") if p.is_file()]
        rows = sum(len(pd.read_csv(p)) for p in (folder / "clean").glob("*.csv"))
        rows += sum(len(pd.read_parquet(p)) for p in (folder / "clean").glob("*.parquet"))
        return rows, len(files), sum(p.stat().st_size for p in files) / 1e6
    n = 1_000_000 if what == "csv" else 200_000
    table = _ledger(n)
    codes = sorted(table["村代码"].unique())
    names = pd.DataFrame(
        {
            "年份": 2021,
            "乡镇代码": "000000101",
            "乡镇": "云岑镇",
            "代码": codes,
            "名称": [f"村{code[-5:]}号村" for code in codes],
        }
    )
    names.to_csv(folder / "list.csv", index=False)
    (folder / "MAP.toml").write_text(MAP, encoding="utf-8")
    table.to_parquet(folder / "truth.parquet")
    file = folder / f"ledger.{what}"
    if what == "csv":
        table.to_csv(file, index=False, encoding="gb18030")
    else:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("台账")
        sheet.append(list(table.columns))
        for row in table.itertuples(index=False):
            sheet.append(row)
        book.save(file)
    return n, 1, file.stat().st_size / 1e6


def _ledger(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    households = n // 10
    village = np.array([f"0000001012{k:02d}" for k in range(100)])
    of = np.repeat(np.arange(households) % 100, 10)
    money = {
        name: rng.integers(0, 60_000, n)
        for name in ("工资性收入(元)", "经营净收入(元)", "财产净收入(元)", "转移净收入(元)")
    }
    return pd.DataFrame(
        {
            "村代码": village[of],
            "户编码": np.repeat(np.array([f"H{k:06d}" for k in range(households)]), 10),
            "年份": np.tile(np.arange(2015, 2025), households),
            **money,
            "桃园面积(亩)": rng.uniform(0.3, 9, n).round(2),
            "家庭人口": rng.integers(1, 8, n),
            "户主年龄": rng.integers(25, 80, n),
        }
    )


def _measured(how: str, what: str, folder: Path) -> dict:
    """Seconds, resident size and whether the table came back, in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent), "importing", "--one", f"{how}:{what}", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"importing {what} with {how}: {done.stderr[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _one(how_what: str, folder_name: str) -> int:
    how, what = how_what.split(":")
    folder = Path(folder_name)
    started = time.perf_counter()
    same = True
    if how == "pandas":
        file = folder / f"ledger.{what}"
        text = {"村代码": str, "户编码": str}
        if what == "csv":
            pd.read_csv(file, encoding="gb18030", dtype=text)
        else:
            pd.read_excel(file, engine="calamine", dtype=text)
    else:
        from analysis.intake import importing
        from analysis.intake.mapping import read_map

        raw = folder / "raw" if what == "county" else folder
        paths = (
            importing.expand([raw]) if what == "county" else [folder / "list.csv", folder / f"ledger.{what}"]
        )
        made = importing.import_files(
            paths, read_map(raw / "MAP.toml"), folder / "out", lambda _: None, base=raw
        )
        seconds = time.perf_counter() - started
        same = _same(what, folder, made.tables)
    if how == "pandas":
        seconds = time.perf_counter() - started
    print(
        json.dumps(
            {
                "seconds": seconds,
                "mb": _peak(),
                "same": same,
            }
        )
    )
    return 0


def _peak() -> float:
    """Largest resident size of this process, MB; ru_maxrss would begin with that of the process that started it."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def _same(what: str, folder: Path, tables: dict[str, pd.DataFrame]) -> bool:
    if what == "county":
        clean = [p for p in (folder / "clean").iterdir() if p.suffix in {".csv", ".parquet"}]
        return all(p.read_bytes() == (folder / "out" / p.name).read_bytes() for p in clean)
    truth = pd.read_parquet(folder / "truth.parquet").sort_values(["户编码", "年份"], ignore_index=True)
    got = tables["household_year"]
    pairs = (
        ("hh_id", "户编码"),
        ("year", "年份"),
        ("inc_wage", "工资性收入(元)"),
        ("peach_mu", "桃园面积(亩)"),
    )
    return len(got) == len(truth) and all((got[a].to_numpy() == truth[b].to_numpy()).all() for a, b in pairs)
