"""Importing a checkpoint from a model hub or a folder. Needs the extra ``torch``.

The hub's client takes up a broken connection where it broke off; when it gives up or is stopped, it removes the part of
a file that it has, and the next attempt fetches that file again. A file that was fetched whole is kept until it is
imported or found to be damaged.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from waferwatch.errors import ModelError, NotFoundError, WaferwatchError
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.checkpoints.adding import add_checkpoint
from waferwatch.models.moment.checkpoints.checkpoint import WEIGHTS, Checkpoint
from waferwatch.models.moment.checkpoints.export import export_checkpoint, require_torch
from waferwatch.models.moment.checkpoints.weights_file import CONFIG, load_official, refuse_missing_weights
from waferwatch.settings import current_settings

Report = Callable[[str], None]  # receives a sentence on what is being done

DOWNLOADS = ".downloads"
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
        report: called with what is being done.

    Raises:
        MissingExtraError: when the extra ``torch`` is not installed.
        InputError: when the name is taken or cannot be a name, or another import is running.
        NotFoundError: when there is no such folder or hub id.
        ModelError: when the files cannot be had, are damaged, or are of another network.
    """
    require_torch()
    folder = _local_folder(source)
    name = name or (folder.resolve().name if folder else source.rsplit("/", 1)[-1])
    if folder:
        return add_checkpoint(name, replace, lambda made: _convert(folder, made, str(folder.resolve()), report))
    return add_checkpoint(name, replace, lambda made: _fetch_and_convert(source, made, report))


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


def _fetch_and_convert(source: str, unfinished: Path, report: Report) -> None:
    parent = checkpoints.imported_folder() / DOWNLOADS
    for part in parent.rglob("*.incomplete"):  # of an import that was killed
        part.unlink()
    files, origin = _download(source, parent, current_settings().hub_endpoint, report)
    try:
        _convert(files, unfinished, origin, report)
    except WaferwatchError:
        shutil.rmtree(files)
        raise
    shutil.rmtree(files)


def _convert(files: Path, unfinished: Path, origin: str, report: Report) -> None:
    report(f"Checking {files / WEIGHTS}.")
    model = load_official(files)
    report("Converting it and comparing the answers with torch's.")
    export_checkpoint(model, unfinished, name=unfinished.name, card={}, source=origin)


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
