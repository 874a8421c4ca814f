"""``wenju bench WHAT --data DIR``: measures one stage on a folder in the documented formats (see ``eval.data``).

Each subcommand is a module with ``configure(parser)`` and ``main(args) -> int``; one line of the table adds one.
"""

from __future__ import annotations

import argparse
import importlib

__all__ = ["COMMANDS", "configure", "main"]

COMMANDS = {
    "retrieval": ("eval.bench.retrieval", "how often the passage that answers is found, per language pair"),
    "answers": ("eval.bench.answers", "how often the answer holds what was asked for, and how short it is"),
    "evidence": ("eval.bench.evidence", "how often the sentence chosen of a passage is the one people marked"),
    "citations": ("eval.bench.citations", "whether quotes, numbers and marks hold, and the gold passage is cited"),
    "refusal": ("eval.bench.refusal", "how well questions that nothing answers are told from the others"),
    "followups": ("eval.bench.followups", "how many follow-ups become the question that was meant"),
    "faithfulness": ("eval.bench.faithfulness", "how well supported claims are told from unsupported ones"),
    "speed": ("eval.bench.speed", "how long searching, asking, adding documents and a cold start take"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each benchmark to the parser of ``wenju bench``."""
    commands = parser.add_subparsers(dest="bench", metavar="WHAT", required=True)
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"Measures {summary}.")
        importlib.import_module(module).configure(command)


def main(args: argparse.Namespace) -> int:
    """Run the benchmark that was asked for; the exit code. Raises ``WenjuError``."""
    from eval.bench.options import check_save

    check_save(args)
    return int(importlib.import_module(COMMANDS[args.bench][0]).main(args))
