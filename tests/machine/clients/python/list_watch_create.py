"""Lists, watches and creates with the official Python client: the program that `clients.test.ts` runs."""

import sys
import threading

from kubernetes import client, config, watch

OBJECTS = 20


def main() -> None:
    config.load_kube_config(sys.argv[1])
    core = client.CoreV1Api()
    namespace = core.create_namespace({"metadata": {"generateName": "python-"}}).metadata.name
    seen: set[str] = set()
    done = threading.Event()

    def follow() -> None:
        stream = watch.Watch().stream(core.list_namespaced_config_map, namespace, label_selector="made-by=python", timeout_seconds=30)
        for event in stream:
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
    try:
        core.read_namespaced_config_map("absent", namespace)
        sys.exit("an absent object was read")
    except client.ApiException as error:
        if error.status != 404:
            raise
    core.delete_namespace(namespace)
    print(f"watch saw {len(seen)}, list {len(listed.items)}")


main()
