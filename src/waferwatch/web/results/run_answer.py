"""A run over HTTP."""

from __future__ import annotations

from typing import Any

from waferwatch.scoring.comparison.failure import Failure
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.shell.context import Parts


def run_answer(app: Parts, run: Run, translate: Translator) -> dict[str, Any]:
    """A run as the API tells it."""
    names = ("id", "kind", "dataset", "dataset_name", "options", "state", "progress", "created", "started", "finished")
    return {
        **{name: getattr(run, name) for name in names},
        "place": app.jobs.place(run.id),
        "error": None if run.error is None else Failure(**run.error).texts(translate),
        "summary": run.summary,
        "user": run.user,
    }
