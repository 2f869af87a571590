"""The two commands of the README: the locks hold what pyproject.toml asks for, and uv_run.sh does what it says.

uv itself is played by a small script here, so that these tests take no network and no minute; CI runs the real one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
needs_bash = pytest.mark.skipif(sys.platform == "win32", reason="uv_run.sh is for Linux and macOS")


# The locks


def locked_versions(lock: str) -> dict[str, list[Requirement]]:
    """Project name -> its pinned requirements (one per marker)."""
    pins: dict[str, list[Requirement]] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            pin = Requirement(line.removesuffix("\\").strip())
            pins.setdefault(canonical(pin.name), []).append(pin)
    return pins


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(requirement: Requirement) -> str:
    return next(iter(requirement.specifier)).version


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-dev.txt", PROJECT["dependencies"] + EXTRAS["dev"]),
        ("requirements-dev.txt", [line for line in EXTRAS["torch"] if Requirement(line).name != "torch"]),
    ],
)
def test_every_dependency_is_locked_at_a_version_that_satisfies_it(lock, wanted):
    pins = locked_versions(lock)
    for line in wanted:
        requirement = Requirement(line)
        locked = pins.get(canonical(requirement.name), [])
        assert locked, f"{requirement.name} is not in {lock}: compile it again (CONTRIBUTING.md, Dependencies)"
        for pin in locked:
            assert requirement.specifier.contains(pinned(pin)), f"{lock} has {pin}, pyproject.toml asks for {line}"


def test_the_tests_run_with_the_versions_the_application_runs_with():
    core, dev = locked_versions("requirements.txt"), locked_versions("requirements-dev.txt")
    assert {name: list(map(str, pins)) for name, pins in core.items()} == {
        name: list(map(str, dev.get(name, []))) for name in core
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock):
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8"))[1:]
    assert len(blocks) > 20
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"(?m)^.*(?:://|index-url|find-links|^#.*/).*$", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_holds_torch_or_gpu_libraries(lock):
    assert [
        name for name in locked_versions(lock) if name == "torch" or name.startswith(("nvidia", "cuda", "triton"))
    ] == []


def test_the_locks_cover_the_python_that_runs_now():
    for pins in locked_versions("requirements.txt").values():
        matching = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(default_environment())]
        assert len(matching) <= 1, pins


@pytest.mark.parametrize("name", locked_versions("requirements.txt"))
def test_the_licence_of_every_locked_package_is_listed(name):
    versions = re.findall(rf"(?m)^\| {name} \| (\S+) \| [^|]{{3,}} \|", (ROOT / "docs/licences.md").read_text())
    assert versions, "make the table of docs/licences.md again; the command stands at its end"


def test_the_lock_of_the_scripts_tools_has_hashes_and_names_no_registry():
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    tools = {path: package for path, package in packages.items() if path}
    assert len(tools) >= 2
    assert [path for path, package in tools.items() if not package["integrity"].startswith("sha512-")] == []
    assert [path for path, package in tools.items() if "resolved" in package] == []
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text(encoding="utf-8")


# uv_run.sh, with uv played by a script


FAKE_UV = """#!/usr/bin/env bash
[ "$1" = --version ] && exit 0
echo "$*" >> "$FAKE_LOG"
[ "$1" = pip ] && exit "${FAKE_PIP_EXIT:-0}"
folder="${!#}"
mkdir -p "$folder/bin"
printf '#!/usr/bin/env bash\\nexec "%s" "$@"\\n' "$FAKE_PYTHON" > "$folder/bin/python"
chmod +x "$folder/bin/python"
printf '#!/usr/bin/env bash\\necho "$PWD|$*"\\nexit 7\\n' > "$folder/bin/waferwatch"
chmod +x "$folder/bin/waferwatch"
"""


class Clone:
    """A copy of the set-up files in a folder with a space in its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "my clone"
        self.folder.mkdir()
        for name in ("uv_run.sh", "pyproject.toml", *LOCKS):
            shutil.copy(ROOT / name, self.folder / name)
        self.elsewhere = folder / "else where"
        self.elsewhere.mkdir()
        tools = folder / "tools"
        tools.mkdir()
        (tools / "uv").write_text(FAKE_UV)
        (tools / "uv").chmod(0o755)
        self.log = folder / "uv.log"
        self.environment = {
            "PATH": f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": str(folder),
            "FAKE_LOG": str(self.log),
            "FAKE_PYTHON": sys.executable,
        }

    def run(self, *arguments: str, script: str = "uv_run.sh", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / script), *arguments],
            cwd=self.elsewhere,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def calls(self) -> list[str]:
        """What uv was asked to do since the last look."""
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return calls


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


@needs_bash
def test_without_arguments_the_application_is_installed_and_started(clone):
    done = clone.run()
    assert done.stdout == f"{clone.elsewhere}|serve\n"
    venv, packages, project = clone.calls()
    assert venv.startswith("venv ")
    assert "--require-hashes" in packages
    assert packages.endswith(f"{clone.folder}/requirements.txt")
    assert project.endswith(f"--no-deps --no-build-isolation -e {clone.folder}")


