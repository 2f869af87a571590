"""Finding a checkpoint by name and trusting it only after its hash was checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waferwatch.errors import InputError, ModelError, NotFoundError
from waferwatch.models.moment.config import MomentConfig
from waferwatch.settings import current_settings

FORMAT = 1
DESCRIPTION = "checkpoint.json"
GRAPH = "model.onnx"
TOKENS_GRAPH = "tokens.onnx"  # the part of it up to the embeddings, which takes half of the time
WEIGHTS = "model.safetensors"
POSITION_BUFFER = "patch_embedding.position_embedding.pe"  # computed, never learned: not worth 5000 rows of disk
EMBEDDED_FOLDER = Path(__file__).parent / "embedded"
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_REPAIR = "Install waferwatch again, or import the checkpoint again with `waferwatch models import`."


@dataclass(frozen=True)
class Checkpoint:
    """A model's weights on disk and what its ``checkpoint.json`` says of them."""

    name: str
    folder: Path
    config: MomentConfig
    sha256: str  # of model.onnx, the file that runs on the CPU; hexadecimal
    parameters: int
    source: str  # where the weights come from: "train/", a hub id with its revision, or a folder
    card: Mapping[str, Any] = field(default_factory=dict)
    weights_sha256: str | None = None  # of model.safetensors; None where only model.onnx is kept
    tokens_sha256: str | None = None  # of tokens.onnx; None for checkpoints of before 0.4.0

    @property
    def embedded(self) -> bool:
        """Whether it came with the package."""
        return self.folder.parent == EMBEDDED_FOLDER

    def graph(self) -> Path:
        """Path of model.onnx, its hash checked now.

        Raises:
            ModelError: when the file is missing or is not the one described.
        """
        return self._verified(GRAPH, self.sha256)

    def tokens_graph(self) -> Path | None:
        """Path of tokens.onnx, its hash checked now; None where there is none.

        Raises:
            ModelError: when the file is missing or is not the one described.
        """
        return None if self.tokens_sha256 is None else self._verified(TOKENS_GRAPH, self.tokens_sha256)

    def weights(self) -> Path:
        """Path of model.safetensors, its hash checked now.

        Raises:
            ModelError: when the checkpoint has none, or the file is missing or is not the one described.
        """
        if self.weights_sha256 is None:
            raise ModelError(
                "The checkpoint {name} holds no {file}, which torch needs.",
                hint="Choose the device cpu, or import a checkpoint from the hub.",
                name=self.name,
                file=WEIGHTS,
            )
        return self._verified(WEIGHTS, self.weights_sha256)

    def _verified(self, file: str, expected: str) -> Path:
        path = self.folder / file
        try:
            found = sha256_of(path)
        except OSError as error:
            raise ModelError(
                "{file} of the checkpoint {name} cannot be read from {folder}: {reason}.",
                hint=_REPAIR,
                file=file,
                name=self.name,
                folder=self.folder,
                reason=error.strerror or type(error).__name__,
            ) from error
        if found != expected:
            raise ModelError(
                "{file} of the checkpoint {name} is damaged or was exchanged: its SHA-256 is {found} instead of "
                "{expected}.",
                hint=_REPAIR,
                file=file,
                name=self.name,
                found=found,
                expected=expected,
            )
        return path

    def to_dict(self) -> dict[str, Any]:
        """What ``checkpoint.json`` holds."""
        hashes = {GRAPH: self.sha256}
        if self.tokens_sha256 is not None:
            hashes[TOKENS_GRAPH] = self.tokens_sha256
        if self.weights_sha256 is not None:
            hashes[WEIGHTS] = self.weights_sha256
        return {
            "format": FORMAT,
            "name": self.name,
            "source": self.source,
            "parameters": self.parameters,
            "config": self.config.to_dict(),
            "sha256": hashes,
            "card": dict(self.card),
        }


