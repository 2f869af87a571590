"""/openapi.json is a valid document, and a client made from it by a program understands real answers."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, create_model
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from waferwatch.web.app import ENDPOINTS
from waferwatch.web.shell.openapi import Endpoint, describe

QUICK = "squared_difference"
CSV = b"time,equipment,a\n" + b"\n".join(b"%d,E1,%d" % (at, 9 if at == 40 else at % 5) for at in range(90))


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


@pytest.fixture(scope="module")
def made(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of the generated package."""
    folder, name = tmp_path_factory.mktemp("generated"), "waferwatch_client_of_this_test"
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.yaml").write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--meta", "none"]
    options = ["--config", "config.yaml", "--output-path", name, "--fail-on-warning"]
    done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield name
    sys.path.remove(str(folder))


class Generated:
    """The generated client, on the application of these tests."""

    def __init__(self, name: str, client: TestClient) -> None:
        self._name = name
        self.client = importlib.import_module(f"{name}.client").Client(base_url="http://127.0.0.1")
        self.client.set_httpx_client(client)

    def ask(self, operation: str, *path: str, **arguments: Any) -> Any:
        module = importlib.import_module(f"{self._name}.api.default.{operation}")
        return module.sync(*path, client=self.client, **arguments)

    def model(self, name: str) -> Any:
        return getattr(importlib.import_module(f"{self._name}.models"), name)

    def file(self, name: str, content: bytes) -> Any:
        return importlib.import_module(f"{self._name}.types").File(BytesIO(content), name, "text/csv")


@pytest.fixture
def generated(made: str, client: TestClient) -> Generated:
    return Generated(made, client)


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    faults = [f"{'/'.join(map(str, one.absolute_path))}: {one.message}"[:300] for one in validator(document)]
    assert faults == []


def validator(document: dict[str, Any]) -> Iterator[Any]:
    yield from OpenAPIV31SpecValidator(document).iter_errors()


def test_the_whole_document_is_made_into_a_client(generated: Generated, document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            name = operation["operationId"]
            assert importlib.import_module(f"{generated._name}.api.default.{name}").sync_detailed, name


def test_the_client_uploads_detects_judges_and_reads(generated: Generated) -> None:
    upload = generated.model("UploadDatasetBody")(file=generated.file("a.csv", CSV))
    dataset = generated.ask("upload_dataset", body=upload)
    assert (dataset.name, dataset.rows, dataset.roles.to_dict()["a"]) == ("a.csv", 90, "sensor")
    wish = generated.model("DetectRequest")(detector=QUICK, dataset=dataset.id, contamination=0.05)
    found = generated.ask("detect", body=wish)
    assert found.to_dict()["rows"] == 90
    assert found.events[0].id >= 1
    said = generated.model("VerdictRequest")(verdict="true_alarm", note="a spike")
    judged = generated.ask("judge_event", found.run, str(found.events[0].id), body=said)
    assert (judged.verdict, judged.note, judged.by) == ("true_alarm", "a spike", "local")
    explained = generated.ask("explain_event", found.run, str(found.events[0].id))
    assert explained.said.note == "a spike"
    assert generated.ask("list_runs", limit=1).runs[0].id == found.run
    assert generated.ask("audit", limit=1).entries[0].action == "judge event"
    generated.ask("delete_dataset", dataset.id)


def test_the_client_compares_and_groups(generated: Generated) -> None:
    compared = generated.ask("model_compare", body=generated.model("CompareRequest")(detectors=[QUICK]))
    assert [row.detector for row in compared.rows] == [QUICK]
    wish = generated.model("GroupRequest")(detector=QUICK, group_by="lot")
    assert generated.ask("group_analysis", body=wish).groups


def test_the_client_reads_refusals(generated: Generated) -> None:
    refused = generated.ask("detect", body=generated.model("DetectRequest")(detector="none_such"))
    assert (refused.error.code, refused.error.field) == ("not_found", "detector")


async def nothing(_request: Request) -> Response:
    return Response()


def test_models_of_one_name_and_models_used_both_ways_are_kept_apart() -> None:
    first = create_model("Twin", __module__="waferwatch.first", a=(int, 1))
    second = create_model("Twin", __module__="waferwatch.second", b=(str, ""))
    holder = create_model("Holder", twin=(second, ...))
    document = describe(
        [
            Endpoint("POST", "/first", nothing, "First.", first, body=first),
            Endpoint("GET", "/second", nothing, "Second.", holder),
        ],
        "1",
        "cookie",
    )
    document["paths"]["/second"]["get"]["operationId"] = "other"  # one handler served both
    assert list(validator(document)) == []
    answer = document["paths"]["/first"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    shown = document["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
    assert list(shown["properties"]) == ["a"]


def test_no_two_classes_of_requests_and_answers_have_one_name() -> None:
    assert ENDPOINTS, "their modules are imported"
    names = sorted(one.__name__ for one in all_models(BaseModel) if one.__module__.startswith("waferwatch.web"))
    assert names == sorted(set(names))
    assert len(names) > 50


def all_models(base: type[BaseModel]) -> set[type[BaseModel]]:
    return {found for one in base.__subclasses__() for found in ({one} | all_models(one))}


def test_no_class_name_is_twice_in_the_document(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name or "-" in name] == []
