"""Made-up requests, good and bad, to every endpoint of /openapi.json: each answer is one that is described there.

Schemathesis makes the requests from the description: values at every bound, wrong types, missing and unknown fields,
then random ones from a fixed seed. Most of those with a place for an id, a column or an event get one that exists,
else nearly all would end in 404. No endpoint is left out but the stream of
alarms, which does not end. Only slow detectors are: their names are exchanged for a
quick one, and comparisons and injections are of the small data set, with one detector. Lists that may be very long are
tried with a few entries, for Schemathesis repeats the longest in every request; test_refusals.py and
test_shown_table.py go beyond what they may be.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import ENDPOINTS, create_app
from waferwatch.web.shell.openapi import describe

QUICK = "squared_difference"
SLOW = "moment"  # what a request without a detector gets
HERE = "http://127.0.0.1"
MOST_ENTRIES = 50  # of a list
EXAMPLES = 12  # random requests to each endpoint, beside those at the bounds
CHANGED = ("/datasets", "/runs", "/monitors")  # what exists is made anew after requests to change it
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TABLE = "time,equipment,lot,step,pressure,flow\n" + "\n".join(
    f"2026-03-01 09:{at // 60:02d}:{at % 60:02d},E{at % 2},L{at // 100},{'etch' if at // 10 % 2 else 'purge'},"
    f"{9 if at in (150, 250) else at % 3 * 0.1},{at % 7}"
    for at in range(300)
)


def with_short_lists(part: Any) -> Any:
    """A part of a description whose lists may have no more than MOST_ENTRIES."""
    if isinstance(part, list):
        return [with_short_lists(one) for one in part]
    if not isinstance(part, dict):
        return part
    most = part.get("maxItems")
    shorter = {"maxItems": min(most, MOST_ENTRIES)} if isinstance(most, int) else {}
    return {name: with_short_lists(one) for name, one in part.items()} | shorter


DESCRIPTION = with_short_lists(describe(ENDPOINTS, metadata.version("waferwatch"), "session"))
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in DESCRIPTION["paths"].items()
    for method in methods
    if path != "/alarms/stream"
]


@dataclass
class Known:
    """What exists when an endpoint's turn comes."""

    client: TestClient
    dataset: str
    detection: str
    comparison: str
    deleted: str  # a data set that can be brought back
    monitor: str = "etch"


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An application of its own, for everything in it is renamed, changed and deleted."""
    folder: Path = tmp_path_factory.mktemp("fuzzed")
    app = create_app(Settings(data_dir=folder, max_upload_mb=1, max_rows=50_000, posts_per_minute=0))
    with TestClient(app, base_url=HERE, raise_server_exceptions=False, follow_redirects=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def left() -> list[Known]:
    """What the test before has left as it was."""
    return []


@pytest.fixture
def known(fuzzed: TestClient, left: list[Known], operation: str) -> Known:
    if not left:
        left.append(make_known(fuzzed))
    method, path = operation.split(" ")
    return left.pop() if method != "GET" and path.startswith(CHANGED) else left[0]


def make_known(client: TestClient) -> Known:
    dataset, deleted = (
        client.post("/datasets", files={"file": (f"{name}.csv", TABLE.encode())}).json()["id"] for name in "ab"
    )
    assert client.delete(f"/datasets/{deleted}").status_code == 204
    body = {"dataset": dataset, "detector": QUICK, "contamination": 0.02}
    detection = client.post("/detect", json=body)
    assert detection.status_code == 200, detection.text
    compared = {"dataset": dataset, "detectors": [QUICK]}
    assert client.post("/model_compare", json=compared).status_code == 200
    runs = client.get("/runs", params={"dataset": dataset, "kind": "comparison"}).json()["runs"]
    learn_monitor(client, dataset)
    return Known(client, dataset, detection.json()["run"], runs[0]["id"], deleted)


def learn_monitor(client: TestClient, dataset: str) -> None:
    """The monitor ``etch``, where an earlier request has not left it."""
    if client.get("/monitors/etch").status_code == 404:
        run = client.post("/monitors", json={"name": "etch", "dataset": dataset, "detector": QUICK}).json()["id"]
        while client.get(f"/runs/{run}").json()["state"] in ("queued", "running"):
            time.sleep(0.01)


@pytest.fixture(scope="module")
def schema() -> BaseSchema:
    return schemathesis.openapi.from_dict(DESCRIPTION)


# Schemathesis's own parametrize makes up the requests to every endpoint in every test process, which takes half a
# minute, and gives all of them one id, of which pytest-xdist runs the first alone.
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_is_described(operation: str, schema: BaseSchema, known: Known) -> None:
    @settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        check_answer(case, known)

    method, path = operation.split(" ")
    asked = build_operation_test(
        config=schema.config,
        operation=schema[path][method],
        test_func=ask,
        given_kwargs={},
        feedback=FeedbackSources(),
    )
    asked()


def check_answer(case: schemathesis.Case, known: Known) -> None:
    lead(case, known)
    sent = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
    content = sent.body.encode() if isinstance(sent.body, str) else sent.body
    answer = known.client.request(str(sent.method), str(sent.url), headers=dict(sent.headers), content=content)
    case.validate_response(answer, checks=CHECKS)


def lead(case: schemathesis.Case, known: Known) -> None:
    """Exchange most of the made-up names for ones that exist; the same names are always exchanged."""
    path = case.path_parameters
    if "id" in path and _chosen(path["id"]):
        path["id"] = _id(case, known)
    if "name" in path and _chosen(path["name"]):
        path["name"] = known.monitor
    if "version" in path and _chosen(path["version"]):
        path["version"] = "1"
    if "event" in path and _chosen(path["event"]):
        path["event"] = "1"
    if "problem" in path and _chosen(path["problem"]):
        path["problem"] = "P-1"
    if "feature" in path and _chosen(path["feature"]):
        path["feature"] = "pressure"
    _lead_fields(case.query, known)
    if isinstance(case.body, dict):
        _lead_fields(case.body, known)
        if (case.method == "POST" and case.path in ("/detect", "/group_analysis", "/runs")) or case.path == "/monitors":
            _make_quick(case.body, known)
        elif case.path == "/model_compare":
            case.body["detectors"] = _quick_names(case.body.get("detectors", [QUICK]))


def _id(case: schemathesis.Case, known: Known) -> str:
    if "/datasets/" in case.path:
        return known.deleted if case.path.endswith("/restore") else known.dataset
    return known.comparison if case.path.endswith("/comparison") else known.detection


def _lead_fields(fields: dict[str, Any], known: Known) -> None:
    good = {
        "dataset": known.dataset,
        "run": known.detection,
        "features": ["pressure"],
        "sensor": "pressure",
        "feature": "flow",
        "by": "equipment",
        "value": "E0",
        "and": "step",
        "and_value": "etch",
        "file": TABLE.encode(),
        "color": "lot",
        "group_by": "lot",
        "filters": {"equipment": ["E0"]},
        "roles": {"flow": "ignored", "lot": "context"},
        "reference_start": "2026-03-01 09:00",
        "reference_end": "2026-03-01 09:01",
        "monitor": known.monitor,
        "datasets": [known.dataset],
        "equipment": ["E0"],
        "version": 1,
        "old": 1,
        "new": 1,
    }
    for name in good.keys() & fields.keys():
        if _chosen(fields[name]):
            fields[name] = good[name]


def _make_quick(body: dict[str, Any], known: Known) -> None:
    if body.get("detector", SLOW) == SLOW or _chosen(body["detector"]):
        body["detector"] = QUICK
    if body.get("kind") in ("comparison", "injection"):
        body["dataset"] = known.dataset
        body["detectors"] = _quick_names(body.get("detectors", [QUICK]))


def _quick_names(names: Any) -> Any:
    """One quick detector where the request would get all of them."""
    if names is None or (isinstance(names, list) and (SLOW in names or _chosen(names))):
        return [QUICK]
    return names


def _chosen(value: object) -> bool:
    return zlib.crc32(repr(value).encode(errors="replace")) % 4 > 0
