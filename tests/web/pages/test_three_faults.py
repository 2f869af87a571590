"""A file of a fab as it comes: three faults on three chambers are three problems, of the bad wafers and no good one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

SENSORS = ("챔버압력(mTorr)", "Cl2유량(sccm)", "He누설유량(sccm)", "반사파(W)")
LEVELS = {"1_안정화": (10.0, 0.0, 8.0, 2.0), "4_메인식각": (15.0, 120.0, 8.0, 4.0)}
SPREADS = (0.15, 0.6, 0.12, 0.2)
WAFERS, ROWS = 60, 24
# Chamber -> sensor, wafers that are bad, and how far it is off in the main step.
FAULTS: dict[str, tuple[str, range, float]] = {
    "ETCH01-PM1": ("Cl2유량(sccm)", range(40, 60), -6.0),
    "ETCH01-PM2": ("He누설유량(sccm)", range(45, 55), 2.0),
    "ETCH01-PM3": ("반사파(W)", range(30, 33), 6.0),
}


def fab_file() -> bytes:
    """CP949, with Korean headers, as an MES exports it."""
    random = np.random.default_rng(3)
    lines = [",".join(["측정시각", "설비호기", "로트번호", "웨이퍼번호", "레시피", "스텝", *SENSORS])]
    for wafer in range(WAFERS):
        for chamber, (sensor, bad, off) in FAULTS.items():
            for row in range(ROWS):
                second = wafer * 75 + row
                stamp = f"2026-11-02 {6 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
                step = "1_안정화" if row < 6 else "4_메인식각"
                values = np.array(LEVELS[step]) + random.normal(0, SPREADS)
                values[SENSORS.index(sensor)] += off * (wafer in bad and step == "4_메인식각")
                place = [stamp, chamber, f"L26B{wafer // 25:03d}", str(wafer % 25 + 1), "POLY_ME", step]
                lines.append(",".join([*place, *(f"{value:.3f}" for value in values)]))
    return "\n".join(lines).encode("cp949")


@pytest.fixture(scope="module")
def checked(client: TestClient) -> dict[str, Any]:
    """Uploaded as it is and checked with the settings that it comes with."""
    uploaded = client.post("/datasets", files={"file": ("식각.csv", fab_file())}).json()
    run = client.post("/detect", json={"dataset": uploaded["id"], "detector": "statistical"}).json()["run"]
    return {
        "problems": client.get(f"/runs/{run}/problems").json()["problems"],
        "wafers": client.get(f"/runs/{run}/wafers?limit=1000").json()["wafers"],
        "page": client.get(f"/problems?run={run}", headers={"Accept": "text/html", "Accept-Language": "en"}).text,
    }


def test_each_fault_is_one_problem_with_its_sensor_and_step(checked: dict[str, Any]) -> None:
    worst = [one for one in checked["problems"] if one["severity"] != "weak"]
    found = {one["equipment"]: (one["sensors"][0]["sensor"], one["step"]) for one in worst}
    assert found == {chamber: (sensor, "4_메인식각") for chamber, (sensor, _, _) in FAULTS.items()}
    assert len(worst) == len(FAULTS)
    assert "3 problems on 3 chambers." in checked["page"]


def test_every_bad_wafer_is_abnormal_and_at_most_three_good_ones(checked: dict[str, Any]) -> None:
    order = {
        (f"L26B{wafer // 25:03d}", str(wafer % 25 + 1), chamber): wafer in bad
        for chamber, (_, bad, _) in FAULTS.items()
        for wafer in range(WAFERS)
    }
    abnormal = [(one["lot"], str(one["wafer"]), one["equipment"]) for one in checked["wafers"] if one["abnormal"]]
    bad = [one for one, is_bad in order.items() if is_bad]
    assert set(bad) <= set(abnormal)
    assert len(abnormal) - len(bad) <= 3
