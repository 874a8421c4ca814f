"""The words Chinese follow-ups are told by: nouns that need an owner, times, counts, question words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from index.language import fold
from index.words import cut_tagged

__all__ = [
    "ALTERNATIVES",
    "ASKING",
    "ASKS",
    "COUNTED",
    "EMPTY",
    "LATIN",
    "METRICS",
    "OWNED",
    "OWNED_AT",
    "OWNED_CUT",
    "PARTS",
    "PEOPLE",
    "PLACES",
    "STOPS",
    "THING_NOUN",
    "TIME",
    "WHY",
    "Word",
    "is_place",
    "own_content",
    "plain",
    "tagged",
]

STOPS = "？?。！!，, \t\n"
# Nouns that say nothing without an owner. A metric alone can also be asked for its meaning ("良率是什么？").
METRICS = """
    营业收入 营收 收入 净利润 毛利润 利润 毛利率 毛利 利润率 市值 股价 售价 票价 价格 价钱 单价 造价 费用 成本
    预算 投资额 总投资 金额 资本支出 注册资本 研发费用 研发投入 研发支出 产能利用率 月产能 年产能 产能 产量 销量
    出货量 出货 良品率 良率 市占率 市场份额 份额 占比 比例 比重 增速 增长率 增幅 同比 功耗 带宽 频宽 频率 算力
    性能 容量 显存容量 显存 内存 显存带宽 重量 尺寸 面积 长度 高度 速度 温度 延迟 寿命 人口 员工人数 员工数 人数
    数量 税率 关税 利率 排名 精度 效率 能效 距离 时长 期限 有效期 交期 税额 罚款 电压 规模 制程 工艺 常住人口
    均价 门票 学费
""".split()
PEOPLE = """
    董事长 执行长 总裁 总经理 创始人 创办人 首席执行官 首席技术官 财务长 负责人 主席 校长 部长 作者 发明人 ceo
    cto cfo 市长 总统
""".split()
PLACES = "总部 产地 工厂 地址 厂址 所在地 首都 位置 分公司 研发中心".split()
# Of these every plant has its own.
PARTS = "无尘室 洁净室 主厂房 厂房 产线 生产线 机房 仓库 实验室 宿舍 车间 设备 屋顶 办公楼".split()
_ROLES = """
    主要业务 业务 产品 客户 供应商 竞争对手 合作伙伴 股东 员工 子公司 母公司 成立时间 上市时间 发布时间 发布日期
    生效日期 生效时间 目标 目的 优点 缺点 优势 劣势 特点 用途 功能 作用 意义 影响 原因 后果 结果 风险 限制 条件
    要求 范围 例外 处罚 好处 坏处 全称 名称 名字 区别 差别 不同 步骤 流程 内容 规格 参数 型号 架构 原理 应用
    背景 历史 计划 进展 应用领域 原材料 材料 成分 症状 配料 副作用 缺陷 挑战 前景 趋势 依据 理由 标准 评价 反应
    时间 日期 地点
""".split()
OWNED = frozenset([*METRICS, *PEOPLE, *PLACES, *_ROLES])
# Nouns that name no topic of their own: they count, or only repeat what kind of thing is meant.
EMPTY = frozenset(
    """
    人 人员 钱 元 年 月 日 号 时候 地方 公司 家 国家 问题 情况 意思 大 小 倍 片 座 个 美元 欧元 亿 万 城市 部分
    方面 种类
