"""The manifests of a cluster: their schema, one version of Ray everywhere, no secret in them."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

CONTAINER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "image", "resources"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
        # A name and a fixed version, never "latest".
        "image": {"type": "string", "pattern": r"^[a-z0-9./-]+:\d+\.\d+\.\d+$"},
        "env": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "oneOf": [{"required": ["value"]}, {"required": ["valueFrom"]}],
                "properties": {"value": {"type": "string"}},
            },
        },
        "resources": {
            "type": "object",
            "required": ["requests", "limits"],
            "additionalProperties": {
                "type": "object",
                "required": ["cpu", "memory"],
                "properties": {"cpu": {"type": "string"}, "memory": {"type": "string"}},
            },
        },
    },
}
POD = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["containers"],
            "properties": {"containers": {"type": "array", "minItems": 1, "items": CONTAINER}},
        }
    },
}
START = {"type": "object", "additionalProperties": {"type": "string"}}
RAY_JOB = {
    "type": "object",
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "ray.io/v1"},
        "kind": {"const": "RayJob"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["entrypoint", "rayClusterSpec"],
            "properties": {
                "entrypoint": {"type": "string"},
                "shutdownAfterJobFinishes": {"type": "boolean"},
                "ttlSecondsAfterFinished": {"type": "integer", "minimum": 0},
                "backoffLimit": {"const": 0},
                "rayClusterSpec": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["rayVersion", "authOptions", "headGroupSpec", "workerGroupSpecs"],
                    "properties": {
                        "authOptions": {"const": {"mode": "token"}},
                        "rayVersion": {"type": "string"},
                        "headGroupSpec": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["rayStartParams", "template"],
                            "properties": {"rayStartParams": START, "template": POD},
                        },
                        "workerGroupSpecs": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["groupName", "rayStartParams", "template"],
                                "properties": {
                                    "groupName": {"type": "string"},
                                    "replicas": {"type": "integer"},
                                    "minReplicas": {"type": "integer"},
                                    "maxReplicas": {"type": "integer"},
                                    "rayStartParams": START,
                                    "template": POD,
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What KubeRay's RayJob takes of the fields that are used here; a field by another name fails."""


@pytest.fixture
def manifest(repository: Path) -> str:
    return (repository / "deploy" / "kuberay" / "rayjob.yaml").read_text(encoding="utf-8")


def test_the_manifest_fits_its_schema(manifest: str) -> None:
    (job,) = yaml.safe_load_all(manifest)
    jsonschema.Draft202012Validator.check_schema(RAY_JOB)
    jsonschema.validate(job, RAY_JOB)
    cluster = job["spec"]["rayClusterSpec"]
    pods = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    images = {one["image"] for pod in pods for one in pod["template"]["spec"]["containers"]}
    assert len(images) == 1, "every node runs one image"
    assert job["spec"]["entrypoint"].startswith("leukapp batch ")


def test_one_version_of_ray_everywhere(manifest: str, repository: Path) -> None:
    pinned = (repository / "requirements-cluster.txt").read_text(encoding="utf-8")
    dockerfile = (repository / "deploy" / "kuberay" / "Dockerfile").read_text(encoding="utf-8")
    (version,) = re.findall(r"^ray==(\S+)$", pinned, re.MULTILINE)
    assert f'rayVersion: "{version}"' in manifest
    assert f"FROM rayproject/ray:{version}-py311\n" in dockerfile
    guide = (repository / "docs" / "scale.md").read_text(encoding="utf-8")
    assert "deploy/kuberay/rayjob.yaml" in guide


def test_no_secret_stands_in_the_manifest(manifest: str) -> None:
    (job,) = yaml.safe_load_all(manifest)
    head = job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    (address,) = [one for one in head["env"] if one["name"] == "LEUKAPP_STORE_URL"]
    assert address["valueFrom"] == {"secretKeyRef": {"name": "leukapp", "key": "store-url"}}
