// What controllers and their libraries do, done with client-go, in JSON, protobuf and CBOR: the program that `go.test.ts` runs.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	appsv1apply "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
)

const objects = 50

// Called with the path of a kubeconfig and the media type to speak.
func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	os.Setenv("KUBE_FEATURE_ClientsAllowCBOR", "true")
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err == nil {
		config.ContentType = os.Args[2]
		config.QPS = -1
		err = run(ctx, config)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("all steps done")
}

func run(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	created, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "go-"}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create namespace: %w", err)
	}
	defer client.CoreV1().Namespaces().Delete(context.Background(), created.Name, metav1.DeleteOptions{})
	program := &program{config, client, created.Name}
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"verbs", program.verbs},
		{"pages", program.pages},
		{"informer", program.informer},
		{"streaming lists", program.streamingLists},
		{"metadata", program.metadataOnly},
		{"errors", program.errors},
		{"bookmarks", program.bookmarks},
		{"resume", program.resume},
		{"apply", program.apply},
		{"subresources", program.subresources},
		{"definition", program.define},
		{"dynamic", program.dynamic},
		{"manager", program.manager},
		{"leader", program.leader},
		{"exec", program.exec},
	}
	for _, step := range steps {
		started := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s took %v\n", step.name, time.Since(started).Round(time.Millisecond))
	}
	return nil
}

type program struct {
	config    *rest.Config
	client    *kubernetes.Clientset
	namespace string
}

// For libraries that read nothing but JSON and protobuf.
func (p *program) withoutCBOR() *rest.Config {
	config := rest.CopyConfig(p.config)
	if config.ContentType == "application/cbor" {
		config.ContentType = "application/json"
	}
	return config
}

// An informer sees what is created while it runs; a list comes in pages.
func (p *program) informer(ctx context.Context) error {
	seen := make(chan string, 10*objects)
	factory := informers.NewSharedInformerFactoryWithOptions(p.client, 0, informers.WithNamespace(p.namespace))
	informer := factory.Core().V1().ConfigMaps().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { seen <- object.(*corev1.ConfigMap).Name },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("the informer of %v did not sync", kind)
		}
	}
	configMaps := p.client.CoreV1().ConfigMaps(p.namespace)
	for i := range objects {
		configMap := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("item-%d", i), Labels: map[string]string{"made-by": "go"}},
			Data:       map[string]string{"index": fmt.Sprint(i)},
			BinaryData: map[string][]byte{"bytes": {0, 255, byte(i)}},
		}
		made, err := configMaps.Create(ctx, configMap, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("create: %w", err)
		}
		if made.Data["index"] != fmt.Sprint(i) || !bytes.Equal(made.BinaryData["bytes"], configMap.BinaryData["bytes"]) {
			return fmt.Errorf("what was created came back as %v", made)
		}
	}
	names := map[string]bool{}
	for len(names) < objects {
		select {
		case name := <-seen:
			if name != "kube-root-ca.crt" {
				names[name] = true
			}
		case <-ctx.Done():
			return fmt.Errorf("the informer saw %d of %d objects", len(names), objects)
		}
	}
	page, err := configMaps.List(ctx, metav1.ListOptions{LabelSelector: "made-by=go", Limit: 20})
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	if len(page.Items) != 20 || page.Continue == "" {
		return fmt.Errorf("a page of 20 has %d items and continue %q", len(page.Items), page.Continue)
	}
	return nil
}

// What controller-runtime does for kinds of which only the metadata matters.
func (p *program) metadataOnly(ctx context.Context) error {
	client, err := metadata.NewForConfig(p.config)
	if err != nil {
		return err
	}
	list, err := client.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(p.namespace).List(ctx, metav1.ListOptions{LabelSelector: "made-by=go"})
	if err != nil {
		return err
	}
	if len(list.Items) != objects || list.Items[0].Labels["made-by"] != "go" {
		return fmt.Errorf("%d items, not %d with their labels", len(list.Items), objects)
	}
	return nil
}

