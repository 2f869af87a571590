"""What was learnt, written as JSON and arrays and read back: never pickled.

A class that takes part is a frozen dataclass marked :func:`storable`. Its fields hold numbers, text, None, arrays,
lists, dictionaries with text as keys, and other storable objects.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import ModelError

Kind = TypeVar("Kind", bound=type)
Arrays = dict[str, NDArray[Any]]

_KINDS: dict[str, type] = {}
_TYPE, _ARRAY, _DICT = "type", "array", "dict"
# In the metadata of a field: the version it came with. It is None in models of before, whose digest must not change.
SINCE = "since"


def storable(kind: Kind) -> Kind:
    """Let objects of a dataclass be written and read."""
    if _KINDS.setdefault(kind.__name__, kind) is not kind:
        raise TypeError(f"two storable classes are named {kind.__name__}")
    return kind


def pack(value: Any) -> tuple[Any, Arrays]:
    """A JSON document of what was learnt, and the arrays that it names."""
    arrays: Arrays = {}
    return _packed(value, arrays), arrays


def unpack(document: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """What :func:`pack` was given.

    Raises:
        ModelError: for what :func:`pack` did not write.
    """
    try:
        return _unpacked(document, arrays)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(
            "The saved model is damaged or was made by another version of waferwatch: {reason}.",
            hint="Learn it again from its reference.",
            reason=f"{type(error).__name__}: {error}",
        ) from error


def digest_of(value: Any) -> str:
    """SHA-256, hexadecimal, over everything that was learnt."""
    document, arrays = pack(value)
    found = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def _packed(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {_ARRAY: name}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_packed(one, arrays) for one in value]
    if isinstance(value, dict):
        return {_DICT: {str(key): _packed(one, arrays) for key, one in value.items()}}
    if is_dataclass(value) and type(value).__name__ in _KINDS:
        content = {
            one.name: _packed(getattr(value, one.name), arrays) for one in fields(value) if _is_written(one, value)
        }
        return {_TYPE: type(value).__name__, **content}
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _is_written(one: Field[Any], value: Any) -> bool:
    return one.init and not (SINCE in one.metadata and getattr(value, one.name) is None)


def _unpacked(document: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(document, list):
        return [_unpacked(one, arrays) for one in document]
    if not isinstance(document, dict):
        return document
    if _ARRAY in document:
        return arrays[document[_ARRAY]]
    if _DICT in document:
        return {key: _unpacked(one, arrays) for key, one in document[_DICT].items()}
    kind = _KINDS[document[_TYPE]]
    return kind(**{name: _unpacked(one, arrays) for name, one in document.items() if name != _TYPE})
