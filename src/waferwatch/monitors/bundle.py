"""A version of a monitor as one file: a zip of the model, its description and a list of hashes. Never unpickled.

Everything is checked before it is used: names, sizes (also of the arrays, which are packed inside), hashes.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import lzma
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from waferwatch.errors import InputError, ModelError
from waferwatch.scoring.model import ARRAYS, DESCRIPTION, Model, ModelContent, model_from

FORMAT = 1
ABOUT, MANIFEST = "about.json", "manifest.json"
LARGEST = {MANIFEST: 2**16, ABOUT: 2**24, DESCRIPTION: 2**27, ARRAYS: 2**29}  # bytes of each file, unpacked
LARGEST_ARRAYS = 2**31  # bytes of all arrays, unpacked
# What zip, its ways to compress, and NumPy's header raise for content that is none.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    EOFError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
_HINT = "Export the monitor again, or copy the file again."
_DATE = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file


def write_bundle(path: str | Path, model: Model, about: Mapping[str, Any]) -> None:
    """Write a model and its description as one file, which appears whole or not at all.

    Args:
        about: plain JSON types: name, version, golden set ...

    Raises:
        InputError: the file cannot be written.
    """
    place = Path(path)
    if not place.name or place.is_dir():
        raise _not_written(place, os.strerror(errno.EISDIR))
    content = model.content()
    files = {
        DESCRIPTION: content.description,
        ARRAYS: content.arrays,
        ABOUT: json.dumps(about, ensure_ascii=False, indent=1, allow_nan=False).encode(),
    }
    hashes = {name: hashlib.sha256(one).hexdigest() for name, one in files.items()}
    files[MANIFEST] = json.dumps({"format": FORMAT, "files": hashes}, indent=1).encode()
    partial = place.with_name(f".{place.name}.part")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name in sorted(files):
                bundle.writestr(zipfile.ZipInfo(name, _DATE), files[name], zipfile.ZIP_DEFLATED)
        os.replace(partial, place)
    except OSError as error:
        raise _not_written(place, error.strerror or "the disk refused it") from error
    finally:
        partial.unlink(missing_ok=True)


def read_bundle(path: str | Path) -> tuple[Model, dict[str, Any]]:
    """The model and the description that :func:`write_bundle` wrote.

    Raises:
        InputError: there is no such file, or it is no bundle.
        ModelError: it is damaged, too large, or of a format or version that this one cannot read.
    """
    place = Path(path)
    try:
        with zipfile.ZipFile(place) as bundle:
            files = _files(bundle, place)
    except OSError as error:
        raise InputError(
            "The file {path} cannot be read: {reason}.",
            hint="Name a file that a monitor was exported to.",
            field="path",
            path=place,
            reason=error.strerror or type(error).__name__,
        ) from error
    except _BROKEN as error:
        raise _no_bundle(place) from error
    _check_manifest(files, place)
    _check_arrays(files[ARRAYS], place)
    about = _json(files[ABOUT], ABOUT, place)
    return model_from(ModelContent(files[DESCRIPTION], files[ARRAYS]), place), about


def _files(bundle: zipfile.ZipFile, place: Path) -> dict[str, bytes]:
    """Exactly the files that a bundle has, none larger than it may be."""
    entries = bundle.infolist()
    if sorted(one.filename for one in entries) != sorted(LARGEST):
        raise _no_bundle(place)
    for one in entries:
        if one.file_size > LARGEST[one.filename]:
            raise _too_large(place, one.filename)
    return {one.filename: bundle.read(one) for one in entries}


def _check_manifest(files: Mapping[str, bytes], place: Path) -> None:
    manifest = _json(files[MANIFEST], MANIFEST, place)
    if manifest.get("format") != FORMAT:
        raise ModelError(
            "The monitor in {path} is of a format that this version of waferwatch cannot read.",
            hint="Export it again with the same version, or update waferwatch.",
            path=place,
        )
    hashes = manifest.get("files")
    found = {name: hashlib.sha256(one).hexdigest() for name, one in files.items() if name != MANIFEST}
    if hashes != found:
        raise _changed(place)


def _check_arrays(content: bytes, place: Path) -> None:
    """Arrays are packed once more: their sizes are read before they are unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
            if sum(one.file_size for one in entries) > LARGEST_ARRAYS:
                raise _too_large(place, ARRAYS)
            for one in entries:
                with packed.open(one) as array:
                    _check_array(array, one.file_size, place)
    except (*_BROKEN, OSError) as error:  # a broken bzip2 stream is an OSError
        raise _unreadable(place, ARRAYS) from error


def _check_array(array: Any, size: int, place: Path) -> None:
    """An array that claims more values than it holds would take their memory before it is found out."""
    version = np.lib.format.read_magic(array)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(array)
    if (
        kind.hasobject
        or any(length < 0 for length in shape)
        or int(np.prod(shape, dtype=object)) * kind.itemsize > size
    ):
        raise _unreadable(place, ARRAYS)


def _json(content: bytes, name: str, place: Path) -> dict[str, Any]:
    try:
        found = json.loads(content.decode("utf-8"))
        json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair can be shown and kept nowhere
    except (ValueError, RecursionError) as error:
        raise _unreadable(place, name) from error
    if not isinstance(found, dict):
        raise _unreadable(place, name)
    return found


def _not_written(place: Path, reason: str) -> InputError:
    return InputError(
        "The file {path} could not be written: {reason}.",
        hint="Free some space or choose another place.",
        field="path",
        path=place,
        reason=reason,
    )


def _no_bundle(place: Path) -> ModelError:
    return ModelError(
        "The file {path} is not an exported monitor: it does not hold exactly what one holds.",
        hint=_HINT,
        path=place,
    )


def _too_large(place: Path, name: str) -> ModelError:
    return ModelError(
        "The file {path} is not an exported monitor: {name} in it is larger than that of any monitor.",
        hint=_HINT,
        path=place,
        name=name,
    )


def _unreadable(place: Path, name: str) -> ModelError:
    return ModelError(
        "The file {path} is not an exported monitor, or is damaged: {name} in it cannot be read.",
        hint=_HINT,
        path=place,
        name=name,
    )


def _changed(place: Path) -> ModelError:
    return ModelError(
        "The file {path} is damaged: its content is not what was exported.",
        hint=_HINT,
        path=place,
    )