def find(name: str | None = None) -> Checkpoint:
    """The checkpoint of that name; None takes the embedded default, the last by name if there are several.

    Raises:
        InputError: when ``name`` cannot be a checkpoint's name, such as a path.
        NotFoundError: when there is none of that name.
        ModelError: when its folder does not describe a checkpoint that this version can read.
    """
    if name is None:
        return _default()
    check_name(name)
    for parent in (EMBEDDED_FOLDER, imported_folder()):
        if (parent / name).is_dir():
            return read(parent / name)
    raise NotFoundError(
        "There is no checkpoint named {name}.",
        hint="Known are: {known}. `waferwatch models import` adds one.",
        field="checkpoint",
        name=name,
        known=", ".join(folder.name for folder in folders()) or "-",
    )


def available() -> list[Checkpoint]:
    """Every checkpoint that can be read, embedded ones first; damaged ones are left out (``folders`` has them)."""
    found = []
    for folder in folders():
        try:
            found.append(read(folder))
        except ModelError:
            continue
    return found


def folders() -> list[Path]:
    """Folders in which a checkpoint is kept, embedded ones first, readable or not."""
    found: list[Path] = []
    for parent in (EMBEDDED_FOLDER, imported_folder()):
        if parent.is_dir():
            found += sorted(path for path in parent.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))
    return found


def imported_folder() -> Path:
    """Where imported checkpoints are kept, each in a folder of its name."""
    return current_settings().data_dir / "checkpoints"


def check_name(name: str) -> None:
    """Refuse what is not a plain name: a path, a name starting with a dot, one over 100 characters.

    Raises:
        InputError: naming what is allowed.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            "{name!r} cannot be the name of a checkpoint.",
            hint="Use at most 100 letters, digits, dots, hyphens and underscores, a letter or digit first and last.",
            field="checkpoint",
            name=name,
        )


def read(folder: Path) -> Checkpoint:
    """Read ``checkpoint.json`` of a folder. The checkpoint bears the folder's name; no hash is checked yet.

    Raises:
        ModelError: when the file is missing, damaged or of another version.
    """
    values = _description(folder)
    try:
        hashes = values["sha256"]
        return Checkpoint(
            name=folder.name,
            folder=folder,
            config=MomentConfig.from_dict(values["config"]),
            sha256=_hash(hashes[GRAPH]),
            parameters=int(values["parameters"]),
            source=str(values["source"]),
            card=dict(values["card"]),
            weights_sha256=_hash(hashes[WEIGHTS]) if WEIGHTS in hashes else None,
            tokens_sha256=_hash(hashes[TOKENS_GRAPH]) if TOKENS_GRAPH in hashes else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            "{file} in {folder} is incomplete or was changed: {reason}.",
            hint=_REPAIR,
            file=DESCRIPTION,
            folder=folder,
            reason=f"{type(error).__name__}: {error}",
        ) from error


def write(checkpoint: Checkpoint) -> None:
    """Write ``checkpoint.json`` into the checkpoint's folder."""
    text = json.dumps(checkpoint.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    (checkpoint.folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _default() -> Checkpoint:
    embedded = [folder for folder in folders() if folder.parent == EMBEDDED_FOLDER]
    if not embedded:
        raise ModelError(
            "This installation of waferwatch holds no MOMENT checkpoint.",
            hint="Install waferwatch again, or import one with `waferwatch models import` and name it.",
        )
    return read(embedded[-1])


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            "{file} in {folder} cannot be read: {reason}.",
            hint=_REPAIR,
            file=DESCRIPTION,
            folder=folder,
            reason=getattr(error, "strerror", None) or f"{type(error).__name__}: {error}",
        ) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ModelError(
            "{file} in {folder} is of a format that this version of waferwatch cannot read.",
            hint="It reads format {format}. Update waferwatch, or import the checkpoint again.",
            file=DESCRIPTION,
            folder=folder,
            format=FORMAT,
        )
    return values


def _hash(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError(f"{value!r} is not a SHA-256")
    return value
