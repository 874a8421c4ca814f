"""Questions over four passages of our own and answers written by hand, for the benchmarks that ask."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from eval import bench
from eval.bench.asking import Asked, Pass
from eval.data import Passage, Query
from rag.types import Answer, Citation, Sentence

_TEXTS = {
    "hans": "启衡微电子在苏州生产模拟芯片。它的总经理是林若澄。公司今年在园区二期新建一条产线，预计后年投产。",
    "hant": "嶺川半導體的月產能是三萬二千片。瓶頸在測試機台，交期約三十八週，因此今年上半年的增幅仍然有限。",
    "en": "Exporters keep their records for five years. An application is answered within 45 days. Fees are set by the "
    "office every spring after a public hearing, and nobody has complained so far.",
    "mixed": "英伟达 H20 芯片恢复销售。Nvidia said so in July，但价格没有公布，渠道商还在等待正式的通知和报价。",
}
CORPUS = {name: Passage(name, text, "en" if name == "en" else "zh") for name, text in _TEXTS.items()}
LED = "它的总经理是林若澄。"
WAFERS = "嶺川半導體的月產能是三萬二千片。"
KEPT = "Exporters keep their records for five years."
DAYS = "An application is answered within 45 days."
SOLD = "英伟达 H20 芯片恢复销售。"


def query(name: str, pair: str, gold: str = "", right: str = "", split: str = "", **more: Any) -> Query:
    """A question of our own; without gold, one that nothing answers."""
    golds = tuple(gold.split())
    asked = pair.partition(">")[0]
    return Query(name, f"问题 {name}?", asked, pair, golds, bool(golds), (right,) if right else (), split=split, **more)


def quoting(asked: Query, *quotes: tuple[str, str], confidence: float | None = 0.9, frame: str = "") -> Answer:
    """An answer that quotes sentences, each of a passage of its own unless it is the one before."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(name for name, _ in quotes), 1)}
    pieces = [Sentence(frame, (), reason="frame")] if frame else []
    pieces += [Sentence(f"{text}[{numbers[name]}]", (numbers[name],), "supported", 1.0) for name, text in quotes]
    cited = []
    for name, number in numbers.items():
        text = CORPUS[name].text
        own = [quote.replace("**", "") for other, quote in quotes if other == name]
        start, end = text.index(own[0]), text.index(own[-1]) + len(own[-1])
        cited.append(Citation(number, name, "", f"corpus.jsonl#{name}", None, start, end, text[start:end]))
    text = "".join(piece.text for piece in pieces)
    return Answer(asked.text, text, "zh-Hans", tuple(cited), sentences=tuple(pieces), confidence=confidence)


def refusing(asked: Query, confidence: float | None = 0.2) -> Answer:
    """A refusal."""
    said = "这些文档中没有找到能回答这个问题的内容。"
    return Answer(
        asked.text, said, "zh-Hans", refused=True, sentences=(Sentence(said, (), reason="refusal"),),
        confidence=confidence, mode="refusal",
    )  # fmt: skip


def parsed(*words: str | Path) -> argparse.Namespace:
    """The options of a benchmark."""
    parser = argparse.ArgumentParser()
    bench.configure(parser)
    return parser.parse_args([str(word) for word in words])


def a_pass(*asked: Asked) -> Pass:
    """A pass over the passages."""
    return Pass(CORPUS, asked, {"data": "sets", "split": "all", "questions": None, "seed": 0, "without": []})


LEADER = query("1", "zh>zh", "hans", "林若澄", "report")
FIGURE = query("2", "zh>zh", "hant", "三万二千", "fit")
RECORDS = query("3", "zh>en", "en", "five years", "report")
CHIP = query("4", "en>zh", "mixed", "H20", "fit")
NOWHERE = query("5", "zh>none", split="report")
WHOLE = quoting(LEADER, ("hans", LED), ("en", KEPT))
