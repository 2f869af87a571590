"""Versions of monitors as one file, for another installation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from string import Formatter
from typing import Any

from waferwatch.errors import InputError, ModelError
from waferwatch.monitors.bundle import read_bundle, write_bundle
from waferwatch.read.table import Note
from waferwatch.scoring.model import Model
from waferwatch.store.monitors.documents import monitor_document
from waferwatch.store.monitors.facts import model_facts, thresholds_of
from waferwatch.store.monitors.monitors import NewVersion
from waferwatch.store.monitors.names import check_monitor_name
from waferwatch.store.monitors.records import MonitorRecord, Origin, VersionRecord, VersionState
from waferwatch.store.store import Store


def export_version(store: Store, title: str, path: Path) -> VersionRecord:
    """Write a version to one file; golden rows stay here.

    Raises:
        InputError, NotFoundError: with what to do about it.
    """
    version = store.monitors.version(title)
    monitor = store.monitors.get(version.monitor)
    golden = version.golden
    about = {
        "name": monitor.name,
        "version": version.number,
        "policy": monitor.policy,
        "equipment": None if monitor.equipment is None else list(monitor.equipment),
        "origin": version.origin.value,
        "created": version.created,
        "golden": None if golden is None else {"name": golden.name, "version": golden.version, **golden.about},
    }
    write_bundle(path, store.monitors.model(version), about)
    return version


def import_version(
    store: Store,
    path: Path,
    user: str,
    *,
    name: str | None = None,
    activate: bool = False,
    shown: str | None = None,
) -> VersionRecord:
    """Keep the version that a file holds: as the next one of its monitor, or the first of a new one.

    Args:
        name: of the monitor; None: as it was exported.
        shown: what messages call the file; None: its path.

    Raises:
        InputError, StorageFullError: with what to do about it; nothing is kept.
    """
    try:
        model, about = read_bundle(path)
    except (ModelError, InputError) as error:  # the file of the user is at fault, not a model of this installation
        values = {**error.values, "path": shown or path}
        raise InputError(error.message_template, hint=error.hint_template, field="file", **values) from error
    policy, equipment = _checked(about, shown or path.name)
    facts = _facts(model, policy, shown or path.name)
    chosen = check_monitor_name(name if name is not None else str(about.get("name", "")))
    known = store.monitors.has(chosen)
    origin = {"name": about.get("name"), "version": about.get("version"), "golden": about.get("golden")}
    new = NewVersion(
        model,
        facts | {"imported": origin},
        Origin.IMPORTED,
        policy=None if known else policy,
        equipment=None if known else equipment,
        activate=activate,
        detail={"as": str(about.get("name", ""))[:100], "number": about.get("version")},
    )
    return store.monitors.add(chosen, new, user)


def _checked(about: dict[str, Any], shown: str) -> tuple[dict[str, Any], list[str] | None]:
    """Threshold policy and equipment of a file that anybody may have written.

    Raises:
        InputError: when they are none.
    """
    policy, equipment = about.get("policy"), about.get("equipment")
    listed = equipment is None or (isinstance(equipment, list) and all(isinstance(one, str) for one in equipment))
    try:
        if isinstance(policy, dict) and listed:
            thresholds_of(policy)
            return policy, equipment
    except (OverflowError, TypeError, ValueError):
        pass
    raise _no_monitor(shown)


def _facts(model: Model, policy: dict[str, Any], shown: str) -> dict[str, Any]:
    """What is kept of a model that anybody may have made: what cannot be shown would break every list of monitors.

    Raises:
        InputError: when it cannot be shown.
    """
    try:
        _check_notes(model.notes)
        facts = model_facts(model)
        version = VersionRecord(
            "", "-", 1, VersionState.DRAFT, Origin.IMPORTED, model.digest, facts, "", "", None, None
        )
        document = monitor_document(MonitorRecord("", "-", policy, None, "", "", [version]))
        json.dumps([document, facts], ensure_ascii=False, allow_nan=False).encode()
        if all(isinstance(one, str) for one in (*facts["features"], *facts["equipment"], facts["model"])):
            return facts
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise _no_monitor(shown) from error
    raise _no_monitor(shown)


def _check_notes(notes: Iterable[Note]) -> None:
    """
    Raises:
        ValueError: a note is no sentence with named values alone; a width in it could fill the memory.
    """
    for note in notes:
        for _, name, width, turned in Formatter().parse(note.template):
            if name is not None and (name not in note.values or width or turned):
                raise ValueError(note.template)


def _no_monitor(shown: str) -> InputError:
    return InputError(
        "The file {name} holds no monitor that can be read.",
        hint="Export the monitor again, and import that file.",
        field="file",
        name=shown,
    )
