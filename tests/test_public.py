"""The shape of the product: its public names, the direction of its imports, and what no file of it may do."""

from __future__ import annotations

import ast
import importlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "prompts", "rag", "eval")
ALLOWED = {
    "index": {"index"},
    "prompts": {"prompts"},
    "rag": {"rag", "index", "prompts"},
    "eval": set(PACKAGES),
}
HEAVY = ["torch", "faiss", "gradio", "transformers", "sentence_transformers", "jieba", "opencc", "pypdfium2", "docx"]
PUBLIC = {
    "rag": "Answer Citation Config ConfigError Document DocumentError IngestFailure IngestReport KnowledgeBase "
    "MissingExtraError ModelError Passage QuestionError Sentence Status StoreError Turn UsageError WenjuError",
    "rag.app": "application build launch",
    "rag.cli": "main",
    "rag.config": "AnswerSettings AppSettings ChunkingSettings Config EmbeddingSettings RerankSettings "
    "RetrievalSettings",
    "rag.errors": "BusyStoreError ConfigError DamagedStoreError DocumentError EmptyStoreError ForeignStoreError "
    "IncompatibleStoreError MissingExtraError MissingStoreError ModelError QuestionError StoreError "
    "UnknownDocumentError UsageError WenjuError",
    "rag.knowledge": "KnowledgeBase",
    "rag.langchain": "KnowledgeBaseRetriever as_chain",
    "rag.types": "Answer Citation Event IngestFailure IngestReport Sentence Status Support Turn",
    "index.types": "Block BlockKind Chunk Document Extracted Passage Section",
    "prompts": "Prompt PromptError load",
    "eval.metrics": "CitationScores CitedSentence RefusalScores auroc balanced_accuracy calibration_error "
    "citation_scores contains exact_match f1 hit_rate latency ndcg percentile reciprocal_rank refusal_scores tokens",
}
# What a KnowledgeBase can be asked to do.
METHODS = (
    "add as_chain as_retriever ask close document documents is_outdated open remove retriever search stream verify"
)


def _files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(ROOT)))


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_pinned(module: str) -> None:
    found = importlib.import_module(module)
    assert sorted(found.__all__) == sorted(PUBLIC[module].split())
    assert all(getattr(found, name) is not None for name in found.__all__)


def test_methods_of_a_knowledge_base_are_pinned() -> None:
    from rag import KnowledgeBase

    found = {name for name in vars(KnowledgeBase) if not name.startswith("_")}
    assert sorted(found) == METHODS.split()


def test_what_an_ingest_reports_is_pinned() -> None:
    from rag import IngestReport

    assert [field.name for field in fields(IngestReport)] == ["added", "updated", "unchanged", "failed", "removed"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    import rag

    with pytest.raises(AttributeError, match="no attribute 'Knowledge'"):
        _ = rag.Knowledge
    assert set(rag.__all__) <= set(dir(rag))


@FILES
def test_every_module_lists_its_names(path: Path) -> None:
    body = _tree(path).body
    named = [
        node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    if "sets" in path.parts or path.name == "__main__.py":  # scripts
        return
    listed = any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
    assert listed or not named, f"__all__ must list {[node.name for node in named]}"


# --- imports ---------------------------------------------------------------------------------------------------------


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports must be absolute"
            yield str(node.module).partition(".")[0]


def _importers(tree: ast.Module, package: str) -> Iterator[ast.stmt]:
    """The statements at the top of a module that import a package."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) and package in set(_imports(node)):
            yield node


@FILES
def test_imports_follow_the_data(path: Path) -> None:
    place, tree = path.relative_to(ROOT), _tree(path)
    ours = set(_imports(tree)) & set(PACKAGES)
    stranger = ours - ALLOWED[place.parts[0]]
    if str(place) == "rag/cli.py" or place.parts[:2] == ("rag", "app"):
        assert not list(_importers(tree, "eval"))  # only inside the function that needs it
        stranger -= {"eval"}
    assert not stranger


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_importing_the_package_is_instant_and_silent() -> None:
    code = """
import sys, time
started = time.perf_counter()
import rag
taken = time.perf_counter() - started
print(taken, *({"numpy", "langchain_core", "pydantic", *HEAVY} & set(sys.modules)))
""".replace("HEAVY", repr(HEAVY))
    outputs = [_run(code).split() for _ in range(3)]
    assert min(float(output[0]) for output in outputs) < 0.5
    assert outputs[0][1:] == []


def test_no_module_loads_a_heavy_library() -> None:
    modules = [_name(path) for path in _files() if path.name != "__main__.py"]
    code = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
    heavy = set({HEAVY!r}) & set(sys.modules)
    assert not heavy, (name, heavy)
"""
    assert _run(code) == ""


# --- what no file may do --------------------------------------------------------------------------------------------


def _offences(tree: ast.AST) -> Iterator[str]:
    unsafe = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (f"line {node.lineno}: {name}" for name in set(_imports(node)) & unsafe)
        if isinstance(node, ast.Call):
            yield from (f"line {node.lineno}: {offence}" for offence in _call_offences(node))


def _call_offences(node: ast.Call) -> Iterator[str]:
    function = node.func
    if isinstance(function, ast.Name) and function.id in ("eval", "exec", "compile", "__import__"):
        yield function.id
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        called = f"{function.value.id}.{function.attr}"
        if called in ("os.system", "os.popen", "yaml.load", "torch.load"):
            yield called
    for keyword in node.keywords:
        dangerous = keyword.arg in ("shell", "trust_remote_code", "allow_pickle")
        if dangerous and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False):
            yield str(keyword.arg)


@FILES
def test_no_file_runs_what_it_reads(path: Path) -> None:
    assert list(_offences(_tree(path))) == []


@pytest.mark.parametrize(
    "code",
    ["import pickle", "from joblib import load", "eval('1')", "exec(x)", "run(x, shell=True)", "os.system('ls')",
     "load(x, trust_remote_code=True)", "np.load(x, allow_pickle=flag)"],
)  # fmt: skip
def test_the_rule_catches(code: str) -> None:
    assert list(_offences(ast.parse(code)))


def test_the_rule_lets_harmless_calls_be() -> None:
    assert not list(_offences(ast.parse("model.eval(); re.compile('x'); np.load(f, allow_pickle=False)")))


@FILES
def test_only_the_command_line_prints(path: Path) -> None:
    prints = [
        node.lineno
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not prints or path == ROOT / "rag" / "cli.py"


@FILES
def test_functions_fit_on_a_screen(path: Path) -> None:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = int(node.end_lineno or 0) - node.lineno + 1
            assert lines <= 50, f"{node.name} must have 50 lines at most, has {lines}"
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
            positional = [name for name in names if name not in ("self", "cls")]
            assert len(positional) <= 5, f"{node.name} must take 5 positional parameters at most, takes {positional}"


# --- the tests' own rule --------------------------------------------------------------------------------------------


def test_tests_cannot_reach_a_network(no_network: list[str]) -> None:
    with pytest.raises(RuntimeError, match="must not reach a network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(RuntimeError, match="must not reach a network"):
        socket.getaddrinfo("example.com", 443)
    assert len(no_network) == 2
    no_network.clear()
    assert socket.getaddrinfo("127.0.0.1", 80)
