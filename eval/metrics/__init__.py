"""The measures, one short file each: pure functions over plain values."""

from eval.metrics.answers import contains, exact_match, f1, tokens
from eval.metrics.auroc import auroc
from eval.metrics.balanced_accuracy import balanced_accuracy
from eval.metrics.calibration import calibration_error
from eval.metrics.citations import CitationScores, CitedSentence, citation_scores
from eval.metrics.hit_rate import hit_rate
from eval.metrics.latency import latency, percentile
from eval.metrics.ndcg import ndcg
from eval.metrics.reciprocal_rank import reciprocal_rank
from eval.metrics.refusal import RefusalScores, refusal_scores

__all__ = [
    "CitationScores",
    "CitedSentence",
    "RefusalScores",
    "auroc",
    "balanced_accuracy",
    "calibration_error",
    "citation_scores",
    "contains",
    "exact_match",
    "f1",
    "hit_rate",
    "latency",
    "ndcg",
    "percentile",
    "reciprocal_rank",
    "refusal_scores",
    "tokens",
]
