"""One pass over the questions of a set, asked as users ask them: what the benchmarks of answers, citations and refusal
share.

The corpus is one knowledge base (see ``eval.bench.collection``). With ``--answers FILE`` the answers are kept, and a
question that was answered there is not asked again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eval.bench.answer_file import AnswerFile
from eval.bench.figures import Report, grouped, in_parts, settings_of, write
from eval.bench.options import add_options, of_split, sample, save_rows
from eval.bench.retrieval import STEPS
from eval.claims import OWN_WORDS, answer_text
from eval.data import Passage, Query, read_corpus, read_queries
from eval.marks import checksum
from eval.metrics import contains
from index.errors import ConfigError, MissingExtraError, ModelError, StoreError, UsageError
from index.rules import checksums, indexing_code
from rag.types import Answer, Sentence

if TYPE_CHECKING:
    from rag.config import Config
    from rag.knowledge import KnowledgeBase

__all__ = [
    "Asked", "Asker", "Pass", "add_asking_options", "add_without", "ask_all", "asked_pass", "chosen", "configured",
    "knowledge_folder", "made_from", "open_knowledge", "print_report", "row_of",
]  # fmt: skip

# What is wrong with the whole pass, not with one question of it.
_FATAL = (ConfigError, MissingExtraError, ModelError, StoreError)
_TOLD = 20  # questions between two lines of progress


class Asker(Protocol):
    """What is asked: ``rag.KnowledgeBase``, or anything that answers as it does."""

    def ask(self, question: str, /) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its answer, None where asking failed with ``error``."""

    query: Query
    answer: Answer | None
    error: str = ""

    @property
    def refused(self) -> bool:
        """Whether the question was refused."""
        return self.answer is not None and self.answer.refused

    @property
    def answered(self) -> bool:
        """Whether it was neither refused nor failed."""
        return self.answer is not None and not self.answer.refused

    @property
    def text(self) -> str:
        """The answer without frames, marks and emphasis; empty where there is none."""
        return answer_text(self.answer) if self.answer is not None and self.answered else ""

    @property
    def quotations(self) -> list[Sentence]:
        """The pieces of the answer that are not Wenju's own words."""
        said = self.answer.sentences if self.answer is not None and self.answered else ()
        return [sentence for sentence in said if sentence.reason not in OWN_WORDS]

    @property
    def contains_gold(self) -> bool:
        """Whether the answer's text contains a gold answer."""
        return self.answered and bool(self.query.answers) and contains(self.text, self.query.answers) > 0


@dataclass(frozen=True, slots=True)
class Pass:
    """The questions asked, in order, and the passages by id; ``settings`` says how it was asked for."""

    corpus: Mapping[str, Passage]
    asked: Sequence[Asked]
    settings: Report


def add_asking_options(parser: argparse.ArgumentParser) -> None:
    """What every benchmark offers, and ``--without --answers``."""
    add_options(parser)
    add_without(parser)
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="keep the answers there; those that it holds are not asked again"
    )


def add_without(parser: argparse.ArgumentParser) -> None:
    """``--without STEP``."""
    parser.add_argument(
        "--without", action="append", choices=STEPS, default=[], metavar="STEP",
        help=f"switch a step off, may be repeated: {', '.join(STEPS)}",
    )  # fmt: skip


def asked_pass(args: argparse.Namespace, wanted: Callable[[Query], bool] = lambda query: True) -> Pass:
    """Ask the questions the options and ``wanted`` choose of ``--data``, each once. Raises ``WenjuError``."""
    corpus = read_corpus(args.data)
    queries = chosen(read_queries(args.data, {row.id for row in corpus}), args, wanted)
    config = configured(args)
    file = AnswerFile(args.answers, made_from(corpus, config))
    asked = ask_all(queries, lambda: open_knowledge(corpus, config), file)
    settings = settings_of(args, without=sorted(set(args.without)))
    return Pass({row.id: row for row in corpus}, asked, settings)


def chosen(
    queries: Sequence[Query], args: argparse.Namespace, wanted: Callable[[Query], bool] = lambda query: True
) -> list[Query]:
    """The questions the options ask for, by pair. Raises ``UsageError`` when there are none."""
    groups = grouped([query for query in of_split(queries, args.split) if wanted(query)], lambda query: query.pair)
    if not groups:
        raise UsageError(f"{args.data} holds no question of the kind that is measured: see eval.data for queries.jsonl")
    return sample(groups, args.questions, args.seed)


