"""How far a Chinese name reaches to the left of the bracket behind it.

It begins at a quotation mark, where the English in the bracket is accounted for, where the words before the bracket
recur elsewhere behind other words, or behind the last word that no name begins with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.glossary import is_entry
from index.likeness import explained, spells
from index.recurrence import Recurrence
from index.words import STOP_WORDS, cut_han, is_listed

__all__ = ["ACRONYM", "LONGEST_RUN", "NO_BEGINNING", "Mention", "cut_name", "is_common", "name_before", "suffixes"]

ACRONYM = re.compile(r"[A-Z][A-Za-z]*[A-Z]s?|[A-Z]{2,}s?")

LONGEST_RUN = 16  # characters of a name
_LONGEST_UNPROVED = 7
_SHORT = 4  # characters: a stretch between two bounds that is no longer needs no further proof
# Words no name begins with: particles, conjunctions, prepositions, adverbs, and verbs that take a name.
_CONJUNCTIONS = frozenset("和 与 及 跟 暨".split())
NO_BEGINNING = frozenset(
    """据 某 遭 三种 喜欢 有风险
    为 由 向 对 同 于 在 从 被 把 将 以 等 即 称 的 之 了 着 过 是 有 到 至 每 该 本 此 这 那 各 某 其 他 她 它
    我 我们 按 用 让 使 给 比 因 经 并 而 但 也 还 均 已 又 再 则 所 或 就 都 只 更 最 若 如 像 当 且 后 前 里
    内 上 下 时 先 曾 正 仍 才 占 属 指 讲 说 叫 做 买 卖 请 找 看 靠 改用 包括
    包含 其中 例如 比如 譬如 诸如 以及 并且 而且 或者 名为 称为 称作 叫做 叫作 所谓 简称 又称 通过 透过 根据
    依据 采用 选用 推出 宣布 表示 建立 成立 制成 取得 获得 查询 基于 针对 关于 位于 来自 属于 成为 作为 进入
    取代 涵盖 引入 加入 降低 增加 减少 扩大 负责 排在 不是 就是 还是 由于 对于 至于 分别 主要 重点 首次 首先 目前
    现在 今年 去年 明年 正式 正在 已经 已将 同时 此外 另外 因此 如果 虽然 不仅 以下 以上 之间 之后 之前 期间
    拜访 会见 邀请 聘请 任命 起诉 列入 要求 允许 禁止 签署 签订 达成 参加 出席 担任 领导 控制着 拥有 持有 出售
    租用 搭载 配备 内置 集成了 具有 具备 需要 需 须 应 可 能 会 要 想 欲 向着 朝 往 随 随着 沿 除 除了 我国
    本文 本报 一家 一个 一种 两家 多家 几家 这家 那家 这种 那种 这些 那些 有关 相关 所有 全部 部分 整个 任何
    其他 其它 另 另一 大量 不少 许多 众多 著名 知名 所属 下属 旗下 原 原为 前身 前身为 改名 更名 改为 更名为
    合称 统称 俗称 厂商 现 现为 隶属 隶属于 即将 拜登政府 来 去 要么 无论 不论 尤其 特别 特别是 尤其是 以至
    甚至 乃至 直到 直至 自 自从 打 距 离 凭 凭借 依靠 依托 借助 经由 经过 面向 面对 面临 导致 造成 引起 引发
    促使 带动 带来 形成 构成 组成 组建 创办 创立 创建 提出 提到 提及 指出 认为 强调 介绍 报道 报导 透露 披露
    公布 公告""".split()
) | (STOP_WORDS - _CONJUNCTIONS - {"中", "大"})  # fmt: skip
# Verbs that are as often part of a name: they end one that stands behind them only where nothing but them is in front.
_VERBS = frozenset(
    """投资 开发 建设 生产 供应 支持 利用 提供 对抗 管理 加强 提升 提高 限制 出口 申请 采购 销售 购买 制裁 参与 引进
    收购 研发 交付 出货 控制 促进 推动 实现 替代 使用 访问 发布 发展 委托 设立 完成 覆盖 涉及""".split()
)
_INSTITUTION = re.compile("(?:院|局|中心|部|会|署|厅|司|委|所|处|组织|机构|室|公司|大学|网络|项目|计划)$")
_GENERIC = frozenset("办公室 公司 集团 协会 组织 机构 法案 技术 计划 项目".split())


@dataclass(frozen=True, slots=True)
class Mention:
    """A bracket behind Han text: the folded words before it, how the stretch begins, and what the bracket holds."""

    pieces: tuple[str, ...]
    quoted: bool
    before: str  # the character before the stretch, "" at the start of a line
    forms: tuple[str, ...]
    alias: str


def cut_name(run: str) -> Iterator[str]:
    """jieba's words; one that it guessed, by what no name begins with in front."""
    for word in cut_han(run.strip("·")):
        if len(word) > 1 and not is_listed(word) and word[0] in NO_BEGINNING | _CONJUNCTIONS:
            yield word[0]
            yield word[1:]
        else:
            yield word


