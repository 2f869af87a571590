"""Importing a checkpoint from a model hub or a folder. Needs the extra ``torch``.

Nothing appears under its final name before it is complete: the work is done in a hidden folder beside it, which is
removed when the import fails or is stopped. The hub's client takes up a broken connection where it broke off; when it
gives up or is stopped, it removes the part of a file that it has, and the next attempt fetches that file again. A file
that was fetched whole is kept until it is imported or found to be damaged.
"""

from __future__ import annotations

import errno
import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from waferwatch.detectors.moment import checkpoint as checkpoints
from waferwatch.detectors.moment.checkpoint import EMBEDDED_FOLDER, WEIGHTS, Checkpoint
from waferwatch.detectors.moment.weights_file import CONFIG, load_official, refuse_missing_weights
from waferwatch.errors import InputError, ModelError, NotFoundError, WaferwatchError
from waferwatch.settings import current_settings

Report = Callable[[str], None]  # receives a sentence on what is being done

DOWNLOADS = ".downloads"
_UNFINISHED = ".importing"
_REPLACED = ".replaced"
_LOCK = ".import.lock"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_BY_HAND = (
    "On a machine with access, download config.json and model.safetensors of {id}, copy both in one folder to this "
    "machine and run: waferwatch models import FOLDER. Or set WAFERWATCH_HUB_ENDPOINT to a mirror inside the fab."
)


def import_checkpoint(source: str, *, name: str | None = None, replace: bool = False, report: Report) -> Checkpoint:
    """Check the checkpoint of a folder or hub id, convert it and put it under the data directory.

    Args:
        source: a folder with ``config.json`` and ``model.safetensors``, or a hub id like ``AutonLab/MOMENT-1-small``.
        name: what to call it; the last part of ``source`` by default.
        replace: whether an imported checkpoint of that name may be replaced.
        report: told what is being done.

    Raises:
        MissingExtraError: when the extra ``torch`` is not installed.
        InputError: when the name is taken or cannot be a name, or another import is running.
        NotFoundError: when there is no such folder or hub id.
        ModelError: when the files cannot be had, are damaged, or are of another network.
    """
    _require_torch()
    from filelock import FileLock, Timeout

    folder = _local_folder(source)
    name = name or (folder.resolve().name if folder else source.rsplit("/", 1)[-1])
    parent = checkpoints.imported_folder()
    with _disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(parent / _LOCK, timeout=0):
                _check_free(name, replace)
                return _import(folder or source, name, report)
        except Timeout as error:
            raise InputError(
                "Another import is running.", hint="Wait until it has ended, then start this one again."
            ) from error


def _local_folder(source: str) -> Path | None:
    """The folder that ``source`` names; None when it is a hub id."""
    folder = Path(source).expanduser()
    if source and folder.is_dir():
        return folder
    if not _HUB_ID.fullmatch(source):
        raise NotFoundError(
            "{source} is neither a folder nor a hub id.",
            hint="Give the path of a folder with config.json and model.safetensors, or an id like "
            "AutonLab/MOMENT-1-small.",
            field="source",
            source=source,
        )
    return None


def _require_torch() -> None:
    from waferwatch.detectors.moment.export import missing_torch

    if any(
        importlib.util.find_spec(package) is None for package in ("torch", "safetensors", "huggingface_hub", "onnx")
    ):
        raise missing_torch()


def _check_free(name: str, replace: bool) -> None:
    checkpoints.check_name(name)
    if (EMBEDDED_FOLDER / name).exists():
        raise InputError(
            "{name} is the name of a checkpoint that comes with waferwatch.",
            hint="Choose another one with --name.",
            field="name",
            name=name,
        )
    if (checkpoints.imported_folder() / name).exists() and not replace:
        raise InputError(
            "There is already a checkpoint named {name}.",
            hint="Choose another name with --name, or replace it with --replace.",
            field="name",
            name=name,
        )


def _import(source: Path | str, name: str, report: Report) -> Checkpoint:
    parent = checkpoints.imported_folder()
    _remove_remains(parent)
    if isinstance(source, Path):
        made = _convert(source, parent / _UNFINISHED / name, str(source.resolve()), report)
    else:
        files, origin = _download(source, parent / DOWNLOADS, current_settings().hub_endpoint, report)
        try:
            made = _convert(files, parent / _UNFINISHED / name, origin, report)
        except WaferwatchError:
            shutil.rmtree(files)
            raise
        shutil.rmtree(files)
    _put_in_place(made, parent / name)
    return checkpoints.read(parent / name)


