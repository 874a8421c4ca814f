"""Foreign names across scripts: a consonant key that ``Brownlee`` and ``布朗利`` share.

Chinese writes foreign names by sound with a small set of characters. A run of such characters and a capitalised English
word are reduced to their consonants in broad classes (b = p, d = t, g = k, l = r, s = z = j = x = ch …); equal keys of
three consonants or more are taken as the same name. Keys are search words like any other, prefixed ``~``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from index.language import Side, fold
from index.pinyin import PINYIN, pinyin_keys
from index.words import cut_han, is_listed, words

__all__ = [
    "NAME_MARKS",
    "SOUND",
    "chinese_name_keys",
    "english_name_keys",
    "lacking_models",
    "matching_words",
    "models_of",
    "name_keys",
]

SOUND = "~"  # what every key begins with
NAME_MARKS = (SOUND, PINYIN)  # what a passage's keys of names begin with, by sound and in pinyin
# The characters used to write foreign names by sound (after the Xinhua transcription tables).
_SOUND_CHARACTERS = frozenset(
    "阿埃艾爱安昂奥澳巴白班邦包保鲍贝本比彼毕宾波玻伯博勃布采蔡查察昌楚茨慈次达大戴丹当道得德登邓迪狄蒂帝丁东杜敦顿多铎厄恩尔耳法凡范方"
    "菲费芬丰冯佛夫弗福富盖甘冈高戈哥歌格葛根贡古瓜圭郭果哈海汉汗豪赫黑亨洪侯胡华怀惠霍基吉季济加贾杰金京久居喀卡凯坎康考柯科可克肯孔库"
    "夸奎昆拉腊莱赖兰朗劳勒雷蕾黎里理利莉立丽连廉良列烈林琳刘柳龙隆卢鲁路伦罗洛吕律略马玛迈麦曼芒茂梅门蒙孟米密敏明摩莫墨默姆木穆纳娜乃"
    "奈南瑙内能尼妮涅宁牛纽农努诺女欧帕派潘庞培佩蓬皮匹平泼珀普奇齐恰钱强乔琴丘屈瑞儒若撒萨塞赛桑瑟森沙莎山尚绍舍申圣盛施什石史士世舒斯"
    "思丝苏素孙索塔泰坦汤唐陶特滕提田铁廷通图土吐托陀瓦万旺威韦维卫魏温文翁沃乌武伍西希锡夏香肖谢辛欣新兴休许雪逊雅亚扬尧耶叶伊依宜易因"
    "英永尤于约扎泽曾詹章珍芝治朱祖佐埔宾翰逊姬娃薇蒂茜柏蔓琼露黛缇"
)
# h20, cx-8, 910b and aurora-2; no part of a year (q3, fy2024), nor one before or after it (mid-2025, the 1990s).
_MODEL = re.compile(
    r"(?<![a-z0-9])(?!(?:q[1-4]|[12]?h[12]|fy-?\d{2,4}|(?:mid|pre|post|early|late)-?(?:1[5-9]|20)\d\d|\d{4}s)(?![a-z0-9]))"
    r"(?:[a-z]{1,5}-?\d{1,4}[a-z]{0,2}|[a-z]{6,14}-\d{1,4}[a-z]{0,2}"
    r"|\d{3,4}(?!(?:[nmck]?m|[mgk]?w|[mgtk]b|[mgk]?hz|k?g|m[gls]|k?v|ma|db|hp|bn|th|st|nd|rd|am|pm)(?![a-z]))[a-z]{1,2})"
    r"(?![a-z0-9])"
)
_JOINTS = re.compile(r"(?<=[a-z])[ -](?=\d)")
_RUN = re.compile(r"[\u4e00-\u9fff]+")
_CAPITALISED = re.compile(r"\b[A-Z][a-z\u00e0-\u024f]{3,}\b|\b[A-Z][a-z]+[A-Z][a-z]+\b")
_SHORTEST, _LONGEST = 2, 6
_SHORTEST_KEY = 3  # two consonants are shared by too many words
_MOST_KEYS = 6
_CLASSES = {
    "b": "B", "p": "B", "f": "F", "v": "F", "w": "W", "d": "D", "t": "D", "g": "G", "k": "G", "q": "G", "h": "H",
    "l": "L", "r": "L", "m": "M", "n": "N", "s": "S", "z": "S", "j": "S", "x": "S", "c": "G",
}  # fmt: skip
_INITIALS = {
    "b": "B", "p": "B", "f": "F", "w": "W", "d": "D", "t": "D", "g": "G", "k": "G", "h": "H", "l": "L", "r": "L",
    "m": "M", "n": "N", "zh": "S", "ch": "S", "sh": "S", "z": "S", "c": "S", "s": "S", "j": "S", "q": "S", "x": "S",
    "y": "",
}  # fmt: skip


def chinese_name_keys(text: str) -> list[str]:
    """The keys of every stretch of whole words of a text that may write a foreign name, two characters or more."""
    keys: list[str] = []
    for match in _RUN.finditer(fold(text)):
        stretch: list[str] = []
        for word in [*_pieces(match.group()), ""]:
            if word and _SOUND_CHARACTERS.issuperset(word):
                stretch.append(word)
                continue
            keys.extend(_keys_of_stretch(tuple(stretch)))
            stretch = []
    return keys


def _pieces(run: str) -> Iterator[str]:
    """A run of Han characters in jieba's words. One that jieba only guessed may hold an end of a name beside something
    else (``据戈|登森|说``): unless it could be a name as it is, it comes in characters."""
    for word in cut_han(run):
        if _SOUND_CHARACTERS.issuperset(word) or is_listed(word):
            yield word
        else:
            yield from word


def name_keys(text: str, name: Side) -> list[str]:
    """Every key a passage of a side is found by."""
    if name == "zh":
        return [*chinese_name_keys(text), *pinyin_keys(text)]
    return [key for keys in english_name_keys(text) for key in keys]


@lru_cache(maxsize=16384)
def matching_words(text: str) -> frozenset[str]:
    """What a text of either side is matched by outside the index: its search words and the keys of its names."""
    return frozenset((*words(text), *name_keys(text, "zh"), *name_keys(text, "en")))


@lru_cache(maxsize=16384)
def models_of(text: str) -> frozenset[str]:
    """The model numbers a text names, without their hyphens: ``h20``, ``cx8``, ``910b``."""
    return frozenset(name.replace("-", "") for name in _MODEL.findall(fold(text)))


def lacking_models(question: str, text: str) -> frozenset[str]:
    """The model numbers of a question that a text does not hold; "Aurora 2" holds Aurora-2."""
    asked = models_of(question)
    joined = _JOINTS.sub("", fold(text)) if asked else ""
    return frozenset(name for name in asked if not re.search(rf"(?<![a-z0-9]){re.escape(name)}(?!\d)", joined))


@lru_cache(maxsize=65536)
def _keys_of_stretch(stretch: tuple[str, ...]) -> tuple[str, ...]:
    keys = []
    for first in range(len(stretch)):
        name = ""
        for word in stretch[first:]:
            name += word
            if len(name) > _LONGEST:
                break
            key = "".join(_syllable(character) for character in name)
            if len(name) >= _SHORTEST and len(key) >= _SHORTEST_KEY:
                keys.append(SOUND + key)
    return tuple(dict.fromkeys(keys))


@lru_cache(maxsize=8192)
def _syllable(character: str) -> str:
    """The consonant classes of a character's reading: its initial, and N for a final n or ng. 尔 stands for l or r."""
    from pypinyin import lazy_pinyin

    sound = lazy_pinyin(character)[0]
    if sound == "er":
        return "L"
    initial = next((i for i in ("zh", "ch", "sh") if sound.startswith(i)), sound[:1])
    return _INITIALS.get(initial, "") + ("N" if sound.endswith(("n", "ng")) else "")