def ask_all(queries: Sequence[Query], open_asker: Callable[[], Asker], file: AnswerFile) -> list[Asked]:
    """Every question with its answer, from the file where it stands there; nothing is opened when all do.

    A question that fails is counted, not fatal, and asked again next time. Progress goes to stderr.
    """
    missing = sum(file.answer(query) is None for query in queries)
    if missing and not file.current:
        raise UsageError(
            f"--answers: {missing} of {len(queries)} answers are missing, and those there are of another version: "
            "give another file"
        )
    if not file.current:
        sys.stderr.write("--answers: another version of Wenju gave these answers\n")
    asker = open_asker() if missing else None
    told = _Progress(missing)
    asked: list[Asked] = []
    for query in queries:
        answer, error = file.answer(query), ""
        if answer is None and asker is not None:
            answer, error = _ask(asker, query)
            if answer is not None:
                file.append(query, answer)
            told.tell()
        asked.append(Asked(query, answer, error))
    return asked


def _ask(asker: Asker, query: Query) -> tuple[Answer | None, str]:
    try:
        return asker.ask(query.text), ""
    except Exception as error:
        if isinstance(error, _FATAL):
            raise
        return None, f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"[:300]


class _Progress:
    """Tells how many questions were asked, and how long the rest will take."""

    def __init__(self, total: int) -> None:
        self._total, self._made, self._started = total, 0, time.monotonic()

    def tell(self) -> None:
        self._made += 1
        if self._made % _TOLD == 0 or self._made == self._total:
            left = (time.monotonic() - self._started) / self._made * (self._total - self._made)
            sys.stderr.write(f"{self._made}/{self._total} questions, {left:.0f} s left\n")


def configured(args: argparse.Namespace) -> Config:
    """The configuration the options name, less the steps they switch off."""
    from eval.bench.collection import without
    from rag.config import Config

    path = getattr(args, "config", None)
    return without(Config.load(path) if path else Config(), args.without)


def open_knowledge(corpus: Sequence[Passage], config: Config) -> KnowledgeBase:
    """The knowledge base over a corpus, built when it is not there yet. Raises ``StoreError`` or ``ModelError``."""
    from eval.bench.collection import build

    return build(corpus, knowledge_folder(corpus, config), config)


def knowledge_folder(corpus: Sequence[Passage], config: Config) -> Path:
    """Where the knowledge base over a corpus stands."""
    from eval.bench.collection import cached_folder
    from index.embed import load_embeddings

    return cached_folder(corpus, load_embeddings(config.embedding).identity)


def made_from(corpus: Sequence[Passage], config: Config) -> Report:
    """What decides the answers to a question: the corpus, the settings, the installed models, and the code."""
    from index import models

    settings: dict[str, Any] = asdict(config)
    del settings["app"]  # serves answers, makes none
    return {
        "corpus": checksum(sorted([row.id, row.title, row.text] for row in corpus)),
        "configuration": settings,
        "language model": models.is_installed(models.LANGUAGE_MODEL),
        "code": checksum([_answering_code(), indexing_code()]),
    }


def _answering_code() -> list[tuple[str, str]]:
    import prompts
    import rag

    return checksums(Path(rag.__path__[0]), (".json", ".py")) + checksums(Path(prompts.__path__[0]), (".md", ".py"))


def row_of(asked: Asked) -> Report:
    """What ``--save`` writes of every question, whatever is measured."""
    return {
        "id": asked.query.id,
        "pair": asked.query.pair,
        "split": asked.query.split,
        "question": asked.query.text,
        "answers": list(asked.query.answers),
        "refused": asked.refused,
        "error": asked.error,
        "confidence": asked.answer.confidence if asked.answer is not None else None,
        "text": asked.text,
    }


def print_report(
    asked: Pass,
    args: argparse.Namespace,
    evaluate: Callable[[Sequence[Asked]], Report],
    row: Callable[[Asked], Report],
    markdown: Callable[[Report], str],
) -> int:
    """Print what a benchmark makes of a pass, its report part apart, and save its rows where asked for; the exit code.

    Raises ``UsageError`` when the rows cannot be saved.
    """
    result = in_parts(asked.asked, args.split, lambda one: one.query.split, evaluate)
    if args.save:
        save_rows(args.save, map(row, asked.asked))
    write(result | {"settings": asked.settings}, args, markdown)
    return 0
