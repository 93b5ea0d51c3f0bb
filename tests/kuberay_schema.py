"""What the manifests use of KubeRay's resources (ray.io/v1, as of 1.5.1), as JSON schemas that know no other field.

The operator's own definitions are a megabyte, nearly all of it pod templates. These stand here for any object, since
Kubernetes' own schemas check them.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
ANY: Schema = {"type": "object"}
TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}


def fields(required: str = "", **known: Schema) -> Schema:
    """Return the schema of an object with these fields and no others."""
    return {"type": "object", "properties": known, "required": required.split(), "additionalProperties": False}


def choice(*values: str) -> Schema:
    """Return the schema of one of some words."""
    return {"enum": list(values)}


METADATA = fields("name", name={"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}, labels=TEXTS)

CLUSTER = fields(
    "headGroupSpec rayVersion",
    rayVersion=TEXT,
    enableInTreeAutoscaling=FLAG,
    authOptions=fields("mode", mode=choice("disabled", "token")),
    autoscalerOptions=fields(idleTimeoutSeconds=COUNT, resources=ANY, securityContext=ANY),
    headGroupSpec=fields("rayStartParams template", rayStartParams=TEXTS, template=ANY),
    workerGroupSpecs={
        "type": "array",
        "items": fields(
            "groupName rayStartParams template minReplicas maxReplicas",
            groupName=TEXT,
            replicas=COUNT,
            minReplicas=COUNT,
            maxReplicas=COUNT,
            rayStartParams=TEXTS,
            template=ANY,
        ),
    },
)

SPECS: dict[str, Schema] = {
    "RayService": fields("serveConfigV2 rayClusterConfig", serveConfigV2=TEXT, rayClusterConfig=CLUSTER),
    "RayJob": fields(
        "entrypoint rayClusterSpec",
        entrypoint=TEXT,
        submissionMode=choice("K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"),
        shutdownAfterJobFinishes=FLAG,
        ttlSecondsAfterFinished=COUNT,
        backoffLimit=COUNT,
        activeDeadlineSeconds=COUNT,
        rayClusterSpec=CLUSTER,
    ),
}


def resource(kind: str) -> Schema:
    """Return the schema of a resource."""
    head = {"apiVersion": choice("ray.io/v1"), "kind": choice(kind), "metadata": METADATA}
    return fields("apiVersion kind metadata spec", **head, spec=SPECS[kind])
