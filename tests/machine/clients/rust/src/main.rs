//! What a program on kube-rs does: `rust.test.ts` runs it with the path of a kubeconfig.
use std::{pin::pin, time::Duration};

use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Namespace, Pod, Secret},
};
use kube::{
    Client, Config, ResourceExt,
    api::{
        Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
        ValidationDirective, WatchEvent, WatchParams,
    },
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
    discovery,
    runtime::{WatchStreamExt, conditions, reflector, wait::await_condition, watcher},
};
use serde_json::{Value, from_value, json};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let path = std::env::args().nth(1).ok_or("the path of a kubeconfig is missing")?;
    let config = Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config)?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let wanted = from_value(json!({ "metadata": { "generateName": "rust-" } }))?;
    let namespace = namespaces.create(&PostParams::default(), &wanted).await?.name_any();
    let outcome = tokio::time::timeout(Duration::from_secs(60), steps(&client, &namespace)).await;
    namespaces.delete(&namespace, &DeleteParams::default()).await?;
    outcome??;
    println!("all steps done");
    Ok(())
}

async fn steps(client: &Client, namespace: &str) -> Outcome {
    let config_maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    objects(&config_maps).await?;
    patches(&config_maps).await?;
    pages(&config_maps).await?;
    watches(&config_maps).await?;
    errors(client, namespace).await?;
    reflects(client, namespace).await?;
    subresources(client, namespace).await?;
    custom(client, namespace).await
}

async fn objects(config_maps: &Api<ConfigMap>) -> Outcome {
    let wanted = from_value(json!({ "metadata": { "name": "settings" }, "data": { "colour": "blue" } }))?;
    let tried = PostParams { dry_run: true, ..PostParams::default() };
    config_maps.create(&tried, &wanted).await?;
    ensure(config_maps.get_opt("settings").await?.is_none(), "a dry run leaves nothing behind")?;
    let mut made = config_maps.create(&PostParams::default(), &wanted).await?;
    made.data.get_or_insert_default().insert("colour".into(), "red".into());
    let replaced = config_maps.replace("settings", &PostParams::default(), &made).await?;
    ensure(replaced.resource_version() != made.resource_version(), "a change is a new version")?;
    let metadata = config_maps.get_metadata("settings").await?;
    ensure(metadata.uid() == made.uid(), "metadata alone is of the same object")
}

