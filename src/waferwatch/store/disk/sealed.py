"""Kept JSON and Parquet with a checksum: a file that was damaged says so, and never gives other values."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from waferwatch.errors import DamagedError
from waferwatch.store.disk.files import Written, put, sha256_of

_HEAD = re.compile(rb'\{"sha256":"([0-9a-f]{64})","kept":')
_HEAD_BYTES = 84
# What reading and building something from damaged bytes can raise.
_DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, zlib.error, pa.ArrowException)


@contextlib.contextmanager
def guarded(damaged: DamagedError) -> Iterator[None]:
    """Read and build a kept thing inside the block; what damage makes it raise becomes ``damaged``.

    Raises:
        DamagedError: ``damaged``.
        FileNotFoundError: as it is: nothing is kept.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except _DAMAGE as error:
        raise damaged from error


def put_json(path: Path, content: dict[str, Any]) -> Written:
    """Write plain JSON types (other values as text) with the checksum of their bytes.

    Raises:
        StorageFullError: when the disk is full or cannot be written.
    """
    body = json.dumps(content, ensure_ascii=False, default=str, separators=(",", ":")).encode(errors="surrogatepass")
    digest = hashlib.sha256(body).hexdigest().encode()
    return put(path, lambda file: file.writelines((b'{"sha256":"', digest, b'","kept":', body, b"}")))


def read_json(path: Path) -> dict[str, Any]:
    """What ``put_json`` wrote. A file without a checksum, as versions before 0.4.0 wrote it, is taken as it is.

    Raises:
        ValueError: when it was damaged.
        OSError: when it is not there or cannot be read.
    """
    raw = path.read_bytes()
    head = _HEAD.match(raw)
    if head is None:
        if raw.startswith(b'{"sha256":"') or b'"kept":' in raw[:_HEAD_BYTES]:
            raise ValueError("the checksum is damaged")
        body = raw
    else:
        body = raw[head.end() : -1]
        if hashlib.sha256(body).hexdigest().encode() != head[1] or not raw.endswith(b"}"):
            raise ValueError("the checksum does not fit the content")
    content = json.loads(body.decode(errors="surrogatepass"))
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    return content


def read_parquet(path: Path, sha256: str | None) -> pd.DataFrame:
    """The frame that a Parquet file holds, if its bytes have this checksum; None for a file that was kept without one.

    Raises:
        ValueError, OSError, pa.ArrowException: when it was damaged, or is not there.
    """
    if sha256 is not None and sha256_of(path) != sha256:
        raise ValueError("the checksum does not fit the content")
    return pd.read_parquet(path)
