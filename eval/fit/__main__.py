"""``python -m eval.fit scales|likelihood|probe|sentences|refusal --data DIR``; the shipped weights of the last two are
of ``--per-pair 160``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[2] / "rag" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=("scales", "likelihood", "probe", "sentences", "refusal"))
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder of the set; of all sets for probe, sentences and refusal"
    )
    parser.add_argument("--per-pair", type=int, default=60, help="questions a language pair (probe: has its own)")
    parser.add_argument("--rerank", default="none", help="the reranker of the profile (refusal)")
    arguments = parser.parse_args()
    from eval.fit import answers, probe, retrieval

    if arguments.name == "scales":
        loss = retrieval.fit_scales(arguments.data, _FOLDER / "scale-multilingual-e5-small.json")
    elif arguments.name == "likelihood":
        loss = retrieval.fit_likelihood(arguments.data, _FOLDER / "likelihood.json", arguments.per_pair)
    elif arguments.name == "probe":
        loss = probe.fit_probe(arguments.data, _FOLDER / "answer-probe.json")
    elif arguments.name == "sentences":
        settings = answers.FitSettings(evidence=4 * arguments.per_pair, ranking=arguments.per_pair)
        loss = answers.fit_sentences(arguments.data, _FOLDER / "sentence-weights.json", settings)
    else:
        loss = answers.fit_refusal(arguments.data, _FOLDER / "refusal.json", arguments.rerank, arguments.per_pair)
    sys.stderr.write(f"loss {loss:.4f}\n")


if __name__ == "__main__":
    main()
