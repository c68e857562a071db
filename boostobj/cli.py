"""The command line: ``python -m boostobj demo``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from boostobj.catalogue import markdown_table, plain_table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; by default those of the process.

    Returns
    -------
    int
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="boostobj", description="Objectives for gradient boosting."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="all losses")
    listing.add_argument("--markdown", action="store_true", help="as the README's table")
    demo = commands.add_parser("demo", help="train on 60,000 flights, compare, draw")
    demo.add_argument("--output", type=Path, default=Path("boostobj_demo.png"), help="the picture")
    demo.add_argument("--rounds", type=int, default=150, help="boosting rounds (150)")
    chosen = parser.parse_args(arguments)
    if chosen.command == "list":
        print(markdown_table() if chosen.markdown else plain_table(), end="")
        return 0
    from boostobj.demo import main as run_demo  # pandas and engines load only here

    run_demo(chosen.output, rounds=chosen.rounds)
    return 0
