import io.fabric8.kubernetes.api.model.*;
import io.fabric8.kubernetes.api.model.apps.*;
import io.fabric8.kubernetes.api.model.autoscaling.v1.Scale;
import io.fabric8.kubernetes.client.*;
import io.fabric8.kubernetes.client.dsl.*;
import io.fabric8.kubernetes.client.dsl.base.*;
import io.fabric8.kubernetes.client.informers.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

/** What a program on fabric8's client does: `java.test.ts` runs it with the path of a kubeconfig. */
public class Main {
    static KubernetesClient client;
    static String namespace;

    public static void main(String[] arguments) throws Exception {
        var config = io.fabric8.kubernetes.client.Config.fromKubeconfig(Files.readString(Path.of(arguments[0])));
        try (var opened = new KubernetesClientBuilder().withConfig(config).build()) {
            client = opened;
            namespace = client.namespaces().resource(new NamespaceBuilder().withNewMetadata().withGenerateName("java-").endMetadata().build()).create().getMetadata().getName();
            try {
                objects();
                patches();
                pages();
                watches();
                informs();
                errors();
                subresources();
                custom();
            } finally {
                client.namespaces().withName(namespace).delete();
            }
        }
        System.out.println("all steps done");
        System.exit(0);
    }

    static ConfigMap configMap(String name, String key, String value) {
        return new ConfigMapBuilder().withNewMetadata().withName(name).withNamespace(namespace).endMetadata().addToData(key, value).build();
    }

    static void objects() {
        var configMaps = client.configMaps().inNamespace(namespace);
        configMaps.resource(configMap("tried", "a", "b")).dryRun().create();
        expect("what a dry run leaves", configMaps.withName("tried").get(), null);
        ConfigMap made = configMaps.resource(configMap("settings", "colour", "blue")).create();
        ConfigMap edited = configMaps.withName("settings").edit(live -> new ConfigMapBuilder(live).addToData("colour", "red").build());
        expect("an edit", edited.getData(), Map.of("colour", "red"));
        expect("its uid", edited.getMetadata().getUid(), made.getMetadata().getUid());
        edited.getData().put("size", "big");
        expect("an update", configMaps.resource(edited).update().getData(), Map.of("colour", "red", "size", "big"));
    }

