"""A small knowledge base over twelve of the sample's documents, built once a run with the real bundled embedder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from index.models import EMBEDDER, is_installed
from rag import KnowledgeBase
from rag.config import Config

SAMPLE = Path(__file__).parent.parent / "eval" / "sets" / "sample"
HANS = (
    "澄星CX-8推理加速卡技术简报.md",
    "算力基础设施政策摘要.md",
    "启衡微电子与禾桐材料签署光刻胶合作协议.html",
    "两用物项出口管制问答.md",
)
HANT = (
    "台灣晶片法案問答.md",
    "輝達與AI伺服器供應鏈.md",
    "嶺川與Northgate簽署封裝供應協議.html",
    "戰略性高科技貨品管制說明.html",
)
ENGLISH = (
    "cx8-benchmark-report.html",
    "northgate-lingchuan-press-release.txt",
    "chips-act-digest.pdf",
    "lithography-service-interview.txt",
)
# Without a reranker: what is tested here does not need one, and it is the slow part.
PLAIN = Config().with_values({"rerank": {"model": "none"}})


def files(names: Sequence[str]) -> list[Path]:
    return [SAMPLE / name for name in names]


@cache
def _built(temporary: Path) -> Path:
    # A fixture that several modules import is made once for each of them; this is made once.
    folder = temporary / "real-knowledge-base"
    kb = KnowledgeBase.open(folder, create=True, config=PLAIN)
    report = kb.add(files((*HANS, *HANT, *ENGLISH)))
    assert len(report.added) == 12, report
    kb.close()
    return folder


@pytest.fixture(scope="session")
def real_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the knowledge base: not to be written to, but ``copied``."""
    if not is_installed(EMBEDDER):
        pytest.skip(f"needs the bundled embedder: {EMBEDDER.remedy}")
    return _built(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def real(real_folder: Path) -> Iterator[KnowledgeBase]:
    """The knowledge base itself, to be read only."""
    kb = KnowledgeBase.open(real_folder, config=PLAIN)
    yield kb
    kb.close()


@pytest.fixture
def copied(real_folder: Path, tmp_path: Path) -> KnowledgeBase:
    """A knowledge base of the test's own, with everything embedded already."""
    return of_files(real_folder, tmp_path / "copy", None)


def of_files(real_folder: Path, folder: Path, names: Sequence[str] | None) -> KnowledgeBase:
    """A copy, or, where names are given, a new knowledge base over these documents that takes its vectors from the
    cache of the first."""
    if names is None:
        shutil.copytree(real_folder, folder)
        return KnowledgeBase.open(folder, config=PLAIN)
    kb = KnowledgeBase.open(folder, create=True, config=PLAIN)
    shutil.copytree(real_folder / "cache", folder / "cache")
    kb.add(files(names))
    return kb
