"""The words of the page, one complete set per interface language; a missing word is a type error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["LANGUAGES", "WORDS", "Words", "preferred_language"]

LANGUAGES = ("zh-Hans", "zh-Hant", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """Every word the page itself says. Braces are filled by ``str.format`` with the field named inside."""

    tag: str
    own_name: str
    name: str
    seal: str
    tagline: str
    language: str
    new_conversation: str
    conversation: str
    placeholder: str
    question: str
    send: str
    stop: str
    keys: str
    welcome: str
    welcome_more: str
    welcome_empty: str
    hint: str
    examples: str
    panel: str
    evidence: str
    evidence_empty: str
    cited: str
    related: str
    related_more: str
    refusal: str
    unsupported: str
    unsupported_mark: str
    stopped: str
    no_answer: str
    searched_as: str
    show_citation: str
    all_passages: str
    previous: str
    next: str
    page: str
    pages: str
    part: str
    close: str
    documents: str
    documents_empty: str
    passages: str
    add: str
    adding: str
    formats: str
    added: str
    updated: str
    unchanged: str
    failed: str
    lost: str
    remove: str
    confirm: str
    removed: str
    empty_question: str
    long_question: str
    searching: str
    reading: str
    answering: str
    checking: str
    trouble: str
    evaluation: str
    evaluation_about: str
    own_set: str
    first_cases: str
    all_cases: str
    evaluate: str
    evaluation_preparing: str
    evaluation_done: str
    evaluation_failed: str
    evaluation_left: str
    evaluation_stopping: str
    evaluation_trouble: str
    whole_window: str
    tongues: Mapping[str, str]

    def stage(self, name: str) -> str:
        """The status line for a stage of the work; an unknown stage reads as the first one."""
        stages = {"reading": self.reading, "answering": self.answering, "checking": self.checking}
        return stages.get(name, self.searching)

    def tongue(self, tag: str) -> str:
        """A short name for the language of a passage; a tag without one is shown as it is."""
        return self.tongues.get(tag, tag)


_HANS = Words(
    tag="zh-Hans",
    own_name="简体",
    name="问据",
    seal="据",
    tagline="有问，有据",
    language="界面语言",
    new_conversation="新对话",
    conversation="对话",
    placeholder="就您的文档提问……",
    question="问题",
    send="发送",
    stop="停止",
    keys="Enter 发送，Shift + Enter 换行。答案只取自您的文档，点开编号可核对原文。",
    welcome="想从文档里了解什么？",
    welcome_more="每句回答都附出处；文档里没有的，会直说没有。中英文资料可以混着问。",
    welcome_empty="还没有文档。先在“文档”里添加文件，再来提问。",
    hint="宜问文中写明的事，如人物、日期、数字或原因；不会概括全文。",
    examples="可以这样问",
    panel="侧栏",
    evidence="依据",
    evidence_empty="点击回答中的编号，这里会显示原文，并标出所引的那一段。",
    cited="引用的段落",
    related="相关内容，并非答案",
    related_more="下面几段与问题相近，但没有回答它。",
    refusal="文档中没有找到答案",
    unsupported="画波浪线的句子，在所引段落里没有得到证实，请以原文为准。",
    unsupported_mark="未证实",
    stopped="已停止。",
    no_answer="没有得到回答，请再问一次。",
    searched_as="按此检索：{question}",
    show_citation="查看出处 {number}",
    all_passages="全部段落",
    previous="上一处",
    next="下一处",
    page="第 {page} 页",
    pages="第 {first}–{last} 页",
    part="仅显示引文前后的部分",
    close="关闭",
    documents="文档",
    documents_empty="还没有文档。",
    passages="{count} 段",
    add="添加文件，或拖到这里",
    adding="正在添加 {count} 个文件……",
    formats="支持 txt、md、html、pdf、docx。文件只留在这台机器上。",
    added="已添加",
    updated="已更新",
    unchanged="没有变化",
    failed="未能添加",
    lost="没有传上来：文件太大，或连接中断",
    remove="移除",
    confirm="确认移除？",
    removed="已移除“{title}”。",
    empty_question="请先输入问题。",
    long_question="问题太长：共 {count} 字，最多 {limit} 字。请缩短后再发送，内容已为您保留。",
    searching="正在检索……",
    reading="正在阅读相关段落……",
    answering="正在作答……",
    checking="正在核对出处……",
    trouble="出了点问题，回答没有完成。请再试一次；若仍如此，请查看终端里的日志。",
    evaluation="评测",
    evaluation_about="用一套题检验回答是否忠于原文、引用是否准确、该不该拒答。不选文件时用自带的题集，它问的是示例文档。",
    own_set="换成自己的题集（.jsonl）",
    first_cases="抽 {count} 题",
    all_cases="全部题目",
    evaluate="开始评测",
    evaluation_preparing="正在准备（首次要先为示例文档建库，约一两分钟）……",
    evaluation_done="已完成 {done} / {total} 题",
    evaluation_failed="，{count} 题出错",
    evaluation_left="，约剩 {left}",
    evaluation_stopping="做完手上这一题就停……",
    evaluation_trouble="评测没有完成。请再试一次；若仍如此，请查看终端里的日志。",
    whole_window="占满窗口，再按还原",
    tongues=MappingProxyType({"zh-Hans": "简", "zh-Hant": "繁", "zh": "中", "en": "英", "ja": "日", "ko": "韩"}),
)

_HANT = Words(
    tag="zh-Hant",
    own_name="繁體",
    name="問據",
    seal="據",
    tagline="有問，有據",
    language="介面語言",
    new_conversation="新對話",
    conversation="對話",
    placeholder="就您的文件提問……",
    question="問題",
    send="傳送",
    stop="停止",
    keys="Enter 傳送，Shift + Enter 換行。答案只取自您的文件，點開編號可核對原文。",
    welcome="想從文件裡了解什麼？",
    welcome_more="每句回答都附出處；文件裡沒有的，會直說沒有。中英文資料可以混著問。",
    welcome_empty="還沒有文件。請先在「文件」裡加入檔案，再來提問。",
    hint="宜問文中寫明的事，如人物、日期、數字或原因；不會概括全文。",
    examples="可以這樣問",
    panel="側欄",
    evidence="依據",
    evidence_empty="點選回答中的編號，這裡會顯示原文，並標出所引的那一段。",
    cited="引用的段落",
    related="相關內容，並非答案",
    related_more="下面幾段與問題相近，但沒有回答它。",
    refusal="文件中沒有找到答案",
    unsupported="畫波浪線的句子，在所引段落裡沒有得到證實，請以原文為準。",
    unsupported_mark="未證實",
    stopped="已停止。",
    no_answer="沒有得到回答，請再問一次。",
    searched_as="按此檢索：{question}",
    show_citation="查看出處 {number}",
    all_passages="全部段落",
    previous="上一處",
    next="下一處",
    page="第 {page} 頁",
    pages="第 {first}–{last} 頁",
    part="僅顯示引文前後的部分",
    close="關閉",
    documents="文件",
    documents_empty="還沒有文件。",
    passages="{count} 段",
    add="加入檔案，或拖到這裡",
    adding="正在加入 {count} 個檔案……",
    formats="支援 txt、md、html、pdf、docx。檔案只留在這台機器上。",
    added="已加入",
    updated="已更新",
    unchanged="沒有變化",
    failed="未能加入",
    lost="沒有傳上來：檔案太大，或連線中斷",
    remove="移除",
    confirm="確認移除？",
    removed="已移除「{title}」。",
    empty_question="請先輸入問題。",
    long_question="問題太長：共 {count} 字，最多 {limit} 字。請縮短後再傳送，內容已為您保留。",
    searching="正在檢索……",
    reading="正在閱讀相關段落……",
    answering="正在作答……",
    checking="正在核對出處……",
    trouble="出了點問題，回答沒有完成。請再試一次；若仍如此，請查看終端機裡的記錄。",
    evaluation="評測",
    evaluation_about="用一套題檢驗回答是否忠於原文、引用是否準確、該不該拒答。不選檔案時用內附的題集，它問的是範例文件。",
    own_set="換成自己的題集（.jsonl）",
    first_cases="抽 {count} 題",
    all_cases="全部題目",
    evaluate="開始評測",
    evaluation_preparing="正在準備（首次要先為範例文件建庫，約一兩分鐘）……",
    evaluation_done="已完成 {done} / {total} 題",
    evaluation_failed="，{count} 題出錯",
    evaluation_left="，約剩 {left}",
    evaluation_stopping="做完手上這一題就停……",
    evaluation_trouble="評測沒有完成。請再試一次；若仍如此，請查看終端機裡的記錄。",
    whole_window="佔滿視窗，再按還原",
    tongues=MappingProxyType({"zh-Hans": "簡", "zh-Hant": "繁", "zh": "中", "en": "英", "ja": "日", "ko": "韓"}),
)

_ENGLISH = Words(
    tag="en",
    own_name="English",
    name="问据",
    seal="据",
    tagline="Ask, and see the evidence",
    language="Interface language",
    new_conversation="New chat",
    conversation="Conversation",
    placeholder="Ask about your documents…",
    question="Question",
    send="Send",
    stop="Stop",
    keys="Enter sends, Shift + Enter breaks the line. Answers come from your documents alone: open a number to check.",
    welcome="What would you like to find out?",
    welcome_more="Every sentence names its source, and what your documents do not say is not made up. "
    "Ask in Chinese or English, whichever language the source is in.",
    welcome_empty="There are no documents yet. Add files under “Documents”, then ask.",
    hint="Ask for something that the text states, such as a person, a date, a figure or a reason, rather than for "
    "a summary.",
    examples="For example",
    panel="Side panel",
    evidence="Evidence",
    evidence_empty="Choose a number in an answer to see its source here, with the cited passage marked.",
    cited="Cited passages",
    related="Related, not an answer",
    related_more="These passages are close to the question but do not answer it.",
    refusal="The documents do not answer this",
    unsupported="The cited passage does not confirm a sentence with a wavy line: trust the source instead.",
    unsupported_mark="unconfirmed",
    stopped="Stopped.",
    no_answer="No answer came back. Please ask again.",
    searched_as="Searched as: {question}",
    show_citation="Show source {number}",
    all_passages="All passages",
    previous="Previous",
    next="Next",
    page="p. {page}",
    pages="pp. {first}–{last}",
    part="Showing the part around the citation",
    close="Close",
    documents="Documents",
    documents_empty="There are no documents yet.",
    passages="{count} passages",
    add="Add files, or drop them here",
    adding="Adding {count} files…",
    formats="txt, md, html, pdf and docx. Files stay on this machine.",
    added="added",
    updated="updated",
    unchanged="unchanged",
    failed="not added",
    lost="it did not arrive: too large, or the connection broke",
    remove="Remove",
    confirm="Really remove?",
    removed="“{title}” was removed.",
    empty_question="Type a question first.",
    long_question="The question is too long: {count} characters, at most {limit}. Shorten it and send again; "
    "your text is still there.",
    searching="Searching…",
    reading="Reading the passages…",
    answering="Writing the answer…",
    checking="Checking the citations…",
    trouble="Something went wrong and the answer was not finished. Try again; if it stays so, see the terminal's log.",
    evaluation="Evaluation",
    evaluation_about="Asks a set of questions and checks whether answers keep to their sources, cite the right "
    "passages, and refuse where they must. Without a file, the set that comes with Wenju: it is about the sample "
    "documents.",
    own_set="Use a set of your own (.jsonl)",
    first_cases="A sample of {count}",
    all_cases="All questions",
    evaluate="Evaluate",
    evaluation_preparing="Preparing (the first time, the sample documents are indexed: a minute or two)…",
    evaluation_done="{done} of {total} questions",
    evaluation_failed=", {count} failed",
    evaluation_left=", about {left} left",
    evaluation_stopping="Stopping after this question…",
    evaluation_trouble="The evaluation was not finished. Try again; if it stays so, see the terminal's log.",
    whole_window="The whole window, and back",
    tongues=MappingProxyType({"zh-Hans": "Simpl.", "zh-Hant": "Trad.", "zh": "Chinese", "en": "English"}),
)

WORDS: Mapping[str, Words] = MappingProxyType({words.tag: words for words in (_HANS, _HANT, _ENGLISH)})


def preferred_language(header: str) -> str:
    """The interface language for a browser's ``Accept-Language`` header: its first language we speak, else English."""
    weighted = []
    for position, item in enumerate(header[:500].split(",")):
        name, _, weight = item.strip().lower().partition(";q=")
        try:
            weighted.append((-float(weight or 1), position, name))
        except ValueError:
            continue
    for _, _, name in sorted(weighted):
        if name.startswith("zh"):
            traditional = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")
            return "zh-Hant" if name.startswith(traditional) else "zh-Hans"
        if name.startswith("en"):
            return "en"
    return "en"
