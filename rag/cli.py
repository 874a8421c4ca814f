"""The command line: one function a command, thin over the Python API.

Results go to standard output (with ``--json`` one JSON object a line), everything else to standard error. The exit code
is 0 when the work was done (a refusal is an answer), 1 for a named error, 2 for wrong usage, 3 for a measured bar
that was missed.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rag.arguments import Parser, common_options, positive

if TYPE_CHECKING:
    from rag.config import Config
    from rag.knowledge import KnowledgeBase
    from rag.types import IngestReport

__all__ = ["main"]

_EXAMPLES = (
    "启衡微电子2024年的营业收入是多少？",
    "嶺川半導體的先進封裝月產能是多少？",
    "Who is the general manager of Qiheng Micro?",
)
_DEFAULT_KB = "kb"
_GARBAGE_THRESHOLD = 100_000  # new objects between two looks for garbage: imports make many, and nearly all stay


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Raises ``SystemExit`` for ``--help`` and for wrong usage, as argparse does."""
    words = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(_GARBAGE_THRESHOLD)
    # Threads that wait for each other sleep: on a machine with other work they would spin away most of its time.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Chinese must not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser(words).parse_args(words)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the program ends)
        return 0
    except OSError as error:
        _tell(_reason(error))
        return 1
    return code


def _reason(error: OSError) -> str:
    """Why the system refused; a current folder that was deleted fails every path, and no error names it."""
    try:
        os.getcwd()
    except OSError:
        return "the current folder is gone: change to one that is there, then try again"
    return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"


