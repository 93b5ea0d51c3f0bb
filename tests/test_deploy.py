"""The files of ``deploy/``: by the schemas of Ray, Kubernetes and KubeRay, and by what a cluster must not allow."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import typer
import yaml
from kuberay_schema import resource

from service.cli.main import app
from service.cluster.options import cluster_settings

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
KUBERNETES = "1.34"
USER = 10001
READ = (
    "import sys, json; from ray.serve.schema import ServeDeploySchema as Schema;"
    "print(Schema.model_validate(json.load(sys.stdin)).model_dump_json(exclude_unset=True))"
)


def manifest(name: str) -> dict[str, Any]:
    """Return a manifest for KubeRay."""
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "kuberay" / f"{name}.yaml").read_text(encoding="utf-8"))
    return read


def cluster_of(read: dict[str, Any]) -> dict[str, Any]:
    """Return the cluster that a manifest describes."""
    spec = read["spec"]
    found: dict[str, Any] = spec.get("rayClusterConfig") or spec["rayClusterSpec"]
    return found


def groups(name: str) -> list[dict[str, Any]]:
    """Return the groups of pods of a manifest, the head first."""
    cluster = cluster_of(manifest(name))
    return [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]


def pods(name: str) -> list[dict[str, Any]]:
    """Return the pods of a manifest as Kubernetes gets them, but for what the operator adds."""
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", **template["metadata"]}, "spec": template["spec"]}
        for template in (group["template"] for group in groups(name))
    ]


def containers(name: str) -> list[dict[str, Any]]:
    return [container for pod in pods(name) for container in pod["spec"]["containers"]]


def serve_config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "serve.yaml").read_text(encoding="utf-8"))
    return config


@pytest.mark.parametrize(("name", "kind"), [("serve", "RayService"), ("batch", "RayJob")])
def test_resources_are_those_of_kuberay(name: str, kind: str) -> None:
    jsonschema.validate(manifest(name), resource(kind))
    wrong = manifest(name)
    cluster_of(wrong)["headGroupSpec"]["replica"] = 1
    with pytest.raises(jsonschema.ValidationError, match="replica"):
        jsonschema.validate(wrong, resource(kind))


@pytest.mark.parametrize("name", ["serve", "batch"])
def test_pods_are_those_of_kubernetes(name: str) -> None:
    for pod in pods(name):
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)
    wrong = copy.deepcopy(pod)
    wrong["spec"]["containers"][0]["livenessProbe"]["periodSecond"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_the_network_is_closed_but_for_requests() -> None:
    policy = manifest("network")
    kubernetes_validate.validate(policy, KUBERNETES, strict=True)
    everybody = [rule for rule in policy["spec"]["ingress"] if "from" not in rule]
    assert [rule["ports"] for rule in everybody] == [[{"protocol": "TCP", "port": 8000}]]
    for name in ("serve", "batch"):
        selected = policy["spec"]["podSelector"]["matchLabels"].items()
        assert all(selected <= pod["metadata"]["labels"].items() for pod in pods(name))


def test_the_config_is_one_of_ray_serve() -> None:
    config = serve_config()
    done = subprocess.run([sys.executable, "-c", READ], input=json.dumps(config), text=True, check=True, stdout=-1)
    # What the schema does not know it leaves out.
    assert json.loads(done.stdout) == config


def test_the_manifest_holds_the_same_config_and_settings_make_sense() -> None:
    config = serve_config()
    assert yaml.safe_load(manifest("serve")["spec"]["serveConfigV2"]) == config
    for application in config["applications"]:
        settings = cluster_settings(application["args"])
        assert config["http_options"]["request_timeout_s"] > settings.deadline_seconds
        (deployment,) = application["deployments"]
        assert deployment["autoscaling_config"]["min_replicas"] >= 2
        assert deployment["autoscaling_config"]["target_ongoing_requests"] < settings.max_concurrency


def test_the_replicas_fit_on_the_pods() -> None:
    _, workers = groups("serve")
    (deployment,) = serve_config()["applications"][0]["deployments"]
    assert workers["rayStartParams"]["num-cpus"] == str(deployment["ray_actor_options"]["num_cpus"])
    scaling = deployment["autoscaling_config"]
    assert (workers["minReplicas"], workers["maxReplicas"]) == (scaling["min_replicas"], scaling["max_replicas"])


def test_the_job_is_a_command_for_its_own_cluster() -> None:
    program, name, *arguments = shlex.split(manifest("batch")["spec"]["entrypoint"])
    assert (program, name) == ("entity-stance", "batch")
    command: Any = typer.main.get_command(app)
    with command.commands[name].make_context(name, arguments) as context:
        given = context.params
    assert (given["ray_address"], given["resume"]) == ("auto", True)
    _, actors = groups("batch")
    assert given["max_actors"] == actors["maxReplicas"] * int(actors["rayStartParams"]["num-cpus"])


@pytest.mark.parametrize("name", ["serve", "batch"])
def test_pods_are_confined_and_bounded(name: str) -> None:
    cluster = cluster_of(manifest(name))
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["rayVersion"] == version("ray")
    for guarded in (*containers(name), cluster["autoscalerOptions"]):
        context = guarded["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] == USER
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert set(guarded["resources"]["limits"]) == set(guarded["resources"]["requests"]) == {"cpu", "memory"}
    for container in containers(name):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            python, flag, code = container[probe]["exec"]["command"]
            assert (python, flag) == ("python", "-c")
            compile(code, probe, "exec")
            assert container[probe]["timeoutSeconds"] > code.count("http://") * 4
    _, *others = pods(name)
    assert [pod["spec"]["automountServiceAccountToken"] for pod in others] == [False] * len(others)


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.yaml")), ids=lambda path: str(path.relative_to(DEPLOY)))
def test_no_secret_stands_in_clear(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    secret = re.compile(r"(password|secret|token|api_?key|database_?url)\w*['\"]?\s*:\s*['\"]?(?!\w*Ref\b|\{)\S", re.I)
    assert [line for line in lines if secret.search(line) and "automountServiceAccountToken" not in line] == []
    assert secret.search("password: word") and secret.search('{name: X, API_KEY: "a"}')


def test_login_shells_of_the_image_find_the_command() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (line,) = re.findall(r"echo '(PATH=\S+)' > /etc/profile\.d/\S+\.sh", text)
    shell = ["bash", "-c", f"{line}; echo $PATH"]
    told = subprocess.run(shell, check=True, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert told.stdout.startswith("/opt/entity-stance/bin:")
