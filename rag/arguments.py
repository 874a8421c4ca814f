"""What the commands share of argparse: wrong usage is one line, and every command takes the same three options."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import Any, NoReturn

__all__ = ["Parser", "common_options", "positive", "seed"]


_CHOICE = re.compile(r"invalid choice: '([^']*)'")


class Parser(argparse.ArgumentParser):
    """Wrong usage is one line on standard error and exit code 2."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """End the program with code 2 and one line that names the nearest option where one is unknown."""
        line = " ".join(message.split())
        self.exit(2, f"{self.prog}: {line[:300]}{self._hint(line)}; see {self.prog} --help\n")

    def _hint(self, message: str) -> str:
        if message.startswith("unrecognized arguments: "):
            unknown, known = message.split()[2].partition("=")[0], self._options()
        elif found := _CHOICE.search(message):
            unknown, known = found.group(1), [name for parser in self._commands() for name in parser]
        else:
            return ""
        near = difflib.get_close_matches(unknown, known, n=1)
        return f" (did you mean {near[0]}?)" if near else ""

    def _commands(self) -> list[dict[str, argparse.ArgumentParser]]:
        return [action.choices for action in self._actions if isinstance(action, argparse._SubParsersAction)]

    def _options(self) -> list[str]:
        parsers = [self, *(parser for commands in self._commands() for parser in commands.values())]
        return [option for parser in parsers for option in parser._option_string_actions]


def positive(value: str) -> int:
    """An option's value as a whole number of 1 or more."""
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more, was: {value[:40]}")
    return number


def seed(value: str) -> int:
    """An option's value as a whole number of 0 or more: a generator of random numbers takes no other."""
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more, was: {value[:40]}")
    return number


def common_options(parser: argparse.ArgumentParser, *, inherited: bool = False) -> None:
    """``--kb --config --json``; with ``inherited``, what was given before the command stands."""
    nothing, off = (argparse.SUPPRESS, argparse.SUPPRESS) if inherited else (None, False)
    parser.add_argument("--kb", metavar="PATH", default=nothing, help="knowledge base (default: $WENJU_KB, else ./kb)")
    parser.add_argument("--config", metavar="FILE", default=nothing, help="settings (default: the kb's wenju.toml)")
    parser.add_argument("--json", action="store_true", default=off, help="one JSON object a line on standard output")