async fn patches(config_maps: &Api<ConfigMap>) -> Outcome {
    let defaults = PatchParams::default();
    let operations = from_value(json!([
        { "op": "test", "path": "/data/colour", "value": "red" },
        { "op": "add", "path": "/data/size", "value": "big" },
    ]))?;
    let patched = config_maps.patch("settings", &defaults, &Patch::Json::<()>(operations)).await?;
    ensure(data(&patched) == json!({ "colour": "red", "size": "big" }), "a JSON patch")?;
    let merge = Patch::Merge(json!({ "data": { "size": null } }));
    let patched = config_maps.patch("settings", &defaults, &merge).await?;
    ensure(data(&patched) == json!({ "colour": "red" }), "a merge patch")?;
    let strategic = Patch::Strategic(json!({ "data": { "$patch": "replace", "a": "b" } }));
    let patched = config_maps.patch("settings", &defaults, &strategic).await?;
    ensure(data(&patched) == json!({ "a": "b" }), "a strategic merge patch")?;

    let apply = |value: &str| {
        Patch::Apply(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings" }, "data": { "c": value } }))
    };
    let one = PatchParams::apply("one");
    config_maps.patch("settings", &one, &apply("1")).await?;
    let two = PatchParams::apply("two");
    let conflict = refused(config_maps.patch("settings", &two, &apply("2")).await, 409, "Conflict")?;
    let causes = conflict.details.ok_or("no details")?.causes;
    ensure(causes.len() == 1 && causes[0].field == ".data.c", "a conflict names its field")?;
    let patched = config_maps.patch("settings", &two.force(), &apply("2")).await?;
    ensure(data(&patched) == json!({ "a": "b", "c": "2" }), "a forced apply")
}

async fn pages(config_maps: &Api<ConfigMap>) -> Outcome {
    for index in 0..25 {
        let wanted = from_value(json!({ "metadata": { "name": format!("item-{index:02}"), "labels": { "paged": "yes" } } }))?;
        config_maps.create(&PostParams::default(), &wanted).await?;
    }
    let mut names = Vec::new();
    let mut params = ListParams::default().labels("paged=yes").limit(10);
    loop {
        let page = config_maps.list(&params).await?;
        names.extend(page.items.iter().map(ResourceExt::name_any));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    ensure(names.len() == 25 && names.is_sorted(), "all pages are the whole list")?;
    config_maps.delete_collection(&DeleteParams::default(), &ListParams::default().labels("paged")).await?;
    ensure(config_maps.list(&ListParams::default().labels("paged")).await?.items.is_empty(), "a collection goes at once")
}

/// A second watch starts where the first one ended, and misses nothing of what lies between.
async fn watches(config_maps: &Api<ConfigMap>) -> Outcome {
    let mut revision = config_maps.list(&ListParams::default()).await?.metadata.resource_version.ok_or("no revision")?;
    let params = WatchParams::default().labels("seen").timeout(20);
    let labelled = from_value(json!({ "metadata": { "name": "watched", "labels": { "seen": "yes" } } }))?;
    config_maps.create(&PostParams::default(), &labelled).await?;
    let changes = [json!({ "data": { "a": "b" } }), json!({ "metadata": { "labels": { "seen": null } } })];
    let mut seen = Vec::new();
    for change in changes.iter().map(Some).chain([None]) {
        let mut events = pin!(config_maps.watch(&params, &revision).await?);
        let (name, object) = match events.try_next().await?.ok_or("the watch ended")? {
            WatchEvent::Added(object) => ("added", object),
            WatchEvent::Modified(object) => ("modified", object),
            WatchEvent::Deleted(object) => ("deleted", object),
            other => return Err(format!("unexpected {other:?}").into()),
        };
        seen.push(name);
        revision = object.resource_version().ok_or("no version")?;
        if let Some(change) = change {
            config_maps.patch("watched", &PatchParams::default(), &Patch::Merge(change)).await?;
        }
    }
    ensure(seen == ["added", "modified", "deleted"], "watches go on where they ended")
}

async fn errors(client: &Client, namespace: &str) -> Outcome {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let defaults = PostParams::default();
    refused(secrets.get("absent").await, 404, "NotFound")?;
    let secret: Secret = from_value(json!({ "metadata": { "name": "word" } }))?;
    let made = secrets.create(&defaults, &secret).await?;
    refused(secrets.create(&defaults, &secret).await, 409, "AlreadyExists")?;
    let label = Patch::Merge(json!({ "metadata": { "labels": { "a": "b" } } }));
    secrets.patch("word", &PatchParams::default(), &label).await?;
    refused(secrets.replace("word", &defaults, &made).await, 409, "Conflict")?;
    let other = Preconditions { uid: Some("other".into()), resource_version: None };
    refused(secrets.delete("word", &DeleteParams::default().preconditions(other)).await, 409, "Conflict")?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let bad = from_value(json!({ "metadata": { "name": "Bad" }, "spec": { "containers": [] } }))?;
    let invalid = refused(pods.create(&defaults, &bad).await, 422, "Invalid")?;
    let fields: Vec<_> = invalid.details.ok_or("no details")?.causes.into_iter().map(|cause| cause.field).collect();
    ensure(fields == ["metadata.name", "spec.containers"], "every cause at once")?;
    let strict = PatchParams { field_validation: Some(ValidationDirective::Strict), ..PatchParams::default() };
    let unknown = Patch::Merge(json!({ "nonsense": 1 }));
    refused(secrets.patch("word", &strict, &unknown).await, 422, "Invalid")?;
    Ok(())
}

/// The runtime's watcher, by list and by streaming list, keeps a store up to date.
async fn reflects(client: &Client, namespace: &str) -> Outcome {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    for (name, config) in [("listed", watcher::Config::default()), ("streamed", watcher::Config::default().streaming_lists())] {
        let (reader, writer) = reflector::store();
        let mut stream = pin!(watcher(secrets.clone(), config).reflect(writer));
        let key = reflector::ObjectRef::<Secret>::new(name).within(namespace);
        until(&mut stream, || reader.len() > 0).await?;
        ensure(reader.get(&key).is_none(), "not there yet")?;
        let secret = from_value(json!({ "metadata": { "name": name } }))?;
        secrets.create(&PostParams::default(), &secret).await?;
        until(&mut stream, || reader.get(&key).is_some()).await?;
    }
    Ok(())
}

async fn until<T>(
    stream: &mut (impl Stream<Item = Result<T, watcher::Error>> + Unpin),
    holds: impl Fn() -> bool,
) -> Outcome {
    while !holds() {
        stream.next().await.ok_or("the watcher ended")??;
    }
    Ok(())
}

async fn subresources(client: &Client, namespace: &str) -> Outcome {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let labels = json!({ "app": "web" });
    let wanted = from_value(json!({
        "metadata": { "name": "web" },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "web", "image": "web:1" }] },
            },
        },
    }))?;
    deployments.create(&PostParams::default(), &wanted).await?;
    await_condition(deployments.clone(), "web", conditions::is_deployment_completed()).await?;
    let three = Patch::Merge(json!({ "spec": { "replicas": 3 } }));
    deployments.patch_scale("web", &PatchParams::default(), &three).await?;
    let scale = deployments.get_scale("web").await?;
    ensure(scale.spec.and_then(|spec| spec.replicas) == Some(3), "the scale is written")?;
    let condition = json!({ "type": "Custom", "status": "True", "reason": "Said", "message": "by a program" });
    let status = Patch::Strategic(json!({ "spec": { "replicas": 9 }, "status": { "conditions": [condition] } }));
    let patched = deployments.patch_status("web", &PatchParams::default(), &status).await?;
    ensure(patched.spec.and_then(|spec| spec.replicas) == Some(3), "a status patch leaves the spec alone")?;
    let said = patched.status.and_then(|status| status.conditions).unwrap_or_default();
    ensure(said.iter().any(|each| each.type_ == "Custom"), "the condition is there")
}

