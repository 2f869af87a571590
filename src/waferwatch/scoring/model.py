"""A model: what was learnt, with what it is asked for, and as files. Unchanged after fitting."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from waferwatch.errors import InputError, ModelError
from waferwatch.indicators.hard_rules import typed_limits
from waferwatch.models.contract import ModelInfo, Progress, no_progress
from waferwatch.models.registry import detector_class
from waferwatch.models.state import pack, unpack
from waferwatch.read.table import Note, Table
from waferwatch.scoring.detecting.learnt import LearntModel
from waferwatch.scoring.detecting.with_model import detect_with
from waferwatch.scoring.result import Detection
from waferwatch.scoring.stream import Stream
from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds
from waferwatch.series.layout import SeriesLayout

FORMAT = 1
DESCRIPTION, ARRAYS = "model.json", "arrays.npz"


@dataclass(frozen=True)
class ModelContent:
    """A model as two files."""

    description: bytes  # JSON
    arrays: bytes  # npz


@dataclass(frozen=True)
class Model(LearntModel):
    """What :func:`waferwatch.fit` gives: it scores any number of frames, and never changes."""

    def detect(
        self,
        frame: pd.DataFrame | Table,
        *,
        threshold: float | Literal["auto"] = AUTO,
        contamination: float | None = None,
        false_alarms: float | None = None,
        limits: pd.DataFrame | None = None,
        progress: Progress = no_progress,
    ) -> Detection:
        """Find anomalies in a frame with the same columns, without learning anew.

        Args:
            frame: rows in any time order, or what :func:`waferwatch.read_file` has read; results come back in its row
                order. It is not changed.
            threshold: "auto", or a number as the scores are.
            contamination: instead: expected share of anomalous rows, above 0 and at most 0.5.
            false_alarms: instead: at most this many false events per equipment and week.
            limits: of indicators of wafers, that a person has set, as for :func:`waferwatch.detect`.
            progress: called with the share done, 0 to 1.

        Raises:
            InputError, NotFoundError: the frame lacks a column, or an option cannot be used.
            ModelError: the checkpoint of the model is not there.
        """
        wish = Thresholds(threshold, contamination, false_alarms)
        return detect_with(self, self.table(frame), wish, progress, [] if limits is None else typed_limits(limits))

    def stream(self, state: bytes | None = None) -> Stream:
        """Scores of rows as they arrive: see :class:`waferwatch.scoring.stream.Stream`.

        Args:
            state: what ``Stream.state()`` gave; None begins anew.
        """
        return Stream(self, state)

    def content(self) -> ModelContent:
        """The model as it is written; nothing is pickled."""
        document, arrays = pack({"fitted": self.fitted} | self._more)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        hashes = {"digest": self.digest, "arrays": hashlib.sha256(buffer.getvalue()).hexdigest()}
        about = {**self._about(), "format": FORMAT, **hashes, **document["dict"]}
        about["checksum"] = _checksum(about)
        return ModelContent(json.dumps(about, ensure_ascii=False, indent=1).encode(), buffer.getvalue())

    def save(self, folder: str | Path) -> None:
        """Write the model as ``model.json`` and ``arrays.npz`` into a folder, which is made; nothing is pickled.

        Raises:
            InputError: the folder cannot be written.
        """
        path, written = Path(folder), self.content()
        try:
            path.mkdir(parents=True, exist_ok=True)
            for name, content in ((ARRAYS, written.arrays), (DESCRIPTION, written.description)):
                (path / f".{name}.part").write_bytes(content)
                os.replace(path / f".{name}.part", path / name)
        except OSError as error:
            raise InputError(
                "The model could not be written to {path}: {reason}.",
                hint="Free some space or choose another folder.",
                field="folder",
                path=path,
                reason=error.strerror or "the disk refused it",
            ) from error


def load(folder: str | Path) -> Model:
    """A model that :meth:`Model.save` wrote.

    Raises:
        ModelError: it is not there, is damaged, or was made by a version that this one cannot read.
    """
    path = Path(folder)
    try:
        content = ModelContent((path / DESCRIPTION).read_bytes(), (path / ARRAYS).read_bytes())
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from error
    return model_from(content, path)


def model_from(content: ModelContent, path: Path) -> Model:
    """A model from what :meth:`Model.content` gave.

    Args:
        path: where it was found, for messages.

    Raises:
        ModelError: it is damaged, or was made by a version that this one cannot read.
    """
    try:
        about = json.loads(content.description.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, type(error).__name__) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ModelError(
            "The model in {path} is of a format that this version of waferwatch cannot read.",
            hint="Learn the model again.",
            path=path,
        )
    arrays = hashlib.sha256(content.arrays).hexdigest()
    if about.get("checksum") != _checksum(about) or about.get("arrays") != arrays:
        raise _damaged(path)
    found = _built(about, content.arrays, path)
    try:
        same = found.digest == about.get("digest")
    except (AttributeError, TypeError, ValueError, RecursionError) as error:  # parts of another kind
        raise _damaged(path) from error
    if not same:
        raise _damaged(path)
    return found


def _unreadable(path: Path, reason: str) -> ModelError:
    return ModelError(
        "There is no readable model in {path}: {reason}.",
        hint="Name the folder that Model.save wrote, or learn the model again.",
        path=path,
        reason=reason,
    )


def _checksum(about: Mapping[str, Any]) -> str:
    """SHA-256 of all that a description says but for this."""
    said = {name: value for name, value in about.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path) -> ModelError:
    return ModelError(
        "The model in {path} is damaged: what it holds is not what was saved.",
        hint="Copy it again from where it was saved, or learn the model again.",
        path=path,
    )


def _built(about: Mapping[str, Any], content: bytes, path: Path) -> Model:
    try:
        for name in (about["detector"], *(["early"] if "early" in about else [])):
            detector_class(name)
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return Model(
            unpack(about["fitted"], arrays),
            list(about["features"]),
            dict(about["roles"]),
            list(about["groups"]),
            SeriesLayout.from_dict(about["layout"]),
            ModelInfo(*about["info"]),
            dict(about["jumps"]),
            about["device"],
            tuple(Note(note["template"], note["values"]) for note in about["notes"]),
            about["made_by"],
            unpack(about.get("levels", {"dict": {}}), arrays),
            unpack(about.get("shifts", []), arrays),
            unpack(about["wafers"], arrays) if "wafers" in about else None,
            unpack(about["early"], arrays) if "early" in about else None,
            unpack(about.get("codes", {"dict": {}}), arrays),
        )
    except (AttributeError, KeyError, TypeError, ValueError, EOFError, BadZipFile, zlib.error, RecursionError) as error:
        raise ModelError(
            "The model in {path} is damaged: {reason}.",
            hint="Copy it again from where it was saved, or learn the model again.",
            path=path,
            reason=f"{type(error).__name__}: {error}",
        ) from error
