"""``nli:MODEL``: a transformers sequence classifier that tells entailment, by name or folder.

Which output is entailment is read from the labels in the model's config. Long evidence is read in windows of sentences
and the best one counts (Laban et al. 2022, SummaC). A language the tokenizer has no words for is not scored.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from eval.scorers import Judgement
from index.errors import ModelError
from index.language import sentences

__all__ = ["NliScorer", "entailment_label", "load", "windows"]

_WINDOW = 3  # sentences
_ENTAILS = re.compile(r"entail|support|faithful|consistent|蕴含|蘊含", re.IGNORECASE)
_DENIES = re.compile(
    r"(?<![a-z])(?:not|non|no)(?=[\W_]|entail)|un(?=support|faith|entail)|in(?=consist)|dis(?=entail)|[不非]",
    re.IGNORECASE,
)
# Text of a language the tokenizer knows takes about one token a Han character or a quarter a letter; bytes take more.
_MOST_TOKENS_PER_CHARACTER = 1.5
_MOST_UNKNOWN = 0.05


class NliScorer:
    """Scores with the probability of entailment. Safe to use from several threads."""

    threshold = 0.5

    def __init__(self, model: str) -> None:
        self._model = model
        self.name = f"nli:{model}"
        self._lock = threading.Lock()

    @cached_property
    def _parts(self) -> tuple[Any, Any, int]:
        """Tokenizer, model in evaluation mode, and the place of entailment among its outputs."""
        folder = Path(self._model)
        if folder.is_dir() and any(folder.rglob("*.py")):
            raise ModelError(f"scorer {self.name}: the folder holds Python files, which are never run: remove them")
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self._model)
            model = AutoModelForSequenceClassification.from_pretrained(self._model, use_safetensors=True)
        except Exception as error:  # each kind of damaged file fails in its reader's own way
            first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ModelError(
                f"scorer {self.name} cannot be loaded: {first}; download it to a folder and give that folder"
            ) from error
        return tokenizer, model.eval(), entailment_label(model.config.id2label, self.name)

    @cached_property
    def revision(self) -> str:
        """The model's commit, or a checksum of its config and weights where it is a plain folder."""
        config = self._parts[1].config
        if commit := getattr(config, "_commit_hash", None):
            return str(commit)[:12]
        found = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
        for path in sorted(Path(self._model).glob("*.safetensors")):
            with path.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
        return found.hexdigest()[:12]

    @property
    def calibration(self) -> Mapping[str, Any]:
        """None is known for a model of one's own."""
        return {}

    def judge(self, claim: str, evidence: Sequence[str], claim_language: str, evidence_language: str) -> Judgement:
        """Whether a window of the passages entails the claim."""
        premises = [window for text in evidence for window in windows(text)]
        if not premises:
            return Judgement(0.0, False, "no evidence")
        with self._lock:
            if not (self._knows(claim) and self._knows(" ".join(premises))):
                return Judgement(None, None, "not scored: the model's tokenizer does not know this language")
            score = max(self._entailments(premises, claim))
        return Judgement(score, score >= self.threshold, "" if score >= self.threshold else "not entailed")

    def _entailments(self, premises: Sequence[str], claim: str) -> list[float]:
        import torch

        tokenizer, model, place = self._parts
        longest = min(int(getattr(model.config, "max_position_embeddings", 512)), 512)
        # The premise may be cut, the claim must not be.
        options = {"padding": True, "truncation": "only_first", "max_length": longest, "return_tensors": "pt"}
        try:
            batch = tokenizer(list(premises), [claim] * len(premises), **options)
        except Exception as error:  # tokenizers raises bare ones where the claim is too long
            raise ValueError(f"the claim is too long for {self.name}: {len(claim):,} characters") from error
        with torch.inference_mode():
            probabilities = model(**batch).logits.float().softmax(dim=-1)
        return [float(row[place]) for row in probabilities]

    def _knows(self, text: str) -> bool:
        tokenizer = self._parts[0]
        letters = [character for character in text if character.isalpha()]
        if not letters:
            return True
        ids = tokenizer.encode("".join(letters) if min(letters) > "\u2e7f" else text, add_special_tokens=False)
        unknown = sum(token == tokenizer.unk_token_id for token in ids)
        return unknown <= _MOST_UNKNOWN * len(ids) and len(ids) <= _MOST_TOKENS_PER_CHARACTER * len(text)


def entailment_label(labels: Mapping[int, str], name: str) -> int:
    """The output that stands for entailment. Raises ``ModelError`` where the labels do not tell."""
    found = [
        int(place) for place, label in labels.items() if _ENTAILS.search(label) and not _DENIES.search(label.strip())
    ]
    if len(found) != 1:
        raise ModelError(
            f"scorer {name}: exactly one label must say entailment, but its config has "
            f"{', '.join(str(label) for label in labels.values())}: use a model trained for inference (NLI)"
        )
    return found[0]


def windows(text: str, size: int = _WINDOW) -> list[str]:
    """Every run of ``size`` sentences of a text, the whole text where it has no more."""
    spans = sentences(text)
    if not spans:
        return []
    starts = range(max(1, len(spans) - size + 1))
    return [text[spans[i][0] : spans[min(i + size, len(spans)) - 1][1]] for i in starts]


def load(model: str) -> NliScorer:
    """The scorer, its model not loaded yet."""
    return NliScorer(model)
