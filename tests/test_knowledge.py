"""The Python API on real documents: add, ask, stream, search, remove, and every way to be told no."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from real import ENGLISH, HANS, PLAIN, SAMPLE, copied, files, real, real_folder

from index.build import Progress
from index.indexes import read
from index.store import Store
from rag import Answer, KnowledgeBase, Sentence, Status, Turn
from rag.config import Config
from rag.doctor import examine
from rag.errors import (
    EmptyStoreError,
    ForeignStoreError,
    IncompatibleStoreError,
    MissingStoreError,
    QuestionError,
    UnknownDocumentError,
    UsageError,
    WenjuError,
)

__all__ = ["copied", "real", "real_folder"]

ASKED = {
    "zh-Hans": "Northgate的预付款是多少？",
    "zh-Hant": "申領算力券的比例是多少？",
    "en": "How much prepayment will Northgate make?",
    "mixed": "Northgate 的预付款 prepayment 一共是多少？",
}


def refuses(kind: type[WenjuError], call) -> str:  # type: ignore[no-untyped-def]
    """The message of the named error that a call raises: one line, not too long to read."""
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert message and "\n" not in message and len(message) < 600
    return message


# --- asking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ASKED)
def test_a_stream_ends_with_the_answer_its_sentences_make(real: KnowledgeBase, tag: str) -> None:
    events = list(real.stream(ASKED[tag]))
    *before, answer = events
    assert isinstance(answer, Answer) and not any(isinstance(event, Answer) for event in before)
    assert isinstance(before[0], Status)
    told = tuple(event for event in before if isinstance(event, Sentence))
    assert answer.sentences[: len(told)] == told or answer.refused
    assert "".join(sentence.text for sentence in answer.sentences) == answer.text
    assert answer.language == ("zh-Hans" if tag == "mixed" else tag)
    assert answer.question == answer.standalone == ASKED[tag]
    assert answer.timings["total"] >= answer.timings["search"] > 0.0
    assert answer.confidence is None or 0.0 <= answer.confidence <= 1.0
    _is_cited(real, answer)
    again = json.loads(json.dumps(answer.as_dict(), ensure_ascii=False))
    assert Answer.from_dict(again) == answer


@pytest.mark.parametrize("tag", ["zh-Hans", "zh-Hant", "en"])
def test_answers_are_in_the_language_that_is_set(real_folder: Path, tag: str) -> None:
    kb = KnowledgeBase.open(real_folder, config=PLAIN.with_values({"answer": {"language": tag}}))
    answer = kb.ask(ASKED["en"] if tag != "en" else ASKED["zh-Hans"])
    assert answer.language == tag and not answer.refused
    kb.close()


def _is_cited(kb: KnowledgeBase, answer: Answer) -> None:
    """Every citation is what stands in its document, every mark is a citation's, and every citation is used."""
    for citation in answer.citations:
        document = kb.document(citation.document_id)
        assert document.text[citation.start : citation.end] == citation.quote != ""
        assert citation.title == document.title and citation.page == document.page_at(citation.start)
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {int(mark) for mark in re.findall(r"\[(\d+)\]", answer.text)} == set(numbers)
    assert {number for sentence in answer.sentences for number in sentence.citations} == set(numbers)
    assert answer.refused == (not numbers)


def test_the_answer_is_found_in_the_other_language_too(real: KnowledgeBase) -> None:
    for tag, within in (("zh-Hans", 3), ("en", 4)):
        passages = real.search(ASKED[tag], within)
        assert {passage.language for passage in passages} >= {"zh-Hant", "en"}, tag


@pytest.mark.parametrize(
    ("question", "half", "said"),
    [
        (
            "How much prepayment will Northgate make, and how many patents does Kodak hold in Peru?",
            "$96 million",
            "\nThe documents do not answer: How many patents does Kodak hold in Peru?",
        ),
        ("CX-8的显存带宽是多少，柯达在秘鲁有多少件专利？", "1.6", "\n这些文档没有回答：柯达在秘鲁有多少件专利？"),
        ("柯达在秘鲁有多少件专利，CX-8的显存带宽是多少？", "1.6", "\n这些文档没有回答：柯达在秘鲁有多少件专利？"),
        (
            "CX-8的記憶體頻寬是多少，柯達[1]<b>在秘魯有幾件專利？",
            "TB/s",
            "\n這些文件沒有回答：柯達(1)<b>在秘魯有幾件專利？",
        ),
    ],
)
def test_the_half_that_nothing_answers_is_named(real: KnowledgeBase, question: str, half: str, said: str) -> None:
    answer = real.ask(question)
    assert half in answer.text and answer.text.endswith(said) and not answer.refused
    assert answer.text == "".join(sentence.text for sentence in answer.sentences)
    assert answer.sentences[-1].reason == "frame" and not answer.sentences[-1].citations