@needs_bash
def test_a_command_runs_in_the_callers_folder_and_its_exit_code_comes_back(clone):
    done = clone.run("detect", "my data.csv", "--json")
    assert (done.returncode, done.stdout) == (7, f"{clone.elsewhere}|detect my data.csv --json\n")


@needs_bash
def test_nothing_is_installed_twice(clone):
    clone.run()
    clone.calls()
    second = clone.run()
    assert (clone.calls(), second.stderr) == ([], "")


@needs_bash
@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_changed_requirements_are_installed(clone, name):
    clone.run()
    clone.calls()
    with (clone.folder / name).open("a") as file:
        file.write("# changed\n")
    clone.run()
    assert [call.split()[0] for call in clone.calls()] == ["pip", "pip"]


@needs_bash
def test_a_moved_folder_is_installed_again(clone):
    clone.run()
    clone.calls()
    clone.folder = clone.folder.rename(clone.folder.with_name("moved clone"))
    clone.run()
    assert clone.calls()[-1].endswith(f"-e {clone.folder}")


@needs_bash
def test_an_environment_without_a_working_python_is_made_again(clone):
    clone.run()
    clone.calls()
    (clone.folder / ".venv/bin/python").unlink()
    clone.run()
    assert clone.calls()[0].startswith("venv ")


@needs_bash
def test_a_failed_installation_says_what_to_do_and_is_tried_again(clone):
    failed = clone.run("detect", "a.csv", FAKE_PIP_EXIT="1")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert '"Without internet access" in README.md' in failed.stderr
    clone.calls()
    assert clone.run().returncode == 7
    assert [call.split()[0] for call in clone.calls()] == ["pip", "pip"]


@needs_bash
def test_the_tests_have_an_environment_of_their_own(clone):
    done = clone.run("test", "--version", WAFERWATCH_TEST_TORCH="0")
    assert done.returncode == 0, done.stderr
    assert "the tests that need torch are left out" in done.stderr
    assert not (clone.folder / ".venv").exists()
    assert any(call.endswith("requirements-dev.txt") for call in clone.calls())


@needs_bash
def test_torch_is_added_in_the_build_for_this_machine(clone):
    done = clone.run("add-torch")
    assert done.returncode == 0, done.stderr
    assert clone.calls()[-1].endswith("--torch-backend auto --no-build-isolation -e .[torch]")
    clone.run("add-torch", UV_TORCH_BACKEND="cpu")
    assert "--torch-backend cpu" in clone.calls()[-1]


@needs_bash
def test_without_python_pip_and_network_the_remedy_is_named(clone, tmp_path):
    tools = tmp_path / "bare"
    tools.mkdir()
    for name in ("bash", "dirname", "cat", "cmp", "rm", "env"):
        (tools / name).symlink_to(shutil.which(name) or "")
    done = clone.run(PATH=str(tools))
    assert done.returncode == 1
    assert "uv could not be installed" in done.stderr
    assert "Install uv yourself" in done.stderr


@needs_bash
@pytest.mark.parametrize("script", ["uv_run.sh", "setup.sh", "run_app.sh", ".ci/run"])
def test_a_shell_script_is_executable_and_parses(script):
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True)


# Certificates


@needs_bash
def test_uv_trusts_the_certificates_of_the_system_unless_reported_otherwise(clone):
    (clone.folder.parent / "tools/uv").write_text(FAKE_UV.replace('echo "$*"', 'echo "$UV_SYSTEM_CERTS|$PIP_CERT|$*"'))
    clone.run(SSL_CERT_FILE="/company.pem")
    assert clone.calls()[0].startswith("1|/company.pem|venv ")
    shutil.rmtree(clone.folder / ".venv")
    clone.run(UV_SYSTEM_CERTS="0", SSL_CERT_FILE="/company.pem", PIP_CERT="/mine.pem")
    assert clone.calls()[0].startswith("0|/mine.pem|venv ")


# setup.sh, with venv and pip played by a script, and run_app.sh


FAKE_SETUP_PYTHON = """#!/usr/bin/env bash
case "$1" in
  -c) exit 0 ;;
  --version) echo "Python 3.99"; exit ;;
esac
[ "$*" = "-m pip --version" ] && exit 0
echo "$PWD|$*" >> "$FAKE_LOG"
if [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"
  printf '#!/usr/bin/env bash\\necho "$PWD|$*"\\nexit 7\\n' > "$3/bin/waferwatch"
  chmod +x "$3/bin/waferwatch"
  exit 0
fi
exit "${FAKE_PIP_EXIT:-0}"
"""


