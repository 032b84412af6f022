"""Kinds that a script learns of while it runs, with the dynamic client: the program that `python.test.ts` runs."""

import sys
import time

from kubernetes import client, config, dynamic
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError, UnprocessibleEntityError

GROUP = "python.proa.test"


def main() -> None:
    config.load_kube_config(sys.argv[1])
    kinds = dynamic.DynamicClient(client.ApiClient())
    namespaces = kinds.resources.get(api_version="v1", kind="Namespace")
    namespace = namespaces.create(body={"metadata": {"generateName": "dynamic-"}}).metadata.name
    definitions = kinds.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    try:
        built_in(kinds, namespace)
        definitions.create(body=DEFINITION)
        custom(established(kinds, definitions), namespace)
    finally:
        definitions.delete(DEFINITION["metadata"]["name"])
        namespaces.delete(namespace)
    print("all steps done")


DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"boats.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": "boats", "singular": "boat", "kind": "Boat"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "sails": {"type": "integer", "minimum": 1},
                                    "crew": {"type": "array", "items": {"type": "string"}},
                                },
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}


def built_in(kinds: dynamic.DynamicClient, namespace: str) -> None:
    deployments = kinds.resources.get(api_version="apps/v1", kind="Deployment")
    labels = {"app": "web"}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}},
        },
    }
    apply = lambda manager, **options: deployments.server_side_apply(
        namespace=namespace, body=body, field_manager=manager, **options
    )
    apply("one")
    body["spec"]["replicas"] = 3
    refused(ConflictError, apply, "two")
    expect("the forced replicas", apply("two", force_conflicts=True).spec.replicas, 3)
    scale = deployments.scale.get(name="web", namespace=namespace)
    expect("the scale", (scale.kind, scale.spec.replicas), ("Scale", 3))
    deployments.scale.patch(name="web", namespace=namespace, body={"spec": {"replicas": 1}}, content_type="application/merge-patch+json")
    expect("the replicas", deployments.get(name="web", namespace=namespace).spec.replicas, 1)
    expect("the deployments", [item.metadata.name for item in deployments.get(namespace=namespace).items], ["web"])


def established(kinds: dynamic.DynamicClient, definitions):
    for _ in range(200):
        definition = definitions.get(name=DEFINITION["metadata"]["name"])
        if any(each.type == "Established" and each.status == "True" for each in definition.status.conditions or []):
            kinds.resources.invalidate_cache()
            return kinds.resources.get(api_version=f"{GROUP}/v1", kind="Boat")
        time.sleep(0.05)
    sys.exit("the definition was never established")


def custom(boats, namespace: str) -> None:
    body = {"apiVersion": f"{GROUP}/v1", "kind": "Boat", "metadata": {"name": "proa"}, "spec": {"sails": 1}}
    made = boats.create(namespace=namespace, body=body)
    body["spec"]["sails"] = 0
    body["metadata"]["name"] = "hulk"
    refused(UnprocessibleEntityError, lambda: boats.create(namespace=namespace, body=body))
    crew = [{"op": "add", "path": "/spec/crew", "value": ["ana"]}, {"op": "add", "path": "/spec/crew/-", "value": "ben"}]
    patched = boats.patch(name="proa", namespace=namespace, body=crew, content_type="application/json-patch+json")
    expect("the crew", patched.spec.crew, ["ana", "ben"])
    changed = made.to_dict()
    changed["spec"]["sails"] = 2
    refused(ConflictError, lambda: boats.replace(namespace=namespace, body=changed))
    changed = patched.to_dict()
    changed["spec"]["sails"] = 7
    changed["status"] = {"afloat": {"since": "today"}}
    boats.status.replace(name="proa", namespace=namespace, body=changed)
    proa = boats.get(name="proa", namespace=namespace)
    expect("what a status write changes", (proa.spec.sails, proa.status.afloat.since), (1, "today"))
    events = boats.watch(namespace=namespace, resource_version=made.metadata.resourceVersion, timeout=1)
    expect("the events since", [event["type"] for event in events], ["MODIFIED", "MODIFIED"])
    boats.delete(namespace=namespace, label_selector="!kept")
    refused(NotFoundError, lambda: boats.get(name="proa", namespace=namespace))


def refused(kind: type[Exception], call, *arguments) -> None:
    try:
        call(*arguments)
    except kind:
        return
    sys.exit(f"a call was not refused with {kind.__name__}")


def expect(what: str, actual, wanted) -> None:
    if actual != wanted:
        sys.exit(f"{what}: {actual!r} instead of {wanted!r}")


main()
