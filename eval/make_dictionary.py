"""Make ``index.glossary``'s two tables from CC-CEDICT's text: ``python -m eval.make_dictionary cedict_ts.u8 FOLDER``.

``cedict.tsv.gz``, one line a word: the Simplified word, a tab, then its glosses as English stems, ``/`` between them.
Notes, classifier marks, cross-references and pronunciations are dropped; explanations longer than five words are cut to
their head. ``glosses.tsv.gz``, one line a gloss or a word of one: the stems, a tab, ``word:rank`` for each word that
means them whole, a tab, the same for words whose longer glosses hold them: ``h`` after the rank where they are the
gloss's head, else ``p``; ``*`` in place of too many of them.
"""

from __future__ import annotations

import argparse
import gzip
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from index.glossary import TOO_MANY, reversed_entries
from index.words import STOP_WORDS, stem

__all__ = ["chinese_lines", "convert", "english_lines", "gloss_stems", "main"]

_ENTRY = re.compile(r"^(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*$")
_SKIP = re.compile(
    r"^(CL:|variant of|old variant|archaic variant|erroneous variant|see |see also|also written|also pr\.|pr\. "
    r"|surname |used in |\(?Taiwan(?:ese)? pr\.|Japanese variant|Kangxi|component in|radical in|abbr\. of)"
)
_HEADER = (
    "# CC-CEDICT, (c) its contributors, CC BY-SA 4.0; reduced to Simplified words and stemmed glosses (see NOTICE)\n"
)
_LONGEST = 5
_MOST_HOLDING = 40  # a stem that more words' longer glosses hold says too little


def gloss_stems(gloss: str) -> list[list[str]]:
    """The stemmed readings of one gloss: what stands before a comma, and each part between semicolons."""
    gloss = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", gloss)
    gloss = re.sub(r"abbr\. for|e\.g\..*|i\.e\..*|lit\.|fig\.|esp\..*|etc", " ", gloss)
    readings = []
    for part in gloss.split(";"):
        head = re.split(r",| in | of the | located | on the | near ", part)[0] if len(part.split()) > _LONGEST else part
        tokens = re.findall(r"[a-z0-9]+", re.sub(r"['’]s\b", "", head.lower()))
        if " of " in head and len(head.split()) <= _LONGEST:
            readings += gloss_stems(head.split(" of ")[0])  # "list of items" is also a list
        stems = [stem(token) for token in tokens if token not in STOP_WORDS and token not in ("sb", "sth", "one")]
        if 0 < len(stems) <= _LONGEST:
            readings.append(stems)
    return readings


def convert(lines: Iterable[str]) -> dict[str, list[str]]:
    """Words and their glosses, each gloss its stems joined by spaces, in the dictionary's order."""
    entries: dict[str, list[str]] = {}
    for line in lines:
        match = _ENTRY.match(line)
        if match is None or not re.search(r"[\u3400-\u9fff]", match[2]):
            continue
        glosses = entries.setdefault(match[2].lower(), [])
        for gloss in match[4].split("/"):
            if _SKIP.match(gloss):
                continue
            for stems in gloss_stems(gloss):
                text = " ".join(stems)
                if text not in glosses:
                    glosses.append(text)
    return {word: glosses for word, glosses in entries.items() if glosses}


def chinese_lines(entries: Mapping[str, Sequence[str]]) -> list[str]:
    """The table of words and their glosses."""
    return [f"{word}\t{'/'.join(glosses)}" for word, glosses in sorted(entries.items())]


def english_lines(entries: Mapping[str, Sequence[str]]) -> list[str]:
    """The table of glosses, and of the stems that a few longer glosses hold, with their words."""
    whole, holding = reversed_entries(dict(sorted(entries.items())))
    keys = sorted({*whole, *holding})
    return [f"{key}\t{_field(whole.get(key, {}))}\t{_held(holding.get(key, {}))}" for key in keys]


def _held(marks: Mapping[str, str]) -> str:
    return _field(marks) if len(marks) <= _MOST_HOLDING else TOO_MANY


def _field(marks: Mapping[str, str]) -> str:
    return " ".join(f"{word}:{mark}" for word, mark in marks.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="CC-CEDICT as text, UTF-8")
    parser.add_argument("target", type=Path, help="the folder of both tables")
    arguments = parser.parse_args()
    entries = convert(arguments.source.read_text(encoding="utf-8").splitlines())
    for name, lines in (("cedict.tsv.gz", chinese_lines(entries)), ("glosses.tsv.gz", english_lines(entries))):
        text = _HEADER + "".join(f"{line}\n" for line in lines)
        (arguments.target / name).write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))


if __name__ == "__main__":
    main()