@pytest.fixture
def plain(clone):
    """The clone with setup.sh and run_app.sh, and a python3 that only writes down what it is asked."""
    for name in ("setup.sh", "run_app.sh"):
        shutil.copy(ROOT / name, clone.folder / name)
    python = clone.folder.parent / "tools/python3"
    python.write_text(FAKE_SETUP_PYTHON)
    python.chmod(0o755)
    return clone


@needs_bash
def test_setup_installs_the_lock_with_hashes_and_then_the_package(plain):
    done = plain.run(script="setup.sh")
    assert done.returncode == 0, done.stderr
    venv, packages, project = plain.calls()
    assert venv.endswith(f"-m venv {plain.folder}/.venv")
    assert packages.endswith(f"--require-hashes -r {plain.folder}/requirements.txt")
    assert project.endswith(f"--no-deps --no-build-isolation -e {plain.folder}")
    assert f"{plain.folder}/run_app.sh" in done.stderr


@needs_bash
def test_setup_twice_keeps_the_environment(plain):
    plain.run(script="setup.sh")
    plain.calls()
    assert plain.run(script="setup.sh").returncode == 0
    assert [" -m venv " in f" {call.split('|')[1]}" for call in plain.calls()] == [False, False]


@needs_bash
def test_setup_adds_torch_when_asked(plain):
    assert plain.run("--torch", script="setup.sh").returncode == 0
    last = plain.calls()[-1]
    assert last.startswith(f"{plain.folder}|")
    assert last.endswith("-e .[torch]")


@needs_bash
def test_setup_refuses_what_it_does_not_know(plain):
    done = plain.run("--tourch", script="setup.sh")
    assert (done.returncode, plain.calls()) == (1, [])
    assert "--tourch" in done.stderr


@needs_bash
def test_a_failed_setup_says_what_to_do(plain):
    done = plain.run(script="setup.sh", FAKE_PIP_EXIT="1")
    assert done.returncode == 1
    assert '"Without internet access" in README.md' in done.stderr


@needs_bash
def test_run_app_starts_the_server_from_the_callers_folder(plain):
    plain.run(script="setup.sh")
    done = plain.run("--port", "5001", script="run_app.sh")
    assert (done.returncode, done.stdout) == (7, f"{plain.elsewhere}|serve --port 5001\n")


@needs_bash
def test_run_app_before_setup_names_setup(plain):
    done = plain.run(script="run_app.sh")
    assert done.returncode == 1
    assert f"{plain.folder}/setup.sh" in done.stderr


# environment.yml


def test_conda_takes_its_packages_from_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, packages = environment["dependencies"]
    assert (environment["name"], pip, packages) == ("anomaly_detection", "pip", {"pip": ["-r requirements.txt"]})
    conda_python = Requirement(python).specifier
    assert [version for version in ("3.10", "3.11", "3.13") if conda_python.contains(version)] == ["3.11", "3.13"]
    assert PROJECT["requires-python"] == ">=3.11"


# The .bat files and app.py


def test_the_windows_script_knows_the_same_commands_and_ends_its_lines_the_windows_way():
    content = (ROOT / "uv_run.bat").read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    options = ("--require-hashes", "--no-deps --no-build-isolation -e", "WAFERWATCH_TEST_TORCH")
    missing = [
        word for word in ('"test"', '"check"', '"add-torch"', "serve", *LOCKS, *options) if word.encode() not in content
    ]
    assert missing == []
    pinned_torch = re.search(r"torch==([\d.]+)", (ROOT / "uv_run.sh").read_text())
    assert pinned_torch
    assert f'set "torch={pinned_torch[1]}"'.encode() in content


@pytest.mark.parametrize("script", ["setup.bat", "run_app.bat"])
def test_a_windows_script_ends_its_lines_the_windows_way(script):
    content = (ROOT / script).read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") > 0
    assert content.isascii()


def test_the_windows_set_up_installs_the_same_way():
    shell, batch = ((ROOT / f"setup.{ending}").read_text() for ending in ("sh", "bat"))
    for option in ("--require-hashes -r", "--no-deps --no-build-isolation -e", '--no-build-isolation -e ".[torch]"'):
        assert option in shell
        assert option in batch


@pytest.mark.parametrize("script", ["uv_run.bat", "setup.bat", "run_app.bat"])
def test_every_jump_of_a_windows_script_has_a_place_to_land(script):
    text = (ROOT / script).read_text()
    labels = set(re.findall(r"(?m)^:(\w+)", text))
    assert set(re.findall(r"goto (\w+)", text)) | set(re.findall(r"call :(\w+)", text)) <= labels


def test_app_py_outside_the_environment_says_what_to_do():
    done = subprocess.run([sys.executable, "-I", "-S", ROOT / "app.py"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "./uv_run.sh" in done.stderr
    assert "Traceback" not in done.stderr


def test_app_py_is_waferwatch_serve():
    done = subprocess.run([sys.executable, ROOT / "app.py", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage: waferwatch serve" in done.stdout
