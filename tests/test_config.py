"""Settings: what a file may say, and how it is told that it may not."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from rag import KnowledgeBase
from rag.config import AppSettings, Config
from rag.errors import ConfigError


def _load(folder: Path, text: str) -> Config:
    path = folder / "wenju.toml"
    path.write_text(text, encoding="utf-8")
    return Config.load(path)


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert _load(tmp_path, "") == Config()
    assert _load(tmp_path, "[app]\n") == Config()


def test_defaults() -> None:
    config = Config()
    assert (config.embedding.model, config.chunking.budget, config.retrieval.limit) == ("bundled", 220, 10)
    assert (config.rerank.model, config.answer.model, config.answer.temperature) == ("auto", "", 0.0)
    assert (config.app.host, config.app.port, config.app.max_question_characters) == ("127.0.0.1", 7860, 4000)


def test_a_file_replaces_what_it_names(tmp_path: Path) -> None:
    config = _load(
        tmp_path, '[embedding]\nquery_prefix = "问："\n[answer]\ntimeout = 5\nmodel = "ollama:qwen3"\n[app]\nport = 0\n'
    )
    assert (config.embedding.query_prefix, config.embedding.passage_prefix) == ("问：", None)
    assert (config.answer.timeout, config.answer.model, config.app.port) == (5.0, "ollama:qwen3", 0)
    assert isinstance(config.answer.timeout, float)
    assert config.retrieval == Config().retrieval


@pytest.mark.parametrize("whole", [False, True])
def test_a_user_dictionary_lies_beside_the_settings(tmp_path: Path, whole: bool) -> None:
    path = tmp_path / "other" / "术语.txt" if whole else Path("术语.txt")
    own = _load(tmp_path, f'[retrieval]\nuser_dictionary = "{path.as_posix()}"\n').retrieval.user_dictionary
    assert Path(own) == tmp_path / path


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert _load(tmp_path, "\ufeff[app]\nport = 8000\n").app.port == 8000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[rerank]\nwindws = 3", r"\[rerank\] windws is unknown: did you mean windows\?"),
        ('[anwser]\nmodel = ""', r"\[anwser\] is unknown: did you mean answer\?"),
        ("[zzz]", r"\[zzz\] is unknown: the sections are embedding, chunking, .*, app"),
        ("[chunking]\nzzz = 1", r"\[chunking\] zzz is unknown: the keys are budget"),
        ("app = 3", r"\[app\] must be a table, was: 3"),
        ("[rerank]\nwindows = true", r"\[rerank\] windows must be a whole number, was: True"),
        ("[rerank]\nwindows = 1.5", r"\[rerank\] windows must be a whole number, was: 1.5"),
        ("[answer]\nstrict = 1", r"\[answer\] strict must be true or false, was: 1"),
        ('[answer]\ntimeout = "5"', r"\[answer\] timeout must be a number, was: '5'"),
        ("[answer]\ntemperature = nan", r"\[answer\] temperature must be 0 to 2, was: nan"),
        ("[app]\nport = 70000", r"\[app\] port must be 0 to 65535, was: 70000"),
        ("[retrieval]\nlimit = 0", r"\[retrieval\] limit must be 1 to 100, was: 0"),
        ('[embedding]\nprecision = "fp8"', r"precision must be 'auto' or 'float32' or 'bfloat16', was: 'fp8'"),
        ('[embedding]\nmodel = " "', r"\[embedding\] model must be a name without spaces around it, .*, was: ' '"),
        (f'[embedding]\nmodel = "{"a" * 300}"', r"\[embedding\] model must be .* 255 bytes at most .*, was: 'aaa"),
        (f'[rerank]\nmodel = "x/{"模" * 86}"', r"\[rerank\] model must be .* 255 bytes at most .*, was: 'x/模"),
        ("[app]\nport = 1" + "0" * 400, r"\[app\] port must be 0 to 65535, was: a number of hundreds of digits"),
        ("[answer]\ntimeout = 1" + "0" * 400, r"\[answer\] timeout must be .*, was: a number of hundreds of digits"),
        ("[app]\nport = 1" + "0" * 5000, "must be TOML: "),
        ('[embedding]\nmodel = "m"\nbase_url = "http://[::1"', "base_url must be empty, or an address"),
        ('[answer]\nbase_url = "http://a:b"', "base_url must be empty, or an address"),
        (
            '[answer]\nbase_url = "ftp://x"',
            r"base_url must be empty, or an address that starts with http:// or https://",
        ),
        ('[answer]\nlanguage = "zh"', r"language must be '' or 'zh-Hans' or 'zh-Hant' or 'en', was: 'zh'"),
        ('[app]\nhost = "a b"', r"\[app\] host must be the name or number of an address, was: 'a b'"),
        ("[app", r"must be TOML: .*at end of document"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        _load(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "wenju.toml"))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("key", ["api_key", "apikey", "openai_api_key", "token", "secret", "key"])
def test_a_key_in_the_file_is_refused_with_the_remedy_and_not_repeated(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[answer\] {key} must not stand in a file: .*OPENAI_API_KEY") as caught:
        _load(tmp_path, f'[answer]\n{key} = "sk-1234"')
    assert "sk-1234" not in str(caught.value)


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    assert "hunter2" not in repr(_load(tmp_path, '[app]\npassword = "hunter2"'))
    with pytest.raises(ConfigError, match=r"password must be text in quotes, was: \(not shown\)"):
        _load(tmp_path, "[app]\npassword = 1234")


def test_hostile_names_stay_in_one_short_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, f'[app]\n"a\\u001b[31m\\n{"b" * 5000}" = 1')
    assert len(str(caught.value)) < 400 + len(str(tmp_path))
    assert str(caught.value).isprintable()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read \(No such file or directory\)"):
        Config.load(tmp_path / "none.toml")
    (tmp_path / "gb.toml").write_bytes('[app]\npassword = "口令"'.encode("gb18030"))
    with pytest.raises(ConfigError, match="must be UTF-8, but byte 19 is not"):
        Config.load(tmp_path / "gb.toml")
    (tmp_path / "kb" / "wenju.toml").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"wenju\.toml: cannot be read \(Is a directory\)"):
        KnowledgeBase.open(tmp_path / "kb", create=True)


def test_values_can_be_replaced_and_are_checked() -> None:
    config = Config().with_values({"app": {"port": 1}, "rerank": {"model": "none"}})
    assert (config.app.port, config.rerank.model) == (1, "none")
    with pytest.raises(ConfigError, match=r"config: \[app\] prot is unknown: did you mean port\?"):
        config.with_values({"app": {"prot": 1}})


def test_illegal_settings_cannot_be_built() -> None:
    with pytest.raises(ConfigError, match=r"\[app\] port must be 0 to 65535, was: -1"):
        Config(app=AppSettings(port=-1))
    with pytest.raises(ConfigError, match="app must be AppSettings, was: NoneType"):
        Config(app=None)  # type: ignore[arg-type]


def test_every_number_has_a_range(tmp_path: Path) -> None:
    for section in fields(Config):
        values = getattr(Config(), section.name)
        for item in fields(values):
            value = getattr(values, item.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                with pytest.raises(ConfigError, match=item.name):
                    _load(tmp_path, f"[{section.name}]\n{item.name} = {-(10**9)}")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
@pytest.mark.timeout(30)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "wenju.toml")
    with pytest.raises(ConfigError, match=r"wenju\.toml: cannot be read \(it is not a regular file\)"):
        Config.of(tmp_path)


def test_a_file_too_large_for_settings_is_refused_unread(tmp_path: Path) -> None:
    comment = "#" * (64 * 1024 - len("[app]\n"))
    assert _load(tmp_path, f"[app]\n{comment}") == Config()
    with pytest.raises(ConfigError, match=r"wenju\.toml: must have 64 KiB at most") as caught:
        _load(tmp_path, f"[app]\n{comment}#")
    assert "\n" not in str(caught.value)