def english_name_keys(text: str) -> list[list[str]]:
    """For each capitalised word of a text, the keys it may have in Chinese; likelier ones first, words without one left
    out. An l or r that closes a syllable is often not written, so there is a key without those too."""
    return [keys for match in _CAPITALISED.finditer(text) if (keys := _keys_of_word(match.group().lower()))]


_SPELLINGS = re.compile(
    r"tch|ch|sh|ph|ck|wh|kn|wr|th|gh(?=[aeiou])|gn(?=[aeo]?s?$)|ng|x|j|g(?=[ei])|c(?=[eiy])|m(?=[bp])"
)
_SOUNDS = {
    "tch": "s", "ch": "s", "sh": "s", "ph": "f", "ck": "k", "wh": "w", "kn": "n", "wr": "r", "th": "θ", "gh": "g",
    "gn": "n",
    "ng": "n", "x": "ks", "j": "s", "g": "ĝ", "c": "s", "m": "n",
}  # fmt: skip
# One sound that Chinese writes in two ways.
_EITHER = {"θ": "DS", "ĝ": "GS", "v": "FW"}


@lru_cache(maxsize=65536)
def _keys_of_word(word: str) -> list[str]:
    sounds = re.sub(r"(.)\1", r"\1", _SPELLINGS.sub(lambda match: _SOUNDS[match.group()], word))
    sounds = re.sub(r"(?<=[aeiou])[hw](?![aeiou])|y", "", sounds)
    keys = {""}
    for position, sound in enumerate(sounds):
        options = set(_EITHER.get(sound, _CLASSES.get(sound, "")))
        closes = not re.match(r"[aeiou]", sounds[position + 1 :])
        if sound in "rl" and closes or sound in "tdgs" and position == len(sounds) - 1:
            options.add("")  # a consonant that closes a syllable is often not written
        if options:
            keys = {key + option for key in keys for option in options}
    longest_first = sorted(keys, key=lambda key: (-len(key), key))
    return [SOUND + key for key in longest_first if len(key) >= _SHORTEST_KEY][:_MOST_KEYS]