""".split()
)
ALTERNATIVES = "|".join(sorted(OWNED, key=len, reverse=True))
OWNED_AT = re.compile(ALTERNATIVES)
# "禾桐材料" and "出口限制" are names: such nouns belong to what stands before them only after 的.
OWNED_CUT = re.compile(
    rf"(?<=的)(?:{ALTERNATIVES})|"
    + "|".join(sorted([*METRICS, *PEOPLE, *PLACES, "员工", "主要业务"], key=len, reverse=True))
)
_NUMBER = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_PART_OF_YEAR = rf"第?[一二三四1-4]季度?|[上下]半年|{_NUMBER}月(?:份|{_NUMBER}[日号])?"
TIME = re.compile(
    rf"(?:\d{{4}}|[一二三四五六七八九〇零两]{{4}})年(?:{_PART_OF_YEAR})?(?:底|末|初)?|\d{{4}}\s?q[1-4]|q[1-4]\s?\d{{4}}"
    r"|去年|今年|明年|前年|后年|[上本下]个?季度?|上个?月|本月|昨天|今天|明天|第[一二三四]季度|[上下]半年"
)
ASKING = (
    "什么时候|什么|甚么|多少|多久|多大|多高|多长|多远|多重|多快|几|哪|谁|何时|何地|何|"
    "怎么样|怎样|怎么|如何|为何|是否|吗"
)
ASKS = re.compile(ASKING)
WHY = r"为什么|为何|为啥|怎么会|凭什么"
LATIN = re.compile(r"[a-z0-9]*[a-z][a-z0-9]*(?:[-.+][a-z0-9]+)*(?: [a-z0-9]*\d[a-z0-9]*)*")
COUNTED = re.compile(
    r"第?(?:[一二三四五六七八九十两]+|\d+)(?:期|座|代|季|批|条|版|厂|号|家|款|章|届|级|阶段|纳米|奈米|英寸|吋)"
)


@lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    folded = fold(character)
    return folded if len(folded) == 1 else character


def plain(text: str) -> str:
    """The text folded character by character, so that every offset in it is an offset in the original."""
    return "".join(_plain_character(character) for character in text)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a folded text, where it stands, and jieba's tag for its part of speech."""

    start: int
    end: int
    text: str
    tag: str


@lru_cache(maxsize=256)
def tagged(text: str) -> tuple[Word, ...]:
    """The words of a folded text with jieba's part-of-speech tags."""
    found: list[Word] = []
    position = 0
    for word, tag in cut_tagged(text):
        found.append(Word(position, position + len(word), word, tag))
        position += len(word)
    return tuple(found)


_PLACE_GLOSSES = frozenset(
    {"citi", "counti", "provinc", "prefectur", "capit", "municip", "district", "island", "countri"}
)


@lru_cache(maxsize=1024)
def is_place(word: str) -> bool:
    """Whether the dictionary explains a word as a city, province or the like; jieba tags many of these as names."""
    from index.dictionary import to_english

    terms = to_english(word, lambda _: 1).terms
    return len(terms) == 1 and any(_PLACE_GLOSSES & set(reading) for reading, _ in terms[0].readings)


THING_NOUN = (
    r"芯片|晶片|产品|技术|法案|法律|法规|规则|规定|条例|政策|措施|工艺|制程|项目|工厂|晶圆厂|厂房|产线|设备|材料|法令|委员会|国家|城市|标准|架构|模型|"
    r"文件|报告|协议|显卡|加速卡|处理器|事件|决定|机型|型号|系统|方法|限制|管制|疾病|药物|书|计划|业务|地区|地方|菜|机器|平台|软件"
)


def own_content(text: str) -> list[str]:
    """The words of a folded question that name a topic of its own."""
    masked = OWNED_AT.sub(lambda m: "＃" * len(m.group()), TIME.sub(_blank, text))
    masked = re.sub(
        rf"几[\u4e00-\u9fff]$|{WHY}|{ASKING}|第[一二三四五六七八九十\d]+[座期代批款家条个]?", _blank, masked
    )
    words = tagged(masked)
    return [word.text for index, word in enumerate(words) if _names_topic(word, words[:index], masked[word.end :])]


def _blank(match: re.Match[str]) -> str:
    return "，" * len(match.group())


def _names_topic(word: Word, earlier: tuple[Word, ...], rest: str) -> bool:
    before = earlier[-1].text if earlier else ""
    if word.text in EMPTY or (word.tag == "ns" and before in ("在", "于", "对", "向", "从", "到")):
        return False
    if word.tag in ("v", "b", "a"):  # "焊接工艺", "超级碗": part of a name, unlike "主要产品" and "有优点"
        return (
            len(word.text) > 1
            and word.text not in _PLAIN_WORDS
            and rest[:1] not in ("", "，", "的")
            and not (word.tag != "v" and rest.startswith("＃"))
            and (word.tag != "v" or rest.startswith("＃"))
        )
    if word.tag == "vn":
        return len(word.text) > 1
    return word.tag[0] in "nejl" or word.tag in ("i", "nrt") or (word.tag == "x" and word.text.isalnum())


_PLAIN_WORDS = frozenset(
    [
        "主要",
        "最大",
        "最小",
        "最高",
        "没有",
        "包括",
        "具有",
        "需要",
        "目前",
        "相关",
        "具体",
        "全部",
        "整个",
        "大约",
        "提供",
    ]
)
