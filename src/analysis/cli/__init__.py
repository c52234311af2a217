"""The command line: `coopeval report | estimate | check | import | simulate | …`, one file per command.

Nothing heavy is imported before a command needs it: an unchanged report is answered in a fraction of a second.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from analysis.messages import Message, ProjectError, in_language, reader_language

COMMANDS = ("report", "estimate", "check", "import", "template", "codebook", "simulate", "validate")
UNEXPECTED_CODE = 4
UNEXPECTED = Message(
    "an error that nobody foresaw stopped the command; the lines above hold no values of the data and may be sent on",
    "发生未预见的错误，命令已中止；以上各行不含数据中的任何取值，可转发给维护者",
)
EPILOG = """exit codes: 0 complete (or unchanged), 2 usage or parameter, 3 data refused, 4 analysis failed,
5 disclosure block, 6 environment missing, 75 busy, 130/143 interrupted

examples:
  coopeval report data/demo_county
  coopeval estimate data/published/mpdta --by event_time
  coopeval check data/demo_county
  coopeval import --suggest ledger.xlsx > MAP.toml
  coopeval import ledger.xlsx --map MAP.toml --out data/our_county
  coopeval simulate /some/folder --seed 7"""


class Parser(argparse.ArgumentParser):
    """Repeats what was typed in its complaints, and so takes numbers of persons out of them."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong, and exit with 2."""
        from analysis.privacy.redact import redact

        super().error(redact(message))


def parser() -> argparse.ArgumentParser:
    """The whole command line, with help that teaches."""
    top = Parser(
        prog="coopeval",
        description="Evaluate what village-Party-led cooperatives did to incomes, from any panel with dated adoption.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"analysis.cli.{name}")
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    Errors a reader can act on are printed without a traceback, all others with one that holds no values of the data.
    """
    try:
        given = parser().parse_args(arguments)
    except SystemExit as stop:  # argparse: 0 after --help, 2 after a usage error
        return int(stop.code or 0)
    asked = getattr(given, "lang", "") or ""
    language = reader_language(asked)
    try:
        return given.run(given)
    except ProjectError as error:
        from analysis.privacy.redact import redact

        print(f"coopeval: {redact(in_language(error, language), language)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"coopeval: {in_language(Message('interrupted', '已中断'), language)}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output left (`coopeval … | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from analysis.privacy.redact import redacted_traceback

        print(redacted_traceback(error), file=sys.stderr)
        print(f"coopeval: {in_language(UNEXPECTED, language)}", file=sys.stderr)
        return UNEXPECTED_CODE
