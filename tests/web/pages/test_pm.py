"""The PM check over HTTP, on made wafers before and after a maintenance of eight hours."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from tests.commands.test_monitor_commands import fab_rows

AT = "2026-11-20T08:53:20"  # start of wafer 800


def maintained() -> pd.DataFrame:
    """Forty wafers before, fourteen after: the flow stays high, the pressure is another by a harmless bit."""
    after = fab_rows(14, first=800, seed=1, pressure=0.03)
    after["flow"] += np.where(after["step"] == after["step"].unique()[1], 0.5, 0.0)
    frame = pd.concat([fab_rows(40), after], ignore_index=True)
    return frame[frame["chamber"] == "PM1"]


@pytest.fixture(scope="module")
def dataset(client: TestClient) -> Iterator[str]:
    content = maintained().to_csv(index=False).encode()
    made = client.post("/datasets", files={"file": ("pm.csv", content)}).json()["id"]
    yield str(made)
    client.delete(f"/datasets/{made}")


def check(client: TestClient, dataset: str, **query: str) -> dict[str, Any]:
    answer = client.get(f"/datasets/{dataset}/before-after", params={"at": AT} | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_long_pause_is_proposed(client: TestClient, dataset: str) -> None:
    found = client.get(f"/datasets/{dataset}/maintenance").json()
    assert found["chambers"] == ["PM1"]
    (pause,) = found["proposals"]
    assert (pause["source"], pause["at"], pause["before"], pause["after"]) == ("pause", AT, 40, 14)


def test_the_first_sentence_says_whether_the_tool_is_back(client: TestClient, dataset: str) -> None:
    found = check(client, dataset, equipment="PM1")
    assert (found["verdict"], found["word"]) == ("out", "NOT BACK")
    assert found["sentence"].startswith("flow")
    assert "not settling" in found["sentence"]
    lines = {one["sensor"]: one["verdict"] for one in found["lines"]}
    assert list(lines) == ["flow", "pressure"], "one line for each sensor, the worst first"
    assert lines == {"flow": "out", "pressure": "moved"}


def test_a_typed_tolerance_makes_it_back(client: TestClient, dataset: str) -> None:
    found = check(client, dataset, equipment="PM1", tolerances="flow=5, pressure=5")
    verdicts = {(one["sensor"], one["statistic"]): one["verdict"] for one in found["cells"]}
    assert ("flow", "mean") not in {place for place, verdict in verdicts.items() if verdict == "out"}


def test_too_few_wafers_are_not_known_yet_and_counted(client: TestClient, dataset: str) -> None:
    late = pd.Timestamp(AT) + pd.Timedelta(seconds=40 * 11)  # three wafers before the end
    found = check(client, dataset, at=late.isoformat())
    assert found["word"] == "NOT KNOWN YET"
    assert "3 more wafers" in found["sentence"]


def test_one_indicator_is_drawn_on_both_sides(client: TestClient, dataset: str) -> None:
    first = check(client, dataset)["lines"][0]
    query = {name: first[name] for name in ("sensor", "step", "recipe", "statistic")} | {"at": AT}
    found = client.get(f"/datasets/{dataset}/before-after/indicator", params=query).json()
    assert len(found["trend"]["data"][2]["x"]) == 14, "every wafer after it is beyond the limit"
    assert len(found["trace"]["data"]) == 3 + 10


def test_the_comparison_leaves_as_a_file(client: TestClient, dataset: str) -> None:
    answer = client.get(f"/datasets/{dataset}/before-after/export", params={"at": AT, "format": "xlsx"})
    frame = pd.read_excel(io.BytesIO(answer.content), engine="calamine")
    assert set(frame["verdict"]) >= {"out", "moved", "back"}


@pytest.mark.parametrize(
    ("query", "field"),
    [({"at": "2020-01-01"}, "at"), ({"at": "noon"}, "at"), ({"at": AT, "tolerances": "flow"}, "tolerances")],
)
def test_what_cannot_be_compared_is_said(
    client: TestClient, dataset: str, query: dict[str, str], field: str, assert_error: Callable[..., dict[str, Any]]
) -> None:
    assert_error(client.get(f"/datasets/{dataset}/before-after", params=query), 422, "bad_input", field)