def _run(arguments: argparse.Namespace) -> int:
    from rag.errors import WenjuError
    from rag.terminal import LineFormatter

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    loggers = [logging.getLogger(name) for name in ("index", "rag", "eval")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        command: Callable[[argparse.Namespace], int] = arguments.run
        return command(arguments)
    except WenjuError as error:
        _tell(str(error))
        return 1
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


# --- commands --------------------------------------------------------------------------------------------------------


def _chat(arguments: argparse.Namespace) -> int:
    if arguments.demo and arguments.kb is None:
        arguments.kb = str(_demo_folder())
    given = {"host": arguments.host, "port": arguments.port}
    config = _config(arguments).with_values({"app": {key: value for key, value in given.items() if value is not None}})
    from rag.app import launch
    from rag.app.evaluation import SetEvaluator
    from rag.app.server import check_address

    check_address(config.app)  # before anything slow
    folder = _folder(arguments)
    knowledge = _open(folder, config, create=True)
    if arguments.demo:
        _tell(f"the sample knowledge base is in {folder}")
        _add_to(knowledge, [_sample()])
    _warm(knowledge, config)

    def ready(address: str) -> None:
        if arguments.json:
            _emit({"address": address})
        else:
            print(f"{address} is ready; Ctrl-C stops it", flush=True)

    try:
        launch(
            knowledge,
            config.app,
            open_browser=not arguments.no_browser,
            on_ready=ready,
            examples=_EXAMPLES if arguments.demo else (),
            uploads=folder / "uploads",
            evaluator=SetEvaluator(knowledge, config, folder / "evaluations"),
        )
    except KeyboardInterrupt:
        _tell("stopped")
    return 0


def _add(arguments: argparse.Namespace) -> int:
    from rag.terminal import report_text

    report = _add_to(_opened(arguments, create=True), arguments.paths)
    if arguments.json:
        _emit(asdict(report))
    else:
        print(report_text(report))
    return 0


def _ask(arguments: argparse.Namespace) -> int:
    from rag.terminal import answer_text, terminal_language

    config = _config(arguments)
    knowledge = _open(_folder(arguments), config)
    answer = knowledge.ask(_text(" ".join(arguments.question)), language=terminal_language(os.environ))
    if arguments.json:
        _emit(answer.as_dict())
    else:
        print(answer_text(answer))
    return 0


def _search(arguments: argparse.Namespace) -> int:
    from rag.terminal import passages_text, terminal_language

    question = _text(" ".join(arguments.question))
    passages = _opened(arguments).search(question, arguments.limit)
    if arguments.json:
        for passage in passages:
            _emit(asdict(passage))
    else:
        print(passages_text(passages, question, terminal_language(os.environ)))
    return 0


def _documents(arguments: argparse.Namespace) -> int:
    from rag.terminal import documents_text

    documents = _opened(arguments).documents()
    if arguments.json:
        for document in documents:
            _emit(asdict(document))
    else:
        print(documents_text(documents))
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    document_id = _text(arguments.id)
    _opened(arguments).remove(document_id)
    if arguments.json:
        _emit({"removed": document_id})
    else:
        print(f"removed {document_id}; its file is left where it is")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from rag.errors import DamagedStoreError

    problems = _opened(arguments).verify()
    if arguments.json:
        _emit({"problems": problems})
    else:
        print("\n".join(problems) or "sound: every file, count and offset is as it should be")
    if problems:
        raise DamagedStoreError(
            f"{len(problems)} problems found in {_folder(arguments)}: add the documents to a new one"
        )
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from rag.doctor import examine
    from rag.errors import WenjuError

    findings = examine(_folder(arguments), _config(arguments))
    if arguments.json:
        _emit({item.name: {"value": item.value, "remedy": item.remedy, "needed": item.needed} for item in findings})
    else:
        for item in findings:
            print(f"{item.name:<16} {item.value}" + (f"\n{'':<16} → {item.remedy}" if item.remedy else ""))
    failing = next((item for item in findings if item.fails), None)
    if failing is not None:
        raise WenjuError(f"{failing.name}: {failing.value}: {failing.remedy}")
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    from eval import bench

    return bench.main(arguments)


def _eval(arguments: argparse.Namespace) -> int:
    from eval import command

    return command.run(arguments, _config(arguments), lambda: _opened(arguments), _tell)


def _draft_cases(arguments: argparse.Namespace) -> int:
    from eval import command

    return command.draft(arguments, _config(arguments), _opened(arguments), _tell)


# --- what they share -------------------------------------------------------------------------------------------------


def _folder(arguments: argparse.Namespace) -> Path:
    return Path(arguments.kb or os.environ.get("WENJU_KB") or _DEFAULT_KB)


def _config(arguments: argparse.Namespace) -> Config:
    """The settings of ``--config``, else of the knowledge base's own file, else the defaults."""
    from rag.config import Config

    return Config.of(_folder(arguments)) if arguments.config is None else Config.load(arguments.config)


def _opened(arguments: argparse.Namespace, *, create: bool = False) -> KnowledgeBase:
    return _open(_folder(arguments), _config(arguments), create=create)


def _open(folder: Path, config: Config, *, create: bool = False) -> KnowledgeBase:
    from rag.knowledge import KnowledgeBase

    return KnowledgeBase.open(folder, create=create, config=config, announce=_tell)


def _add_to(knowledge: KnowledgeBase, paths: Sequence[str | Path]) -> IngestReport:
    from rag.terminal import ProgressBar

    bar = ProgressBar()
    try:
        return knowledge.add(paths, bar)
    finally:
        bar.close()


def _warm(knowledge: KnowledgeBase, config: Config) -> None:
    """Load the models before the first question, and say so: preparing them for the first time takes its time."""
    from index import models

    if config.rerank.model in ("auto", "likelihood") and models.is_installed(models.LANGUAGE_MODEL):
        models.prepare(models.LANGUAGE_MODEL, _tell)
    if knowledge.documents():
        _tell("loading the models")
        knowledge.search(_EXAMPLES[0])


def _demo_folder() -> Path:
    from index.models import cache_folder

    return cache_folder() / "demo"


def _sample() -> Path:
    import eval as package

    return Path(package.__path__[0]) / "sets" / "sample"


def _text(argument: str) -> str:
    """An argument as text; bytes that are none of the terminal's encoding become replacement characters."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _emit(value: object) -> None:
    """One JSON object in one line, whatever the terminal can show."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json.dumps(value, ensure_ascii=plain), flush=True)


def _tell(text: str) -> None:
    from rag.terminal import safe

    print(f"wenju: {safe(text)}".replace("\n", " "), file=sys.stderr, flush=True)


# --- options ---------------------------------------------------------------------------------------------------------


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The whole parser; the options of benchmarks are read only when ``words`` ask for one."""
    parser = Parser(prog="wenju", description="Ask your documents, in Chinese or English, and see the evidence.")
    parser.add_argument("--version", action="version", version=f"wenju {version('wenju')}")
    common_options(parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)

    def command(run: Callable[[argparse.Namespace], int], name: str, summary: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        made.set_defaults(run=run)
        common_options(made, inherited=True)
        return made

    chat = command(_chat, "chat", "open the chat page in the browser")
    chat.add_argument("--demo", action="store_true", help="with the sample knowledge base, built first")
    chat.add_argument("--host", help="address to serve on (default: 127.0.0.1; any other needs a password)")
    chat.add_argument("--port", type=int, help="port to serve on, 0 for any free one (default: 7860)")
    chat.add_argument("--no-browser", action="store_true", help="serve without opening a browser")
    add = command(_add, "add", "add files and folders to the knowledge base")
    add.add_argument("paths", nargs="+", metavar="PATH")
    command(_ask, "ask", "answer a question with cited passages").add_argument(
        "question", metavar="QUESTION", nargs="+"
    )
    search = command(_search, "search", "show the passages that answer a question best")
    search.add_argument("question", metavar="QUESTION", nargs="+")
    search.add_argument("--limit", type=positive, metavar="N", help="how many passages (default: 10)")
    command(_documents, "documents", "list the documents")
    command(_remove, "remove", "take a document out of the knowledge base").add_argument("id", metavar="ID")
    command(_verify, "verify", "check every file, count and offset of the knowledge base")
    command(_doctor, "doctor", "say what this machine has and what is missing")
    evaluation = command(_eval, "eval", "measure answers, citations and refusals on a set of cases")
    drafts = command(_draft_cases, "draft-cases", "draft cases from the documents, for a person to correct")
    if "eval" in words or "draft-cases" in words:
        from eval.command import configure_draft, configure_eval

        configure_eval(evaluation)
        configure_draft(drafts)
    bench = command(_bench, "bench", "measure a stage on a folder of questions")
    if "bench" in words:
        from eval.bench import configure

        configure(bench)
    return parser


if __name__ == "__main__":
    sys.exit(main())
