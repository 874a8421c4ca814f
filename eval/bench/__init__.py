"""``wenju bench WHAT --data DIR``: measures one stage on a folder in the documented formats (see ``eval.data``).

Each subcommand is a module with ``configure(parser)`` and ``main(args) -> int``; one line of the table adds one.
"""

from __future__ import annotations

import argparse
import importlib

__all__ = ["COMMANDS", "configure", "main"]

COMMANDS = {
    "retrieval": ("eval.bench.retrieval", "how often the passage that answers is found, per language pair"),
    "faithfulness": ("eval.bench.faithfulness", "how well supported claims are told from unsupported ones"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each benchmark to the parser of ``wenju bench``."""
    commands = parser.add_subparsers(dest="bench", metavar="WHAT", required=True)
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"Measures {summary}.")
        importlib.import_module(module).configure(command)


def main(args: argparse.Namespace) -> int:
    """Run the benchmark that was asked for; the exit code. Raises ``WenjuError``."""
    return int(importlib.import_module(COMMANDS[args.bench][0]).main(args))
