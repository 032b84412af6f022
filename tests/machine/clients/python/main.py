"""What scripts do, done with the official Python client: the program that `clients.test.ts` runs."""

import sys
import threading

from kubernetes import client, config, dynamic, watch
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
        discover(namespace)
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


def discover(namespace: str) -> None:
    kinds = dynamic.DynamicClient(client.ApiClient())
    deployments = kinds.resources.get(api_version="apps/v1", kind="Deployment")
    applied = deployments.server_side_apply(
        namespace=namespace,
        body={
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "annotations": {"applied": "yes"}},
        },
        field_manager="python",
    )
    if applied.metadata.annotations["applied"] != "yes" or applied.spec.replicas != 3:
        sys.exit(f"applying made {applied}")


main()