/// A kind that is defined and discovered while the program runs.
async fn custom(client: &Client, namespace: &str) -> Outcome {
    let group = format!("{namespace}.proa.test");
    let definitions = dynamic(client, "apiextensions.k8s.io", "CustomResourceDefinition", None).await?;
    let definition: DynamicObject = from_value(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("reefs.{group}") },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": { "plural": "reefs", "singular": "reef", "kind": "Reef" },
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "depth": { "type": "integer", "maximum": 90 } } },
                } } },
            }],
        },
    }))?;
    definitions.create(&PostParams::default(), &definition).await?;
    let established = |object: &DynamicObject| {
        let conditions = object.data["status"]["conditions"].as_array();
        conditions.is_some_and(|list| list.iter().any(|each| each["type"] == "Established" && each["status"] == "True"))
    };
    while !established(&definitions.get(&definition.name_any()).await?) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let reefs = dynamic(client, &group, "Reef", Some(namespace)).await?;
    let reef = |depth: i64| json!({ "apiVersion": format!("{group}/v1"), "kind": "Reef", "metadata": { "name": "outer" }, "spec": { "depth": depth } });
    let manager = PatchParams::apply("rust");
    let made = reefs.patch("outer", &manager, &Patch::Apply(reef(12))).await?;
    ensure(made.data["spec"]["depth"] == 12, "a custom object by apply")?;
    refused(reefs.patch("outer", &manager, &Patch::Apply(reef(100))).await, 422, "Invalid")?;
    reefs.delete("outer", &DeleteParams::default()).await?;
    definitions.delete(&definition.name_any(), &DeleteParams::default()).await?;
    Ok(())
}

async fn dynamic(client: &Client, group: &str, kind: &str, namespace: Option<&str>) -> Outcome<Api<DynamicObject>> {
    let (resource, _) = discovery::pinned_kind(client, &GroupVersionKind::gvk(group, "v1", kind)).await?;
    Ok(match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    })
}

fn data(config_map: &ConfigMap) -> Value {
    json!(config_map.data)
}

fn ensure(holds: bool, what: &str) -> Outcome {
    if holds { Ok(()) } else { Err(format!("this does not hold: {what}").into()) }
}

/// The Status of a call that has to be refused this way.
fn refused<T>(outcome: kube::Result<T>, code: u16, reason: &str) -> Outcome<Box<kube::core::Status>> {
    match outcome {
        Err(kube::Error::Api(status)) if status.code == code && status.reason == reason => Ok(status),
        Err(error) => Err(format!("{code} {reason} came as {error:?}").into()),
        Ok(_) => Err(format!("this was not refused with {code} {reason}").into()),
    }
}
