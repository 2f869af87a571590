"""How files are read, over HTTP: previews, files that were refused, and import recipes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.read.findings import findings_of
from waferwatch.read.preview import preview_file
from waferwatch.read.recipe.making import recipe_for
from waferwatch.read.recipe.option_fields import options_to_json
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.recipe.recipe import NO_RECIPE, recipe_from_json, recipe_text
from waferwatch.store.imports.recipes import reading_for
from waferwatch.store.imports.refused import RefusedUpload
from waferwatch.web.html.language import Translator, translated
from waferwatch.web.pages.data.imports_answer import preview_answer
from waferwatch.web.pages.data.imports_schemas import (
    PreviewAnswer,
    PreviewRequest,
    ReadRequest,
    RecipeAnswer,
    RecipeDocument,
    RecipeList,
    RecipeQuery,
    RecipeSave,
    UploadedFile,
    UploadedFiles,
)
from waferwatch.web.pages.data.schemas import UploadAnswer
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.openapi import Endpoint
from waferwatch.web.transfer.download import disposition

_FINDING = (400, 404, 410, 422, 500, 503)
_CHANGING = (400, 403, 404, 410, 413, 415, 422, 500, 503)


async def list_uploads(request: Request) -> Response:
    """Uploaded files that could not be read and are kept for a while, newest first."""
    app = parts(request)
    found = await app.work.read(app.store.datasets.refused.all)
    return JsonAnswer({"uploads": [_refused(one) for one in found]})


async def get_upload(request: Request) -> Response:
    """An uploaded file, refused or of a data set, and what was said of it."""
    app = parts(request)
    return JsonAnswer(await app.work.read(_upload, app, request.path_params["id"]))


async def preview_upload(request: Request) -> Response:
    """What an uploaded file looks like when it is read by some options. Nothing is changed."""
    body = await read_body(request, PreviewRequest)
    said, app, upload = body.options.said(), parts(request), request.path_params["id"]
    made = await app.work.draw(_preview, app, upload, said, body.recipe, body.whole, translator(request))
    return JsonAnswer(made)


async def read_upload(request: Request) -> Response:
    """Make a data set of a refused file. When it is refused again, it is kept as before."""
    body = await read_body(request, ReadRequest)
    said, app, upload = body.options.said(), parts(request), request.path_params["id"]
    datasets = app.store.datasets
    incoming, name = await app.work.read(datasets.refused.take, upload)
    dataset, table = await app.work.read(datasets.keep, incoming, name, said, body.recipe)
    await app.work.read(app.store.audit.add, user_of(request), "read refused upload", dataset.id, name=dataset.name)
    translate = translator(request)
    answer = {
        **asdict(dataset),
        "notes": translated(table.notes, translate),
        "findings": [finding.to_dict(translate) for finding in findings_of(table.notes)],
    }
    return JsonAnswer(answer, status_code=201)


async def discard_upload(request: Request) -> Response:
    """Remove a refused file."""
    app, upload = parts(request), request.path_params["id"]
    await app.work.read(app.store.datasets.refused.get, upload)
    await app.work.read(app.store.datasets.refused.discard, upload)
    return Response(status_code=204)


async def save_recipe(request: Request) -> Response:
    """Keep options as an import recipe for files of the form of an uploaded one."""
    body = await read_body(request, RecipeSave)
    said, app, upload = body.options.said(), parts(request), request.path_params["id"]
    made = await app.work.draw(_save_recipe, app, upload, body, said)
    await app.work.read(app.store.audit.add, user_of(request), "save import recipe", body.name)
    return JsonAnswer(made, status_code=201)


async def list_recipes(request: Request) -> Response:
    """Every import recipe, by name."""
    app = parts(request)
    found = await app.work.read(app.store.datasets.recipes.all)
    return JsonAnswer({"recipes": [recipe.to_json() for recipe in found]})


async def get_recipe(request: Request) -> Response:
    """One import recipe, as a document."""
    app = parts(request)
    found = await app.work.read(app.store.datasets.recipes.get, request.path_params["name"])
    return JsonAnswer(found.to_json())


async def export_recipe(request: Request) -> Response:
    """One import recipe, as a file."""
    app = parts(request)
    found = await app.work.read(app.store.datasets.recipes.get, request.path_params["name"])
    headers = {"Content-Disposition": disposition(f"{found.name}.json")}
    return Response(recipe_text(found), media_type="application/json", headers=headers)


async def import_recipe(request: Request) -> Response:
    """Keep an import recipe that was exported here or elsewhere."""
    query = read_query(request, RecipeQuery)
    body = await read_body(request, RecipeDocument)
    recipe, app = recipe_from_json(body.model_dump(exclude_unset=True)), parts(request)
    await app.work.read(app.store.datasets.recipes.put, recipe, replace=query.replace)
    await app.work.read(app.store.audit.add, user_of(request), "import import recipe", recipe.name)
    return JsonAnswer(recipe.to_json(), status_code=201)


async def delete_recipe(request: Request) -> Response:
    """Delete an import recipe. Data sets that were read with it stay as they are."""
    app, name = parts(request), request.path_params["name"]
    await app.work.read(app.store.datasets.recipes.delete, name)
    await app.work.read(app.store.audit.add, user_of(request), "delete import recipe", name)
    return Response(status_code=204)


def _file(app: Parts, upload: str) -> tuple[Path, str]:
    """The uploaded file and its name, of a data set or a refused one."""
    if app.store.datasets.refused.has(upload):
        found = app.store.datasets.refused.get(upload)
        return found.file, found.name
    return app.store.datasets.original(upload), app.store.datasets.get(upload).name


def _upload(app: Parts, upload: str) -> dict[str, Any]:
    datasets = app.store.datasets
    if datasets.refused.has(upload):
        return _refused(datasets.refused.get(upload))
    datasets.original(upload)
    chosen = datasets.chosen(upload)
    return {
        "id": upload,
        "name": datasets.get(upload).name,
        "refused": False,
        "until": None,
        "options": options_to_json(chosen.options),
        "recipe": chosen.recipe,
    }


def _refused(found: RefusedUpload) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "refused": True,
        "until": found.until,
        "options": options_to_json(found.options),
        "recipe": found.recipe,
    }


def _preview(
    app: Parts, upload: str, said: ImportOptions, recipe: str | None, whole: bool, translate: Translator
) -> dict[str, Any]:
    path, name = _file(app, upload)
    recipes = app.store.datasets.recipes
    wanted = NO_RECIPE if recipe in (None, NO_RECIPE) else recipes.get(str(recipe))
    reading = reading_for(path, said, wanted, recipes, name=name)
    limits = app.store.datasets.limits
    shown = preview_file(path, name, reading.options, whole=whole, limits=limits, notes=reading.notes)
    return preview_answer(shown, translate)


def _save_recipe(app: Parts, upload: str, body: RecipeSave, said: ImportOptions) -> dict[str, Any]:
    path, name = _file(app, upload)
    recipe, _ = recipe_for(path, body.name, said, name=name, limits=app.store.datasets.limits)
    app.store.datasets.recipes.put(recipe, replace=body.replace)
    return recipe.to_json()


ENDPOINTS = (
    Endpoint("GET", "/uploads", list_uploads, "Uploaded files that were refused.", UploadedFiles, failures=(400, 500)),
    Endpoint("GET", "/uploads/{id}", get_upload, "An uploaded file.", UploadedFile, failures=_FINDING),
    Endpoint(
        "POST",
        "/uploads/{id}/preview",
        preview_upload,
        "What an uploaded file looks like when it is read by some options.",
        PreviewAnswer,
        body=PreviewRequest,
        failures=_CHANGING,
    ),
    Endpoint(
        "POST",
        "/uploads/{id}/dataset",
        read_upload,
        "Make a data set of a file that was refused.",
        UploadAnswer,
        status=201,
        body=ReadRequest,
        failures=_CHANGING,
    ),
    Endpoint(
        "POST",
        "/uploads/{id}/recipe",
        save_recipe,
        "Keep options as an import recipe for files of this form.",
        RecipeAnswer,
        status=201,
        body=RecipeSave,
        failures=_CHANGING,
    ),
    Endpoint(
        "DELETE",
        "/uploads/{id}",
        discard_upload,
        "Remove a file that was refused.",
        "",
        status=204,
        failures=(400, 403, 404, 500, 503),
    ),
    Endpoint("GET", "/recipes", list_recipes, "The import recipes.", RecipeList, failures=(400, 500)),
    Endpoint("GET", "/recipes/{name}", get_recipe, "One import recipe.", RecipeAnswer, failures=(400, 404, 422, 500)),
    Endpoint(
        "GET",
        "/recipes/{name}/export",
        export_recipe,
        "One import recipe as a file.",
        "application/json",
        failures=(400, 404, 422, 500),
    ),
    Endpoint(
        "POST",
        "/recipes",
        import_recipe,
        "Keep an import recipe.",
        RecipeAnswer,
        status=201,
        body=RecipeDocument,
        query=RecipeQuery,
        failures=(400, 403, 404, 413, 415, 422, 500, 503),
    ),
    Endpoint(
        "DELETE",
        "/recipes/{name}",
        delete_recipe,
        "Delete an import recipe.",
        "",
        status=204,
        failures=(400, 403, 404, 500, 503),
    ),
)
