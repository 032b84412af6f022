"""What scripts do, done with the official Python client: the program that `python.test.ts` runs."""

import json
import sys
import threading

from kubernetes import client, config, watch
from kubernetes.stream import stream

OBJECTS = 20


def main() -> None:
    config.load_kube_config(sys.argv[1])
    core = client.CoreV1Api()
    namespace = core.create_namespace({"metadata": {"generateName": "python-"}}).metadata.name
    try:
        seen, listed = follow_what_is_created(core, namespace)
        expect_refusals(core, namespace)
        roll_out(client.AppsV1Api(), namespace)
        run_command(core, namespace)
        patch_in_every_way(core, namespace)
        go_on_watching(core, namespace)
        turn_pages(core, namespace)
        write_status(client.AppsV1Api(), namespace)
    finally:
        core.delete_namespace(namespace)
    print(f"watch saw {seen}, list {listed}, all steps done")


def follow_what_is_created(core: client.CoreV1Api, namespace: str) -> tuple[int, int]:
    seen: set[str] = set()
    done = threading.Event()

    def follow() -> None:
        events = watch.Watch().stream(
            core.list_namespaced_config_map, namespace, label_selector="made-by=python", timeout_seconds=30
        )
        for event in events:
            seen.add(event["object"].metadata.name)
            if len(seen) == OBJECTS:
                done.set()
                return

    threading.Thread(target=follow, daemon=True).start()
    for index in range(OBJECTS):
        core.create_namespaced_config_map(
            namespace,
            {"metadata": {"name": f"item-{index}", "labels": {"made-by": "python"}}, "data": {"index": str(index)}},
        )
    if not done.wait(30):
        sys.exit(f"the watch saw {len(seen)} of {OBJECTS} objects")
    listed = core.list_namespaced_config_map(namespace, label_selector="made-by=python")
    return len(seen), len(listed.items)


def expect_refusals(core: client.CoreV1Api, namespace: str) -> None:
    def refused(status: int, call, *arguments) -> None:
        try:
            call(*arguments)
        except client.ApiException as error:
            if error.status == status:
                return
            raise
        sys.exit(f"{call.__name__} was not refused with {status}")

    refused(404, core.read_namespaced_config_map, "absent", namespace)
    refused(409, core.create_namespaced_config_map, namespace, {"metadata": {"name": "item-0"}})
    refused(422, core.create_namespaced_config_map, namespace, {"metadata": {"name": "Not_A_Name"}})
    old = core.read_namespaced_config_map("item-0", namespace)
    core.patch_namespaced_config_map("item-0", namespace, {"data": {"index": "new"}})
    refused(409, core.replace_namespaced_config_map, "item-0", namespace, old)
    core.delete_collection_namespaced_config_map(namespace, label_selector="made-by=python")
    refused(404, core.read_namespaced_config_map, "item-0", namespace)


def roll_out(apps: client.AppsV1Api, namespace: str) -> None:
    labels = {"app": "web"}
    container = client.V1Container(name="web", image="web:1", ports=[client.V1ContainerPort(container_port=80)])
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[container])
    )
    spec = client.V1DeploymentSpec(replicas=1, selector=client.V1LabelSelector(match_labels=labels), template=template)
    apps.create_namespaced_deployment(
        namespace, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    )
    apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
    deployments = watch.Watch()
    for event in deployments.stream(apps.list_namespaced_deployment, namespace, timeout_seconds=30):
        if event["object"].status.ready_replicas == 3:
            deployments.stop()
            return
    sys.exit("three replicas were never ready")


def run_command(core: client.CoreV1Api, namespace: str) -> None:
    pod = core.list_namespaced_pod(namespace, label_selector="app=web").items[0].metadata.name
    core.read_namespaced_pod_log(pod, namespace)
    said = stream(
        core.connect_get_namespaced_pod_exec,
        pod,
        namespace,
        command=["echo", "hello"],
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
    )
    if said != "hello\n":
        sys.exit(f"exec said {said!r}")