def _convert(files: Path, unfinished: Path, origin: str, report: Report) -> Path:
    from waferwatch.detectors.moment.export import export_checkpoint

    report(f"Checking {files / WEIGHTS}.")
    model = load_official(files)
    report("Converting it and comparing the answers with torch's.")
    try:
        export_checkpoint(model, unfinished, name=unfinished.name, card={}, source=origin)
    except BaseException:  # also when the person stops it
        shutil.rmtree(unfinished.parent, ignore_errors=True)
        raise
    return unfinished


def _put_in_place(made: Path, target: Path) -> None:
    """Two renames, so that a reader finds the old checkpoint or the new one, whole."""
    replaced = target.parent / _REPLACED
    if target.exists():
        target.rename(replaced)
    try:
        made.rename(target)
    except BaseException:
        if replaced.exists():
            replaced.rename(target)
        raise
    made.parent.rmdir()
    shutil.rmtree(replaced, ignore_errors=True)


def _remove_remains(parent: Path) -> None:
    """What an import left behind that was killed; the lock makes sure that none is running."""
    for remains in (parent / _UNFINISHED, parent / _REPLACED):
        shutil.rmtree(remains, ignore_errors=True)
    for part in (parent / DOWNLOADS).rglob("*.incomplete"):
        part.unlink()


def _download(hub_id: str, parent: Path, endpoint: str, report: Report) -> tuple[Path, str]:
    """Fetch the two files of a hub id. Returns their folder and where they come from, with the revision."""
    from huggingface_hub import HfApi, hf_hub_download

    files = parent / hub_id.replace("/", "--")
    with _hub_errors(hub_id, endpoint):
        report(f"Asking {endpoint} for {hub_id}.")
        info = HfApi(endpoint=endpoint).model_info(hub_id)
        refuse_missing_weights({entry.rfilename for entry in info.siblings or ()}, hub_id)
        report(f"Downloading revision {info.sha}.")
        for file in (CONFIG, WEIGHTS):  # one by one: snapshot_download's threads go on after Ctrl-C
            hf_hub_download(hub_id, file, revision=info.sha, local_dir=files, endpoint=endpoint)
    return files, f"{hub_id}@{info.sha}"


@contextmanager
def _hub_errors(hub_id: str, endpoint: str) -> Iterator[None]:
    from huggingface_hub import errors

    try:
        yield
    except WaferwatchError:
        raise
    except errors.GatedRepoError as error:
        raise ModelError(
            "{endpoint} gives {id} only to those who were granted access.",
            hint="Ask for access on the hub, then set HF_TOKEN to your token and start again.",
            endpoint=endpoint,
            id=hub_id,
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise NotFoundError(
            "{endpoint} has no checkpoint {id}, or hides it from you.",
            hint="Check the spelling; the official ones are AutonLab/MOMENT-1-small, -base and -large. For a private "
            "one set HF_TOKEN.",
            field="source",
            endpoint=endpoint,
            id=hub_id,
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise _unreachable(hub_id, endpoint, error) from error
    except Exception as error:  # the client of the hub lets errors of its HTTP library through, whichever that is
        if not type(error).__module__.startswith(("httpx", "httpcore", "requests", "urllib3", "huggingface_hub")):
            raise
        raise _unreachable(hub_id, endpoint, error) from error


def _unreachable(hub_id: str, endpoint: str, error: Exception) -> ModelError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return ModelError(
        "{id} could not be downloaded from {endpoint}: {reason}.",
        hint=_BY_HAND,
        id=hub_id,
        endpoint=endpoint,
        reason=reason,
    )


@contextmanager
def _disk_errors(parent: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                "The disk that holds {folder} is full.",
                hint="Free some space, or set WAFERWATCH_DATA_DIR to a folder on a larger disk. The import needs about "
                "three times the size of model.safetensors.",
                folder=parent,
            ) from error
        raise ModelError(
            "The checkpoint cannot be written below {folder}: {reason}.",
            hint="Make the folder writable for you, or set WAFERWATCH_DATA_DIR to one that is.",
            folder=parent,
            reason=error.strerror or str(error),
        ) from error
