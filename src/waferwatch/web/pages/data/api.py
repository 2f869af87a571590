"""The Data page, and data sets over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.read.findings import findings_of
from waferwatch.read.formats.registry import NAMES, SUFFIXES
from waferwatch.read.recipe.option_fields import options_from_json, options_to_json
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.table import Table
from waferwatch.store.datasets import Dataset, clean_name
from waferwatch.web.html.language import Translator, translated
from waferwatch.web.html.pages import render
from waferwatch.web.pages.data.imports_schemas import RECIPE_HELP
from waferwatch.web.pages.data.preview import examples, rows_answer, sparklines
from waferwatch.web.pages.data.quality import quality_answer
from waferwatch.web.pages.data.schemas import (
    DatasetAnswer,
    DatasetDetail,
    DatasetList,
    DatasetPatch,
    QualityAnswer,
    RowsAnswer,
    RowsQuery,
    SparkAnswer,
    SparkQuery,
    UploadAnswer,
)
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.openapi import Endpoint
from waferwatch.web.transfer.upload import receive_upload

_FINDING = (400, 404, 422, 500, 503)
_NAMING = ("features", "time", "group", "label", "roles")  # options that say what a column is
_CHANGING = (400, 403, 404, 413, 415, 422, 500, 503)


async def data_page(request: Request) -> Response:
    """The page of data sets."""
    settings = parts(request).settings
    limits = {"rows": settings.max_rows, "columns": settings.max_columns}
    return await render(request, "data/data.html", area="data", limits=limits, formats=NAMES, accepted=SUFFIXES)


async def list_datasets(request: Request) -> Response:
    """The demo, then the uploads, newest first."""
    app = parts(request)
    found = await app.work.read(app.store.datasets.all)
    return JsonAnswer({"datasets": [asdict(dataset) for dataset in found]})


async def upload_dataset(request: Request) -> Response:
    """Keep one file as a data set. A file that cannot be read is refused with everything that stands in the way.

    It is then kept for a while under ``upload`` of the answer, so that its reading can be mended.
    """
    app = parts(request)
    incoming = await app.work.read(app.store.datasets.open_incoming)
    try:
        sent = await receive_upload(request, incoming.file, app.settings.max_upload_mb, ("options", "recipe"))
        said = _options(sent.fields)
    except BaseException:
        with CancelScope(shield=True):
            await app.work.read(app.store.datasets.discard, incoming)
        raise
    recipe = sent.fields.get("recipe")
    dataset, table = await app.work.read(app.store.datasets.keep, incoming, sent.name, said, recipe)
    app.telemetry.count_upload()
    await app.work.read(app.store.audit.add, user_of(request), "upload data set", dataset.id, name=dataset.name)
    return JsonAnswer({**asdict(dataset), **_found(table, translator(request))}, status_code=201)


async def get_dataset(request: Request) -> Response:
    """What is known of a data set and each of its columns."""
    app, dataset = parts(request), request.path_params["id"]
    return JsonAnswer(await app.work.read(_detail, app, dataset, translator(request)))


async def change_dataset(request: Request) -> Response:
    """Rename a data set, or say what its columns are. When anything is refused, nothing is changed."""
    wishes = await read_body(request, DatasetPatch)
    if all(given is None for given in (wishes.name, wishes.roles, wishes.options, wishes.recipe)):
        raise InputError("Nothing is asked for.", hint="Give a name, roles or options.")
    if wishes.roles is not None and (wishes.options is not None or wishes.recipe is not None):
        raise InputError("Roles and options were given.", hint="Give the roles among the options.", field="roles")
    app, dataset = parts(request), request.path_params["id"]
    return JsonAnswer(await app.work.read(_change, app, dataset, wishes, user_of(request), translator(request)))


async def delete_dataset(request: Request) -> Response:
    """Take an upload out of sight. It can be brought back for some time."""
    app, dataset = parts(request), request.path_params["id"]
    await app.work.read(app.store.datasets.delete, dataset)
    app.work.forget(dataset)
    await app.work.read(app.store.audit.add, user_of(request), "delete data set", dataset)
    return Response(status_code=204)


async def restore_dataset(request: Request) -> Response:
    """Bring back an upload that was deleted a short time ago."""
    app, dataset = parts(request), request.path_params["id"]
    found = await app.work.read(app.store.datasets.restore, dataset)
    await app.work.read(app.store.audit.add, user_of(request), "restore data set", dataset)
    return JsonAnswer(asdict(found))


async def dataset_rows(request: Request) -> Response:
    """Some rows and columns of a data set, as they were read."""
    app, query = parts(request), read_query(request, RowsQuery)
    return JsonAnswer(await app.work.read(_rows, app, request.path_params["id"], query))


async def dataset_sparklines(request: Request) -> Response:
    """The course of sensors in a few points: the lowest and highest value of each stretch of rows."""
    app, query = parts(request), read_query(request, SparkQuery)
    return JsonAnswer({"sparklines": await app.work.draw(_sparklines, app, request.path_params["id"], query)})


async def dataset_quality(request: Request) -> Response:
    """The quality report: time, series, sensors, and what should be looked at first."""
    app, dataset = parts(request), request.path_params["id"]
    return JsonAnswer(await app.work.draw(_quality, app, dataset, translator(request)))


def _detail(app: Parts, dataset_id: str, translate: Translator) -> dict[str, Any]:
    dataset = app.store.datasets.get(dataset_id)
    return _described(app, dataset, app.store.datasets.table(dataset_id, dataset.version), translate)


def _described(app: Parts, dataset: Dataset, table: Table, translate: Translator) -> dict[str, Any]:
    chosen, cells = app.store.datasets.chosen(dataset.id), examples(table)
    named = {name for option, names in chosen.options.named_columns().items() if option in _NAMING for name in names}
    return {
        **asdict(dataset),
        "first_row": table.first_row,
        "groups": table.groups,
        "described": [
            {"name": name, "role": role.value, "chosen": name in named, "examples": cells[name]}
            for name, role in table.roles.items()
        ],
        **_found(table, translate),
        "options": options_to_json(chosen.options),
        "recipe": chosen.recipe,
    }


def _found(table: Table, translate: Translator) -> dict[str, Any]:
    return {
        "notes": translated(table.notes, translate),
        "findings": [finding.to_dict(translate) for finding in findings_of(table.notes)],
    }


def _options(fields: Mapping[str, str]) -> ImportOptions:
    """The options of the form field of an upload.

    Raises:
        InputError, NotFoundError: they are no JSON object, or one has a value that it cannot have.
    """
    try:
        return options_from_json(json.loads(fields.get("options") or "{}"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            "The options are not valid JSON.", hint="Check quotes, commas and braces.", field="options"
        ) from error


def _change(app: Parts, dataset_id: str, wishes: DatasetPatch, user: str, translate: Translator) -> dict[str, Any]:
    if wishes.name is not None:
        clean_name(wishes.name)  # refused before the roles are changed
    if wishes.options is not None or wishes.recipe is not None:
        said = ImportOptions() if wishes.options is None else wishes.options.said()
        app.store.datasets.set_options(dataset_id, said, wishes.recipe)
        app.work.forget(dataset_id)
        app.store.audit.add(user, "set options of data set", dataset_id, options=options_to_json(said))
    if wishes.roles is not None:
        app.store.datasets.set_roles(dataset_id, wishes.roles)
        app.work.forget(dataset_id)
        app.store.audit.add(user, "set roles of data set", dataset_id, roles=wishes.roles)
    if wishes.name is not None:
        app.store.datasets.rename(dataset_id, wishes.name)
        app.store.audit.add(user, "rename data set", dataset_id, name=wishes.name)
    return _detail(app, dataset_id, translate)


def _rows(app: Parts, dataset_id: str, query: RowsQuery) -> dict[str, Any]:
    return rows_answer(app.store.datasets.table(dataset_id), query)


def _sparklines(app: Parts, dataset_id: str, query: SparkQuery) -> list[dict[str, Any]]:
    return sparklines(app.store.datasets.table(dataset_id), query.first, query.count)


def _quality(app: Parts, dataset_id: str, translate: Translator) -> dict[str, Any]:
    return quality_answer(app.work.quality(dataset_id), app.store.datasets.table(dataset_id), translate)


ENDPOINTS = (
    Endpoint("GET", "/data", data_page, "The page of data sets.", "text/html"),
    Endpoint("GET", "/datasets", list_datasets, "The data sets.", DatasetList, failures=(400, 500, 503)),
    Endpoint(
        "POST",
        "/datasets",
        upload_dataset,
        "Upload one file as a data set.",
        UploadAnswer,
        status=201,
        body="multipart/form-data",
        form_fields={
            "options": "What is known of how the file is read, as JSON: the fields of OptionsRequest.",
            "recipe": f"{RECIPE_HELP}; left out: the one whose form the file has.",
        },
        failures=(400, 403, 404, 413, 415, 422, 500, 503),
    ),
    Endpoint("GET", "/datasets/{id}", get_dataset, "One data set and its columns.", DatasetDetail, failures=_FINDING),
    Endpoint(
        "PATCH",
        "/datasets/{id}",
        change_dataset,
        "Rename a data set, set the roles of its columns, or read its file by other options.",
        DatasetDetail,
        body=DatasetPatch,
        failures=_CHANGING,
    ),
    Endpoint(
        "DELETE",
        "/datasets/{id}",
        delete_dataset,
        "Delete an uploaded data set.",
        "",
        status=204,
        failures=(400, 403, 404, 500, 503),
    ),
    Endpoint(
        "POST",
        "/datasets/{id}/restore",
        restore_dataset,
        "Bring back a data set that was deleted a short time ago.",
        DatasetAnswer,
        failures=(400, 403, 404, 500, 503),
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/rows",
        dataset_rows,
        "Some rows and columns of a data set.",
        RowsAnswer,
        query=RowsQuery,
        failures=_FINDING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/sparklines",
        dataset_sparklines,
        "The course of sensors in a few points.",
        SparkAnswer,
        query=SparkQuery,
        failures=_FINDING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/quality",
        dataset_quality,
        "The quality report of a data set.",
        QualityAnswer,
        failures=_FINDING,
    ),
)
