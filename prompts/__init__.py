"""Prompts are files: one Markdown file per prompt and side (``answer.zh.md``), with strict ``{{name}}`` placeholders.

A file is split into messages by lines that read ``# system`` and ``# user``. The split is made before the placeholders
are filled and filling is one pass, so a value can neither open a role nor name another placeholder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["Prompt", "PromptError", "load"]

_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")
_BRACES = re.compile(r"\{\{|\}\}")
_ROLE = re.compile(r"^# (system|user)[ \t]*$", re.MULTILINE)


class PromptError(ValueError):
    """A prompt is missing or malformed, or was filled with the wrong values."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as its file gives it: ``parts`` are (role, template) pairs in order, role ``system`` or ``user``."""

    name: str
    parts: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise PromptError(f"prompt {self.name} must hold text under '# system' or '# user'")
        for _, template in self.parts:
            if _BRACES.search(_PLACEHOLDER.sub("", template)):
                raise PromptError(f"prompt {self.name} must write placeholders as {{{{lower_case}}}}")

    @property
    def placeholders(self) -> frozenset[str]:
        """The names every filling must give, no more and no less."""
        return frozenset(name for _, template in self.parts for name in _PLACEHOLDER.findall(template))

    def fill(self, **values: str) -> str:
        """The whole prompt as one text, its parts joined by an empty line.

        Raises ``PromptError`` when a placeholder has no value, a value has no placeholder, or a value is no text.
        """
        return "\n\n".join(text for _, text in self.messages(**values))

    def messages(self, **values: str) -> list[tuple[str, str]]:
        """The (role, text) pairs of the filled prompt, as LangChain takes them; raises as ``fill`` does."""
        missing, unknown = self.placeholders - values.keys(), values.keys() - self.placeholders
        if missing or unknown:
            wrong = ", ".join([f"{name} is missing" for name in sorted(missing)] + [f"{n} is unknown" for n in unknown])
            raise PromptError(f"prompt {self.name} must be filled with {sorted(self.placeholders)}: {wrong}")
        for name, value in values.items():
            if not isinstance(value, str):
                raise PromptError(f"prompt {self.name}: {name} must be text, was: {type(value).__name__}")
        return [(role, _PLACEHOLDER.sub(lambda m: values[m.group(1)], template)) for role, template in self.parts]


@cache
def load(name: str, side: str) -> Prompt:
    """The prompt ``name`` in the language of ``side`` (``zh`` or ``en``); raises ``PromptError`` when there is none."""
    file = f"{name}.{side}.md"
    if not re.fullmatch(r"[a-z_]+\.(?:zh|en)\.md", file):
        raise PromptError(f"a prompt must be a lower-case name and a side zh or en, was: {name!r}, {side!r}")
    try:
        text = (resources.files(__name__) / file).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PromptError(f"there is no prompt {file} in the prompts folder") from error
    return Prompt(file, _parts(text))


def _parts(text: str) -> tuple[tuple[str, str], ...]:
    _, *pieces = _ROLE.split(text)
    pairs = zip(pieces[::2], pieces[1::2], strict=True)
    return tuple((role, template.strip()) for role, template in pairs if template.strip())
