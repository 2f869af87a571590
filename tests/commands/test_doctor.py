"""``waferwatch doctor``: what it finds well, what not, and that a remedy stands beside it."""

from __future__ import annotations

import socket
import sqlite3
import subprocess

import pytest

from waferwatch.cli import main
from waferwatch.commands import doctor
from waferwatch.settings import Settings
from waferwatch.store.database.connection import Database

SECRET = "hunter2"


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", port=free_port())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_good_installation_is_reported_line_by_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WAFERWATCH_PORT", str(free_port()))
    assert main(["doctor"]) == 0
    told = capsys.readouterr().err
    for subject in ("versions", "checkpoint", "device", "data folder", "free disk", "database", "port", "ray", "fonts"):
        assert f"ok    {subject}" in told
    assert "sha256" in told
    assert not (tmp_path / "data").exists(), "looking must not make anything"


def test_a_failed_check_gives_exit_code_2_and_its_remedy(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("WAFERWATCH_PORT", str(taken.getsockname()[1]))
        assert main(["doctor"]) == 2
    told = capsys.readouterr().err
    assert "FAIL  port" in told
    assert "--port 5001" in told


def test_a_missing_package_is_named(monkeypatch, settings):
    monkeypatch.setattr(doctor, "_PARTS", ("no-such-package",))
    finding = doctor.check_versions(settings)
    assert (finding.well, finding.text) == (False, "no-such-package is not installed")
    assert finding.remedy


def test_a_data_folder_that_is_a_file_is_not_well(tmp_path):
    (tmp_path / "file").write_text("")
    finding = doctor.check_data_folder(Settings(data_dir=tmp_path / "file"))
    assert not finding.well
    assert "WAFERWATCH_DATA_DIR" in finding.remedy


def test_a_full_disk_is_not_well(monkeypatch, settings):
    monkeypatch.setattr(doctor, "LEAST_FREE_GB", 10**9)
    finding = doctor.check_disk(settings)
    assert not finding.well
    assert "larger disk" in finding.remedy


def test_a_database_that_is_there_is_opened_and_brought_to_this_version(settings):
    database = Database(settings)
    database.migrate()
    database.close()
    assert doctor.check_database(settings).text == "sqlite: connects, its tables are of this version"


def test_a_database_that_is_none_is_not_well(settings):
    settings.data_dir.mkdir()
    (settings.data_dir / "waferwatch.sqlite3").write_text("no database" * 100)
    finding = doctor.check_database(settings)
    assert not finding.well
    assert finding.remedy


def test_a_database_of_a_newer_waferwatch_is_not_well(settings):
    database = Database(settings)
    database.migrate()
    database.close()
    with sqlite3.connect(settings.data_dir / "waferwatch.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    finding = doctor.check_database(settings)
    assert not finding.well
    assert "newest version" in finding.remedy


@pytest.mark.parametrize(
    "address", [f"postgresql://user:{SECRET}@127.0.0.1:1/none", f"mysql://user:{SECRET}@host/none", "nonsense"]
)
def test_a_database_that_cannot_be_reached_is_not_well_and_its_password_is_not_reported(settings, address):
    finding = doctor.check_database(
        settings.model_copy(update={"database_url": Settings(database_url=address).database_url})
    )
    assert not finding.well
    assert finding.remedy
    assert SECRET not in finding.text + finding.remedy


def test_an_address_of_another_machine_is_not_well():
    finding = doctor.check_port(Settings(host="192.0.2.1"))
    assert not finding.well
    assert "WAFERWATCH_HOST" in finding.remedy


def test_cuda_without_a_gpu_is_not_well():
    finding = doctor.check_device(Settings(device="cuda"))
    if finding.well:
        pytest.skip("this machine has a GPU")
    assert finding.remedy


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("", "none with Korean letters"),
        ("NanumGothic,나눔고딕\nNoto Sans CJK KR\n", "Korean: NanumGothic, Noto Sans CJK KR"),
    ],
)
def test_fonts_are_reported_and_never_a_failure(monkeypatch, settings, listed, told):
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_a, **_k: subprocess.CompletedProcess([], 0, listed, ""))
    finding = doctor.check_fonts(settings)
    assert finding.well
    assert told in finding.text
    assert ("fonts-nanum" in finding.remedy) == (listed == "")


@pytest.mark.parametrize("there", [True, False])
def test_ray_is_reported_and_never_missed(there, monkeypatch, settings):
    def version(name):
        if not there:
            raise doctor.PackageNotFoundError(name)
        return "2.60.0"

    monkeypatch.setattr(doctor, "version", version)
    found = doctor.check_ray(settings)
    assert found.well
    assert ("2.60.0" in found.text) is there
    assert ("waferwatch[ray]" in found.remedy) is not there