def suffixes(pieces: Sequence[str]) -> list[str]:
    return [name for first in range(len(pieces)) if len(name := "".join(pieces[first:])) >= 2]


def name_before(mention: Mention, recurrence: Recurrence) -> tuple[str, bool]:
    """The name before a bracket and whether its reach is proved; empty where nothing settles it."""
    pieces = mention.pieces
    if mention.quoted:
        return "".join(pieces), True
    proved = _proved(pieces[_after(pieces, NO_BEGINNING) :], mention.forms)
    if proved:
        return proved, True
    first = _beginning(pieces)
    if first == 0 and mention.before == "…":
        first = len(pieces)  # it begins nowhere in sight
    if first == 0 and re.match(r"[\w%]", mention.before):
        return "", False
    stretch = "".join(pieces[first:])
    steady = _steady(pieces, recurrence)
    if first and (is_common(stretch) or (pieces[first - 1] in _CONJUNCTIONS and _INSTITUTION.search(stretch))):
        return "", False  # 标准与|技术研究院: too little of it
    if 2 <= len(stretch) <= _SHORT or (stretch and stretch == steady):
        return stretch, False
    plain = _VERBS.isdisjoint(pieces[first:])
    if plain and len(stretch) > len(steady) and recurrence.get(stretch, (0, 0))[0] >= 2:
        return stretch, False
    if len(steady) >= 3 and not is_common(steady) and not _INSTITUTION.search(steady):
        return steady, False
    if 2 <= len(stretch) <= (LONGEST_RUN if mention.alias else _LONGEST_UNPROVED) and (mention.alias or plain):
        return stretch, False
    return "", False


def is_common(name: str) -> bool:
    return is_listed(name) or is_entry(name)


def _after(pieces: Sequence[str], no_beginning: frozenset[str]) -> int:
    """The place behind the last word that no name begins with."""
    return max((place + 1 for place, piece in enumerate(pieces) if piece in no_beginning), default=0)


def _beginning(pieces: Sequence[str]) -> int:
    first = _after(pieces, NO_BEGINNING | _CONJUNCTIONS)
    while first < len(pieces) and pieces[first] in _VERBS:
        first += 1
    return first


def _proved(pieces: Sequence[str], forms: Sequence[str]) -> str:
    """The end of a stretch that accounts for every letter of an acronym, or for every word of another English form."""
    for form in forms:
        if ACRONYM.fullmatch(form):
            for first in range(len(pieces)):
                own = pieces[first:]
                if any(spells(part, form.removesuffix("s")) for part in (own, own[:-1] if own[-1] in _GENERIC else ())):
                    return "".join(own)
            continue
        marked, share = explained(pieces, form.replace("-", " ").split())
        if share == 1.0 and len(pieces) - 1 in marked:
            first = len(pieces) - 1
            while first and (first - 1 in marked or first - 2 in marked):
                first -= 1
            name = "".join(pieces[first:])
            if len(name) >= 2:
                return name
    return ""


def _steady(pieces: Sequence[str], recurrence: Recurrence) -> str:
    """The longest end of a stretch that stands elsewhere too, behind something else."""
    for first in range(_beginning(pieces), len(pieces)):
        name = "".join(pieces[first:])
        times, neighbours = recurrence.get(name, (0, 0))
        if len(name) >= 2 and times >= 2 and neighbours >= 2:
            return name
    return ""