    static void patches() {
        var settings = client.configMaps().inNamespace(namespace).withName("settings");
        Map<String, String> data = settings.patch(PatchContext.of(PatchType.JSON), "[{\"op\":\"test\",\"path\":\"/data/size\",\"value\":\"big\"},{\"op\":\"remove\",\"path\":\"/data/size\"}]").getData();
        expect("a JSON patch", data, Map.of("colour", "red"));
        data = settings.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"colour\":null,\"a\":\"1\"}}").getData();
        expect("a merge patch", data, Map.of("a", "1"));
        data = settings.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"$patch\":\"replace\",\"b\":\"2\"}}").getData();
        expect("a strategic merge patch", data, Map.of("b", "2"));
        var applied = client.configMaps().inNamespace(namespace).resource(configMap("settings", "c", "3"));
        data = applied.fieldManager("one").serverSideApply().getData();
        expect("an apply", data, Map.of("b", "2", "c", "3"));
        var other = client.configMaps().inNamespace(namespace).resource(configMap("settings", "c", "4"));
        Status conflict = refused(409, "Conflict", () -> other.fieldManager("two").serverSideApply());
        expect("the conflict", conflict.getDetails().getCauses().get(0).getField(), ".data.c");
        expect("a forced apply", other.fieldManager("two").forceConflicts().serverSideApply().getData(), Map.of("b", "2", "c", "4"));
    }

    static void pages() {
        var accounts = client.serviceAccounts().inNamespace(namespace);
        for (int i = 0; i < 25; i++)
            accounts.resource(new ServiceAccountBuilder().withNewMetadata().withName("paged-" + (10 + i)).addToLabels("paged", "yes").endMetadata().build()).create();
        List<String> names = new ArrayList<>();
        String next = null;
        do {
            var page = accounts.withLabel("paged", "yes").list(new ListOptionsBuilder().withLimit(10L).withContinue(next).build());
            page.getItems().forEach(item -> names.add(item.getMetadata().getName()));
            next = page.getMetadata().getContinue();
        } while (next != null && !next.isEmpty());
        expect("all pages", names, IntStream.range(10, 35).mapToObj(i -> "paged-" + i).toList());
        accounts.withLabel("paged").withGracePeriod(0).delete();
        expect("what a deletion of them all leaves", accounts.withLabelIn("paged", "yes").list().getItems().size(), 0);
    }

    /** A second watch starts where the first one ended, and misses nothing of what lies between. */
    static void watches() throws Exception {
        var configMaps = client.configMaps().inNamespace(namespace);
        String revision = configMaps.list().getMetadata().getResourceVersion();
        List<String> seen = new ArrayList<>();
        List<Runnable> changes = List.of(
            () -> configMaps.withName("watched").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"b\":\"c\"}}"),
            () -> configMaps.withName("watched").delete(),
            () -> {});
        configMaps.resource(configMap("watched", "a", "b")).create();
        for (Runnable change : changes) {
            var events = new LinkedBlockingQueue<Map.Entry<String, ConfigMap>>();
            var watcher = new Watcher<ConfigMap>() {
                public void eventReceived(Action action, ConfigMap object) {
                    events.add(Map.entry(action.name(), object));
                }

                public void onClose(WatcherException cause) {}
            };
            try (Watch watch = configMaps.watch(new ListOptionsBuilder().withResourceVersion(revision).build(), watcher)) {
                var event = events.poll(20, TimeUnit.SECONDS);
                seen.add(event.getKey() + " " + event.getValue().getMetadata().getName());
                revision = event.getValue().getMetadata().getResourceVersion();
            }
            change.run();
        }
        expect("the watches", seen, List.of("ADDED watched", "MODIFIED watched", "DELETED watched"));
    }

    static void informs() throws Exception {
        var events = new LinkedBlockingQueue<String>();
        var secrets = client.secrets().inNamespace(namespace);
        SharedIndexInformer<Secret> informer = secrets.inform(new ResourceEventHandler<>() {
            public void onAdd(Secret secret) {
                events.add("add " + secret.getMetadata().getName());
            }

            public void onUpdate(Secret before, Secret after) {
                events.add("update " + after.getMetadata().getName());
            }

            public void onDelete(Secret secret, boolean unknown) {
                events.add("delete " + secret.getMetadata().getName());
            }
        });
        secrets.resource(new SecretBuilder().withNewMetadata().withName("word").endMetadata().addToStringData("word", "open").build()).create();
        secrets.withName("word").edit(live -> new SecretBuilder(live).addToStringData("word", "shut").build());
        secrets.withName("word").delete();
        for (String wanted : List.of("add word", "update word", "delete word"))
            expect("the informer", events.poll(20, TimeUnit.SECONDS), wanted);
        informer.stop();
    }

    static void errors() {
        var configMaps = client.configMaps().inNamespace(namespace);
        ConfigMap settings = configMaps.withName("settings").require();
        refused(409, "AlreadyExists", () -> configMaps.resource(configMap("settings", "a", "b")).create());
        refused(404, "NotFound", () -> configMaps.withName("absent").patch(PatchContext.of(PatchType.JSON_MERGE), "{}"));
        configMaps.withName("settings").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"x\":\"y\"}}");
        refused(409, "Conflict", () -> configMaps.resource(settings).lockResourceVersion().update());
        Pod bad = new PodBuilder().withNewMetadata().withName("Bad").endMetadata().withNewSpec().endSpec().build();
        Status invalid = refused(422, "Invalid", () -> client.pods().inNamespace(namespace).resource(bad).create());
        expect("its causes", invalid.getDetails().getCauses().stream().map(StatusCause::getField).toList(), List.of("metadata.name", "spec.containers"));
        refused(400, "BadRequest", () -> configMaps.list(new ListOptionsBuilder().withContinue("nonsense").build()));
    }

    static void subresources() {
        var deployments = client.apps().deployments().inNamespace(namespace);
        var labels = Map.of("app", "web");
        deployments.resource(new DeploymentBuilder()
            .withNewMetadata().withName("web").endMetadata()
            .withNewSpec().withReplicas(2)
            .withNewSelector().withMatchLabels(labels).endSelector()
            .withNewTemplate().withNewMetadata().withLabels(labels).endMetadata()
            .withNewSpec().addNewContainer().withName("web").withImage("web:1").endContainer().endSpec().endTemplate()
            .endSpec().build()).create();
        var web = deployments.withName("web");
        web.waitUntilReady(20, TimeUnit.SECONDS);
        web.scale(3);
        web.waitUntilCondition(live -> Objects.equals(live.getStatus().getReadyReplicas(), 3), 20, TimeUnit.SECONDS);
        Scale scale = web.scale(new io.fabric8.kubernetes.api.model.autoscaling.v1.ScaleBuilder().withNewMetadata().withName("web").withNamespace(namespace).endMetadata().withNewSpec(1).build());
        expect("the scale", scale.getSpec().getReplicas(), 1);
        Deployment live = web.editStatus(each -> new DeploymentBuilder(each).editSpec().withReplicas(9).endSpec().editStatus().addNewCondition().withType("Custom").withStatus("True").withReason("Said").endCondition().endStatus().build());
        expect("what a status write leaves alone", live.getSpec().getReplicas(), 1);
        expect("the condition", live.getStatus().getConditions().stream().anyMatch(each -> each.getType().equals("Custom")), true);
        expect("the selector", web.scale().getStatus().getSelector(), "app=web");
    }

    /** A kind that is defined while the program runs, as generic objects. */
    static void custom() throws Exception {
        String group = namespace + ".proa.test";
        String definition = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: { name: sails.%1$s }
            spec:
              group: %1$s
              scope: Namespaced
              names: { plural: sails, singular: sail, kind: Sail }
              versions:
                - name: v1
                  served: true
                  storage: true
                  subresources: { status: {} }
                  schema:
                    openAPIV3Schema:
                      type: object
                      properties:
                        spec: { type: object, properties: { area: { type: integer, minimum: 1 } } }
                        status: { type: object, properties: { set: { type: boolean } } }
            """.formatted(group);
        var crd = client.load(new java.io.ByteArrayInputStream(definition.getBytes()));
        crd.create();
        client.apiextensions().v1().customResourceDefinitions().withName("sails." + group).waitUntilCondition(
            live -> live.getStatus() != null && live.getStatus().getConditions().stream().anyMatch(each -> each.getType().equals("Established") && each.getStatus().equals("True")), 20, TimeUnit.SECONDS);
        var context = new ResourceDefinitionContext.Builder().withGroup(group).withVersion("v1").withKind("Sail").withPlural("sails").withNamespaced(true).build();
        var sails = client.genericKubernetesResources(context).inNamespace(namespace);
        GenericKubernetesResource sail = new GenericKubernetesResourceBuilder().withApiVersion(group + "/v1").withKind("Sail").withNewMetadata().withName("main").endMetadata().addToAdditionalProperties("spec", Map.of("area", 12)).build();
        sails.resource(sail).create();
        sail.setAdditionalProperty("status", Map.of("set", true));
        sail.setAdditionalProperty("spec", Map.of("area", 99));
        GenericKubernetesResource written = sails.resource(sail).updateStatus();
        expect("the status", written.get("status", "set"), true);
        expect("the area", written.get("spec", "area"), 12);
        sail.setAdditionalProperty("spec", Map.of("area", 0));
        refused(422, "Invalid", () -> sails.resource(sail).fieldManager("java").forceConflicts().serverSideApply());
        expect("the sails", sails.list().getItems().size(), 1);
        sails.withName("main").delete();
        crd.delete();
    }

    static void expect(String what, Object actual, Object wanted) {
        if (!Objects.equals(actual, wanted)) throw new AssertionError(what + ": " + actual + " instead of " + wanted);
    }

    /** The Status of a call that has to be refused this way. */
    static Status refused(int code, String reason, Runnable call) {
        try {
            call.run();
        } catch (KubernetesClientException error) {
            Status status = error.getStatus();
            expect("a refusal", status.getCode() + " " + status.getReason(), code + " " + reason);
            return status;
        }
        throw new AssertionError("this was not refused with " + code + " " + reason);
    }
}