def expect(what: str, actual, wanted) -> None:
    if actual != wanted:
        sys.exit(f"{what}: {actual!r} instead of {wanted!r}")


def patch_in_every_way(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "patched"}, "data": {"a": "1", "b": "2"}})

    def patch(media_type: str, body, **options) -> dict:
        patched = core.patch_namespaced_config_map("patched", namespace, body, _content_type=media_type, **options)
        return patched.data

    json_patch = [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "remove", "path": "/data/b"}]
    expect("JSON patch", patch("application/json-patch+json", json_patch), {"a": "1"})
    expect("merge patch", patch("application/merge-patch+json", {"data": {"a": None, "c": "3"}}), {"c": "3"})
    strategic = {"data": {"$patch": "replace", "d": "4"}}
    expect("strategic merge patch", patch("application/strategic-merge-patch+json", strategic), {"d": "4"})
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "patched"}, "data": {"e": "5"}}
    expect("apply", patch("application/apply-patch+yaml", applied, field_manager="python"), {"d": "4", "e": "5"})
    applied["data"] = {"f": "6"}
    expect("apply again", patch("application/apply-patch+yaml", applied, field_manager="python"), {"d": "4", "f": "6"})
    applied["data"] = {"d": "mine"}
    try:
        patch("application/apply-patch+yaml", applied, field_manager="python")
    except client.ApiException as error:
        status = json.loads(error.body)
        expect("the conflict", (error.status, status["reason"]), (409, "Conflict"))
        expect("its causes", [cause["field"] for cause in status["details"]["causes"]], [".data.d"])
    else:
        sys.exit("a field of another manager was taken without force")


def go_on_watching(core: client.CoreV1Api, namespace: str) -> None:
    """A second watch starts where the first one ended, and misses nothing of what lies between."""
    revision = core.list_namespaced_secret(namespace).metadata.resource_version
    seen = []

    def follow(count: int) -> None:
        nonlocal revision
        watcher = watch.Watch()
        for event in watcher.stream(
            core.list_namespaced_secret, namespace, resource_version=revision, timeout_seconds=20
        ):
            seen.append(f"{event['type']} {event['object'].metadata.name}")
            revision = event["object"].metadata.resource_version
            count -= 1
            if count == 0:
                watcher.stop()

    core.create_namespaced_secret(namespace, {"metadata": {"name": "first"}, "stringData": {"word": "open"}})
    follow(1)
    core.patch_namespaced_secret("first", namespace, {"stringData": {"word": "shut"}})
    core.create_namespaced_secret(namespace, {"metadata": {"name": "second"}})
    core.delete_namespaced_secret("first", namespace)
    follow(3)
    expect("the watches", seen, ["ADDED first", "MODIFIED first", "ADDED second", "DELETED first"])


def turn_pages(core: client.CoreV1Api, namespace: str) -> None:
    for index in range(OBJECTS):
        core.create_namespaced_service_account(namespace, {"metadata": {"name": f"paged-{index:02}"}})
    names, token = [], None
    while token != "":
        page = core.list_namespaced_service_account(namespace, limit=6, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue or ""
    expect("all pages", names, ["default"] + [f"paged-{index:02}" for index in range(OBJECTS)])


def write_status(apps: client.AppsV1Api, namespace: str) -> None:
    status = {"conditions": [{"type": "Custom", "status": "True", "reason": "Said", "message": "by a program"}]}
    apps.patch_namespaced_deployment_status("web", namespace, {"spec": {"replicas": 9}, "status": status})
    deployment = apps.read_namespaced_deployment("web", namespace)
    expect("the replicas", deployment.spec.replicas, 3)
    expect("the condition", "Custom" in [condition.type for condition in deployment.status.conditions], True)
    scale = apps.read_namespaced_deployment_scale("web", namespace)
    expect("the scale", (scale.kind, scale.spec.replicas, scale.status.selector), ("Scale", 3, "app=web"))


main()
