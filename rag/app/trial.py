"""The evaluation tab: what it shows, and what happens at its events."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.app import views
from rag.app.evaluation import Evaluator, Trial, steps
from rag.app.handlers import load_gradio, received, sent
from rag.app.session import Voice
from rag.app.source import safe
from rag.app.text import Words

__all__ = ["TrialHandlers", "trial_view"]

_LOG = logging.getLogger(__name__)
_LIMITS = (10, 30, 60)


def trial_view(trial: Trial, words: Words) -> str:
    """The form, or how far the run is; below it an error or the report."""
    parts = [_progress(trial, words) if trial.running else _form(words)]
    if trial.error:
        parts.append(views.notice(trial.error))
    if trial.report:
        parts.append(_report(Path(trial.report), words))
    return f'<div class="trial">{"".join(parts)}</div>'


def _form(words: Words) -> str:
    limits = "".join(
        f'<option value="{limit}">{safe(words.first_cases.format(count=limit))}</option>' for limit in _LIMITS
    )
    return (
        f"<p>{safe(words.evaluation_about)}</p>"
        f'<label class="own"><span>{safe(words.own_set)}</span>'
        f'<input type="file" accept=".jsonl" aria-label="{safe(words.own_set)}"></label>'
        f'<div class="start"><select aria-label="{safe(words.evaluation)}">{limits}'
        f'<option value="">{safe(words.all_cases)}</option></select>'
        f'<button type="button" class="main" data-event="submit" data-action="evaluate">'
        f"{safe(words.evaluate)}</button></div>"
    )


def _progress(trial: Trial, words: Words) -> str:
    if not trial.total:
        line = words.evaluation_preparing
    else:
        line = words.evaluation_done.format(done=trial.done, total=trial.total)
        if trial.failed:
            line += words.evaluation_failed.format(count=trial.failed)
        if trial.left is not None and trial.done < trial.total:
            line += words.evaluation_left.format(left=f"{int(trial.left) // 60}:{int(trial.left) % 60:02}")
    if trial.stopping:
        line = words.evaluation_stopping
    known = f' value="{trial.done}" max="{trial.total}"' if trial.total else ""
    off = " disabled" if trial.stopping else ""
    return (
        f'{views.line(line, busy=True)}<progress{known} aria-label="{safe(words.evaluation)}"></progress>'
        f'<button type="button" class="quiet" data-event="clear" data-action="end"{off}>{safe(words.stop)}</button>'
    )


def _report(path: Path, words: Words) -> str:
    """The report in a frame that may do nothing: no script, no request, no way to this page."""
    try:
        page = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return views.notice(f"{path}: {error.strerror}")
    return (
        f'<div class="report"><div class="about"><span class="file" dir="auto">{safe(str(path))}</span>'
        f'<button type="button" class="quiet" data-whole="report" aria-label="{safe(words.whole_window)}">⤢</button>'
        f'</div><iframe sandbox="" title="{safe(words.evaluation)}" srcdoc="{safe(page)}"></iframe></div>'
    )


class TrialHandlers:
    """What happens at each event of the tab."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator, self._skip = evaluator, load_gradio().skip()

    def show(self, trial: Trial, voice: Voice) -> Any:
        """The tab as it stands, in the interface's language.

        Nothing while a run goes on, which shows itself twice a second: two answers to one browser can change places,
        and a look at the run would then cover its report.
        """
        return self._skip if trial.running else trial_view(trial, voice.words)

    def evaluate(self, event: Any, trial: Trial, voice: Voice) -> Iterator[str]:
        """Run a set; yields the tab as the run goes on."""
        limit = sent(event, "limit")
        files = received(event)
        if sent(event, "name") and not files:
            trial.report, trial.error = "", voice.words.lost
            yield trial_view(trial, voice.words)
            return
        number = int(limit) if limit.isascii() and limit.isdigit() and 0 < len(limit) <= 6 else None
        try:
            for _ in steps(self._evaluator, files[0] if files else None, number or None, trial):
                yield trial_view(trial, voice.words)
        except Exception:  # noqa: BLE001 - whatever went wrong, the person gets a line and the log the rest
            _LOG.exception("an evaluation failed")
            trial.error = voice.words.evaluation_trouble
        finally:
            for file in files:
                file.unlink(missing_ok=True)
        yield trial_view(trial, voice.words)

    def stop(self, trial: Trial, voice: Voice) -> Any:
        """End the run after the case at hand."""
        trial.stop()
        return self.show(trial, voice)