func (p *program) errors(ctx context.Context) error {
	configMaps := p.client.CoreV1().ConfigMaps(p.namespace)
	if _, err := configMaps.Get(ctx, "absent", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("an absent object: %v", err)
	}
	first, err := configMaps.Get(ctx, "item-0", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if _, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "item-0"}}, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("a taken name: %v", err)
	}
	if _, err := configMaps.Patch(ctx, "item-0", types.StrategicMergePatchType, []byte(`{"data":{"index":"new"}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if _, err := configMaps.Update(ctx, first, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		return fmt.Errorf("an update of what has changed: %v", err)
	}
	bad := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "bad"}}
	_, err = p.client.CoreV1().Pods(p.namespace).Create(ctx, bad, metav1.CreateOptions{})
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || len(status.Status().Details.Causes) == 0 {
		return fmt.Errorf("a pod without containers: %v", err)
	}
	wrong := types.UID("other")
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &wrong}}
	if err := configMaps.Delete(ctx, "item-0", options); !apierrors.IsConflict(err) {
		return fmt.Errorf("a deletion with another's uid: %v", err)
	}
	return nil
}

// A watch that streams the present state first and marks its end, then tells of a change.
func (p *program) bookmarks(ctx context.Context) error {
	sendInitialEvents := true
	watcher, err := p.client.CoreV1().ConfigMaps(p.namespace).Watch(ctx, metav1.ListOptions{
		LabelSelector:        "made-by=go",
		AllowWatchBookmarks:  true,
		SendInitialEvents:    &sendInitialEvents,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	added, marked := 0, false
	for event := range watcher.ResultChan() {
		configMap, ok := event.Object.(*corev1.ConfigMap)
		if !ok {
			return fmt.Errorf("%s brought %v", event.Type, event.Object)
		}
		switch event.Type {
		case watch.Added:
			added++
		case watch.Bookmark:
			marked = configMap.Annotations[metav1.InitialEventsAnnotationKey] == "true"
			if !marked || added != objects || configMap.ResourceVersion == "" {
				return fmt.Errorf("after %d objects came the bookmark %v", added, configMap)
			}
			if err := p.client.CoreV1().ConfigMaps(p.namespace).Delete(ctx, "item-1", metav1.DeleteOptions{}); err != nil {
				return err
			}
		case watch.Deleted:
			if !marked || configMap.Name != "item-1" {
				return fmt.Errorf("%s was deleted", configMap.Name)
			}
			return nil
		}
	}
	return fmt.Errorf("the watch ended after %d objects", added)
}

func (p *program) apply(ctx context.Context) error {
	labels := map[string]string{"app": "applied"}
	wanted := appsv1apply.Deployment("applied", p.namespace).WithSpec(appsv1apply.DeploymentSpec().
		WithReplicas(2).
		WithSelector(metav1apply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(corev1apply.PodTemplateSpec().WithLabels(labels).WithSpec(corev1apply.PodSpec().
			WithContainers(corev1apply.Container().WithName("web").WithImage("web:1")))))
	deployments := p.client.AppsV1().Deployments(p.namespace)
	if _, err := deployments.Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: "go"}); err != nil {
		return err
	}
	other := appsv1apply.Deployment("applied", p.namespace).WithSpec(appsv1apply.DeploymentSpec().WithReplicas(3))
	if _, err := deployments.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "other"}); !apierrors.IsConflict(err) {
		return fmt.Errorf("a field of another manager: %v", err)
	}
	forced, err := deployments.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "other", Force: true})
	if err != nil {
		return err
	}
	extracted, err := appsv1apply.ExtractDeployment(forced, "other")
	if err != nil {
		return err
	}
	if extracted.Spec == nil || extracted.Spec.Replicas == nil || *extracted.Spec.Replicas != 3 || extracted.Spec.Template != nil {
		return fmt.Errorf("the other manager owns %v", extracted.Spec)
	}
	size, err := deployments.GetScale(ctx, "applied", metav1.GetOptions{})
	if err != nil {
		return err
	}
	size.Spec.Replicas = 1
	if _, err := deployments.UpdateScale(ctx, "applied", size, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("scale: %w", err)
	}
	return nil
}

// One leads, gives the lease back, and the next one takes it at once.
func (p *program) leader(ctx context.Context) error {
	for _, identity := range []string{"first", "second"} {
		round, stop := context.WithTimeout(ctx, 10*time.Second)
		led := false
		leaderelection.RunOrDie(round, leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: p.namespace},
				Client:     p.client.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
			},
			ReleaseOnCancel: true,
			LeaseDuration:   8 * time.Second,
			RenewDeadline:   5 * time.Second,
			RetryPeriod:     time.Second,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { led = true; stop() },
				OnStoppedLeading: func() {},
			},
		})
		stop()
		if !led {
			return fmt.Errorf("%s never led", identity)
		}
	}
	return nil
}

// A command in a pod, over both protocols that clients speak.
func (p *program) exec(ctx context.Context) error {
	pods := p.client.CoreV1().Pods(p.namespace)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "target"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "web:1"}}},
	}
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := p.waitForReady(ctx, "target"); err != nil {
		return err
	}
	for _, code := range []int{0, 3} {
		command := []string{"echo", "hello"}
		if code != 0 {
			command = []string{"sh", "-c", fmt.Sprintf("exit %d", code)}
		}
		request := p.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(p.namespace).Name("target").SubResource("exec").
			VersionedParams(&corev1.PodExecOptions{Container: "main", Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec)
		spdy, err := remotecommand.NewSPDYExecutor(p.config, "POST", request.URL())
		if err != nil {
			return err
		}
		websocket, err := remotecommand.NewWebSocketExecutor(p.config, "GET", request.URL().String())
		if err != nil {
			return err
		}
		for name, executor := range map[string]remotecommand.Executor{"SPDY": spdy, "web socket": websocket} {
			var stdout, stderr bytes.Buffer
			err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr})
			var exit utilexec.CodeExitError
			if code == 0 && (err != nil || stdout.String() != "hello\n") {
				return fmt.Errorf("%s: %v, %q, %q", name, err, stdout.String(), stderr.String())
			}
			if code != 0 && (!errors.As(err, &exit) || exit.Code != code) {
				return fmt.Errorf("%s: exit %d came as %v", name, code, err)
			}
		}
	}
	return nil
}

func (p *program) waitForReady(ctx context.Context, name string) error {
	watcher, err := p.client.CoreV1().Pods(p.namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if pod, ok := event.Object.(*corev1.Pod); ok {
			for _, condition := range pod.Status.Conditions {
				if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("pod %s was never ready", name)
}