def test_asking_twice_gives_the_same(real: KnowledgeBase) -> None:
    one, other = real.ask(ASKED["en"]), real.ask(ASKED["en"])
    assert {**one.as_dict(), "timings": {}} == {**other.as_dict(), "timings": {}}


def test_white_space_around_a_question_makes_no_difference(real: KnowledgeBase) -> None:
    assert real.search(f"\n {ASKED['en']}\u3000\n", 3) == real.search(ASKED["en"], 3)


def test_a_follow_up_is_searched_as_a_question_of_its_own(real: KnowledgeBase) -> None:
    history = [Turn("Northgate的预付款是多少？", "9,600万美元。")]
    answer = real.ask("它分几期支付？", history)
    assert "Northgate" in answer.standalone and answer.question == "它分几期支付？" and answer.language == "zh-Hans"
    alone = real.ask(ASKED["en"], history)
    assert alone.standalone == ASKED["en"]


def test_a_question_of_no_language_is_answered_as_the_caller_or_the_last_turn_says(real: KnowledgeBase) -> None:
    assert real.ask("H20?", language="zh-Hant").language == "zh-Hant"
    assert real.ask("H20?", [Turn("辉达成立于哪一年？", "1993年")], language="en").language == "zh-Hans"


def test_eight_threads_get_what_one_alone_gets(real: KnowledgeBase) -> None:
    questions = list(ASKED.values()) * 2
    alone = {question: real.ask(question).text for question in ASKED.values()}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(real.ask, questions))
    assert [answer.text for answer in answers] == [alone[question] for question in questions]


def test_a_stream_that_is_left_harms_nobody(real: KnowledgeBase) -> None:
    stream = real.stream(ASKED["en"])
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert real.ask(ASKED["en"]).text


# --- documents -----------------------------------------------------------------------------------------------------


def test_documents_are_listed_by_title_and_read_whole(real: KnowledgeBase) -> None:
    listed = real.documents()
    assert len(listed) == 12 and [(i.title, i.id) for i in listed] == sorted((i.title, i.id) for i in listed)
    for info in listed:
        document = real.document(info.id)
        assert len(document.text) == info.characters and document.source == info.source
    assert {Path(info.source).suffix for info in listed} == {".md", ".html", ".txt", ".pdf"}
    assert real.verify() == []


def test_adding_again_costs_nothing(copied: KnowledgeBase) -> None:
    progress: list[Progress] = []
    report = copied.add(files((*HANS, *ENGLISH)), progress.append)
    assert len(report.unchanged) == 8 and not (report.added or report.updated or report.failed) and not progress


@pytest.mark.usefixtures("untaught")
def test_a_user_dictionary_is_heeded_when_the_documents_are_added_again(copied: KnowledgeBase, tmp_path: Path) -> None:
    def passages() -> int:
        return read(Store.open(tmp_path / "copy").snapshot()).sides["zh"].lexical.document_frequency("启衡微电子")

    copied.close()
    assert passages() == 0
    (tmp_path / "words.txt").write_text("启衡微电子\n", encoding="utf-8")
    config = PLAIN.with_values({"retrieval": {"user_dictionary": str(tmp_path / "words.txt")}})
    other = KnowledgeBase.open(tmp_path / "copy", config=config)
    assert other.is_outdated()
    assert [found.remedy for found in examine(tmp_path / "copy", config)][-1].endswith("add its documents again")
    progress: list[Progress] = []
    assert len(other.add(files(HANS), progress.append).unchanged) == 4 and passages() > 0 and not other.is_outdated()
    assert [found.remedy for found in examine(tmp_path / "copy", config)][-1] == ""
    assert {"index", "save"} <= {step.stage for step in progress} and progress[-1].stage == "save"
    progress.clear()
    assert len(other.add(files(HANS), progress.append).unchanged) == 4 and not progress and other.verify() == []


