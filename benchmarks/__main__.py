"""Benchmarks against named peers: `python benchmarks [estimators|importing|report|robustness] [options]`; all where none is named.

estimators : group-time effects against csdid, diff-diff and moderndid (seconds, memory, numbers)
importing  : office files against plain reading with pandas (seconds, memory, tables)
report     : the report against papermill and nbconvert one after the other
robustness : wild bootstrap and specification curve against diff-diff, csdid, moderndid, wildboottest, pyfixest

Each explains its options: `python benchmarks estimators --help`.
"""

from __future__ import annotations

import sys

import estimators
import importing
import report
import robustness

BENCHMARKS = {
    "estimators": estimators.main,
    "importing": importing.main,
    "report": report.main,
    "robustness": robustness.main,
}


def main(arguments: list[str]) -> int:
    """Exit code 0 only if every benchmark that ran ended well."""
    if arguments and arguments[0] in {"-h", "--help"}:
        print(__doc__.strip())
        return 0
    if arguments and arguments[0] in BENCHMARKS:
        return BENCHMARKS[arguments[0]](arguments[1:])
    if arguments and arguments != ["--json"]:
        print(
            f"no benchmark {arguments[0]!r}; choose {', '.join(BENCHMARKS)}, or none for all",
            file=sys.stderr,
        )
        return 2
    return max(run(arguments) for run in BENCHMARKS.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