def test_adding_again_and_removing_load_no_model(real_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(real_folder, tmp_path / "kb")
    code = (
        "import sys; from rag import KnowledgeBase; kb = KnowledgeBase.open(sys.argv[1]);"
        "assert len(kb.add([sys.argv[2]]).unchanged) == 1; kb.remove(kb.documents()[0].id);"
        "assert len(kb.documents()) == 11 and 'torch' not in sys.modules and 'tokenizers' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "kb"), str(SAMPLE / ENGLISH[0])]
    done = subprocess.run(command, cwd=SAMPLE.parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_changes_is_seen_at_once_and_by_others(copied: KnowledgeBase, tmp_path: Path) -> None:
    path = tmp_path / "新闻.txt"
    path.write_text("木星微电子的月产能为七万片。", encoding="utf-8")
    other = KnowledgeBase.open(tmp_path / "copy", config=PLAIN)
    question = "木星微电子的月产能是多少？"
    assert "木星" not in other.search(question, 1)[0].text
    assert len(copied.add([path]).added) == 1
    assert "七万" in copied.ask(question).text and "七万片" in other.search(question, 1)[0].text
    path.write_text("木星微电子的月产能为八万片。", encoding="utf-8")
    assert len(copied.add([path]).updated) == 1
    assert "八万" in other.ask(question).text
    info = next(info for info in copied.documents() if info.source == str(path))
    copied.remove(info.id)
    assert all("木星" not in passage.text for passage in other.search(question, 50))
    assert info.id in refuses(UnknownDocumentError, lambda: copied.document(info.id))
    refuses(UnknownDocumentError, lambda: copied.remove(info.id))
    assert copied.verify() == []


def test_a_bad_file_costs_itself_only(copied: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("A good file.", encoding="utf-8")
    (tmp_path / "bad.docx").write_bytes(b"PK\x03\x04 nothing")
    report = copied.add([tmp_path / "good.txt", tmp_path / "bad.docx"])
    assert len(report.added) == 1 and [Path(failure.path).name for failure in report.failed] == ["bad.docx"]
    assert report.failed[0].reason and "\n" not in report.failed[0].reason


def test_a_removed_one_can_be_added_again_from_the_cache(copied: KnowledgeBase) -> None:
    before = copied.search(ASKED["en"], 5)
    copied.remove(before[0].document_id)
    copied.add(files(ENGLISH))
    assert copied.search(ASKED["en"], 5) == before


# --- being told no -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    ["", "  \n\u3000", "\u200b\u200d \ufeff", "\u202e\u2066\u2069", "\x00\x07", "问" * 100_000, "a" * 4001],
)
def test_an_empty_or_endless_question_is_refused(real: KnowledgeBase, question: str) -> None:
    for call in (real.ask, real.search, lambda text: next(real.stream(text))):
        message = refuses(QuestionError, lambda call=call: call(question))
    assert "empty" in message or f"{len(question):,}" in message


@pytest.mark.parametrize(
    "question", ["'; DROP TABLE chunks; --", "(" * 3000, "😀?", "\x00\x01?", "\ud800?", "** AND OR NEAR(", "？"]
)
def test_odd_questions_are_plain_text(real: KnowledgeBase, question: str) -> None:
    assert len(real.search(question, 3)) == 3


def test_a_question_that_cannot_be_written_down_is_answered(real: KnowledgeBase) -> None:
    json.dumps(real.ask("H20\ud800?").as_dict(), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    "history",
    [[Turn("Northgate的预付款\ud800是多少？", "\udfff九千六百万美元。")],
     [Answer("预付\ud800款？", "\ud800九千六百万美元。", "zh-Hans", standalone="Northgate\ud83d的预付款是多少？")]],
)  # fmt: skip
def test_a_history_that_cannot_be_written_down_is_cleaned(real: KnowledgeBase, history: list[Answer | Turn]) -> None:
    answer = real.ask("分几次付？", history)
    assert "Northgate" in answer.standalone
    json.dumps(answer.as_dict(), ensure_ascii=False).encode("utf-8")


def test_a_history_may_be_any_iterable_and_its_blank_turns_are_passed_over(real: KnowledgeBase) -> None:
    turns = [Turn(ASKED["en"], "$96 million."), Turn("", ""), Turn(" ", "\n")]
    asked = real.ask("How much is it?", turns[:1])
    for history in (turns, iter(turns), tuple(turns), dict.fromkeys(turns)):
        assert real.ask("How much is it?", history).standalone == asked.standalone != "How much is it?"


@pytest.mark.parametrize(
    ("question", "warned"),
    [
        ("Which director chairs the export compliance committee that Qiheng set up in 2025?", "Not sure: "),
        ("美國晶片管制中的「效能密度」是怎麼算出來的？", "把握不大：這段原文可能沒有回答問題"),
        ("英伟达H200配的是哪种显存，容量多大？", "把握不大：这段原文可能没有回答问题"),
        ("启衡微电子2024年的月产能是多少？", ""),
    ],
)
def test_an_answer_that_may_well_be_wrong_comes_with_a_warning(real: KnowledgeBase, question: str, warned: str) -> None:
    answer = real.ask(question)
    assert not answer.refused and answer.confidence is not None
    assert (answer.confidence < 0.4) == bool(warned) == bool(answer.notes)
    assert not warned or answer.notes[0].startswith(warned)


@pytest.mark.parametrize("question", [None, b"H20?", 3, ["H20?"]])
def test_a_question_that_is_no_text_is_refused_by_its_type(real: KnowledgeBase, question: Any) -> None:
    for call in (real.ask, real.search, lambda q: next(real.stream(q)), real.as_chain().invoke):
        message = refuses(UsageError, lambda call=call: call(question))
        assert type(question).__name__ in message and "question" in message


@pytest.mark.parametrize(
    "history",
    [None, 3, "H20", b"H20", {"question": "a", "answer": "b"}, [{"question": "a", "answer": "b"}], [("a", "b")], ["a"],
     [Turn(None, None)], [Turn("a", b"b")], [None], [Turn("a", "b"), Answer("a", None, "en")]],  # type: ignore[arg-type]
)  # fmt: skip
def test_a_history_that_is_none_is_refused_by_what_it_holds(real: KnowledgeBase, history: Any) -> None:
    table = {"question": "H20?", "history": history}
    for call in (
        lambda: real.ask("H20?", history),
        lambda: next(real.stream("H20?", history)),
        lambda: real.as_chain().invoke(table),
    ):
        message = refuses(UsageError, call)
        assert "history" in message and "was: " in message


@pytest.mark.parametrize("limit", ["3", 1.5, True, b"3"])
def test_a_limit_or_a_language_of_another_type_is_refused(real: KnowledgeBase, limit: Any) -> None:
    assert type(limit).__name__ in refuses(UsageError, lambda: real.search("H20?", limit))
    assert "language must be text" in refuses(UsageError, lambda: real.ask("H20?", language=[limit]))  # type: ignore[arg-type]
    assert len(real.search("H20?", np.int64(3))) == 3  # type: ignore[arg-type]


def test_an_empty_knowledge_base_says_so(tmp_path: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", create=True, config=PLAIN)
    for call in (kb.ask, kb.search):
        assert "wenju add" in refuses(EmptyStoreError, lambda call=call: call("问题"))
    assert kb.documents() == [] and kb.verify() == []


def test_a_knowledge_base_that_lost_its_last_document_is_empty(tmp_path: Path, real_folder: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", create=True, config=PLAIN)
    shutil.copytree(real_folder / "cache", tmp_path / "kb" / "cache")
    kb.add(files(ENGLISH[1:2]))
    kb.remove(kb.documents()[0].id)
    refuses(EmptyStoreError, lambda: kb.ask("问题"))
    assert kb.verify() == []


def test_a_folder_that_is_not_there_is_made_only_when_asked(tmp_path: Path) -> None:
    assert str(tmp_path / "kb") in refuses(MissingStoreError, lambda: KnowledgeBase.open(tmp_path / "kb"))
    assert not (tmp_path / "kb").exists()
    KnowledgeBase.open(tmp_path / "kb", create=True).close()
    KnowledgeBase.open(tmp_path / "kb").close()


def test_a_strangers_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.pkl").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    refuses(ForeignStoreError, lambda: KnowledgeBase.open(tmp_path, create=True))
    assert [path.name for path in tmp_path.iterdir()] == ["index.pkl"]


def test_another_embedding_model_is_refused_by_name(real_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(real_folder, tmp_path / "kb")
    other = PLAIN.with_values({"embedding": {"query_prefix": "问题："}})
    kb = KnowledgeBase.open(tmp_path / "kb", config=other)
    (tmp_path / "new.txt").write_text("新的文件。", encoding="utf-8")
    for call in (lambda: kb.ask("问题"), lambda: kb.search("问题"), lambda: kb.add([tmp_path / "new.txt"])):
        message = refuses(IncompatibleStoreError, call)
        assert "multilingual-e5-small" in message and "问题：" in message
    assert len(kb.documents()) == 12 and kb.verify() == []


def test_a_path_that_does_not_exist_is_refused(real_folder: Path, tmp_path: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", create=True, config=PLAIN)
    refuses(UsageError, lambda: kb.add([tmp_path / "none.txt"]))


def test_settings_are_read_from_the_folder_unless_they_are_given(tmp_path: Path) -> None:
    KnowledgeBase.open(tmp_path / "kb", create=True).close()
    (tmp_path / "kb" / "wenju.toml").write_text("[app]\nmax_question_characters = 5\n", encoding="utf-8")
    message = refuses(QuestionError, lambda: KnowledgeBase.open(tmp_path / "kb").ask("一二三四五六"))
    assert "5" in message
    refuses(EmptyStoreError, lambda: KnowledgeBase.open(tmp_path / "kb", config=Config()).ask("一二三四五六"))


def test_a_model_of_another_name_is_refused_before_it_is_loaded(real_folder: Path) -> None:
    config = PLAIN.with_values({"embedding": {"model": "nobody/no-such-model"}})
    kb = KnowledgeBase.open(real_folder, config=config)
    with pytest.raises(IncompatibleStoreError, match=r"multilingual-e5-small, not with nobody/no-such-model"):
        kb.search("光刻胶")
    kb.close()
