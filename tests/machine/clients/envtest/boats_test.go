// What authors of controllers do with envtest: the tests that `envtest.test.ts` runs with Proa in the place of kube-apiserver and etcd.
package boats

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

var environment *envtest.Environment

func TestMain(m *testing.M) {
	environment = &envtest.Environment{
		CRDDirectoryPaths:     []string{"config"},
		ErrorIfCRDPathMissing: true,
		WebhookInstallOptions: envtest.WebhookInstallOptions{Paths: []string{"webhooks"}},
	}
	environment.ControlPlane.GetAPIServer().Configure().
		Append("runtime-config", "resource.k8s.io/v1beta2=true").
		Append("v", "2").
		Disable("allow-privileged")
	if _, err := environment.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := environment.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func newBoat(name string, hulls int64) *unstructured.Unstructured {
	boat := &unstructured.Unstructured{}
	boat.SetGroupVersionKind(schema.GroupVersionKind{Group: "proa.test", Version: "v1", Kind: "Boat"})
	boat.SetNamespace("default")
	boat.SetName(name)
	_ = unstructured.SetNestedField(boat.Object, hulls, "spec", "hulls")
	return boat
}

// A user may do what a role of its group says, and nothing else; a flag of the test's own counts.
func TestUsers(t *testing.T) {
	ctx := t.Context()
	admin, err := client.New(environment.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "sailors"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"create"}}},
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "sailors"},
		RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "sailors"},
		Subjects:   []rbacv1.Subject{{APIGroup: "rbac.authorization.k8s.io", Kind: "Group", Name: "sailors"}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := admin.Create(ctx, object); err != nil {
			t.Fatal(err)
		}
	}
	user, err := environment.AddUser(envtest.User{Name: "ann", Groups: []string{"sailors"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sailor, err := client.New(user.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "log", Namespace: "default"}}
	if err := sailor.Create(ctx, log); err != nil {
		t.Errorf("may create: %v", err)
	}
	err = sailor.Delete(ctx, log)
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `User "ann" cannot delete resource "configmaps"`) {
		t.Errorf("may not delete: %v", err)
	}
	versions, err := kubernetes.NewForConfigOrDie(environment.Config).Discovery().ServerResourcesForGroupVersion("resource.k8s.io/v1beta2")
	if err != nil || len(versions.APIResources) == 0 {
		t.Errorf("the test's runtime-config does not count: %v", err)
	}
}

// Webhooks of the test's own process give a boat its colour and refuse one with too many hulls; a controller of its manager launches it.
func TestControllerAndWebhooks(t *testing.T) {
	ctx := t.Context()
	options := environment.WebhookInstallOptions
	manager, err := ctrl.NewManager(environment.Config, ctrl.Options{
		Metrics: server.Options{BindAddress: "0"},
		WebhookServer: webhook.NewServer(webhook.Options{
			Host: options.LocalServingHost, Port: options.LocalServingPort, CertDir: options.LocalServingCertDir,
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	hooks := manager.GetWebhookServer()
	hooks.Register("/mutate", &webhook.Admission{Handler: admission.HandlerFunc(func(context.Context, admission.Request) admission.Response {
		return admission.Patched("", webhook.JSONPatchOp{Operation: "add", Path: "/spec/colour", Value: "red"})
	})})
	hooks.Register("/validate", &webhook.Admission{Handler: admission.HandlerFunc(func(_ context.Context, request admission.Request) admission.Response {
		if strings.Contains(string(request.Object.Raw), `"hulls":4`) {
			return admission.Denied("a proa has two hulls")
		}
		return admission.Allowed("")
	})})
	kind := newBoat("", 1)
	kind.SetName("")
	err = ctrl.NewControllerManagedBy(manager).Named("boats").For(kind).Owns(&corev1.ConfigMap{}).Complete(reconcile.Func(
		func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
			return reconcile.Result{}, launch(ctx, manager.GetClient(), request)
		}))
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- manager.Start(running) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the manager ended with %v", err)
		}
	}()

	api := manager.GetClient()
	boat := newBoat("one", 2)
	eventually(t, "the webhooks answer", func() error { return api.Create(ctx, boat.DeepCopy()) })
	if err := api.Create(ctx, newBoat("none", 0)); !apierrors.IsInvalid(err) {
		t.Errorf("no hulls: %v", err)
	}
	err = api.Create(ctx, newBoat("four", 4))
	if apierrors.ReasonForError(err) != metav1.StatusReasonForbidden || !strings.Contains(err.Error(), "a proa has two hulls") {
		t.Errorf("four hulls: %v", err)
	}
	eventually(t, "the boat is ready", func() error {
		found := newBoat("one", 0)
		if err := api.Get(ctx, client.ObjectKeyFromObject(boat), found); err != nil {
			return err
		}
		if ready, _, _ := unstructured.NestedBool(found.Object, "status", "ready"); !ready {
			return fmt.Errorf("status %v", found.Object["status"])
		}
		return nil
	})
	crew := &corev1.ConfigMap{}
	if err := api.Get(ctx, client.ObjectKey{Namespace: "default", Name: "crew-of-one"}, crew); err != nil || crew.Data["colour"] != "red" {
		t.Errorf("crew %v: %v", crew.Data, err)
	}
}

// Makes what a boat needs, then says that it is ready.
func launch(ctx context.Context, api client.Client, request reconcile.Request) error {
	boat := newBoat("", 0)
	if err := api.Get(ctx, request.NamespacedName, boat); err != nil {
		return client.IgnoreNotFound(err)
	}
	crew := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: request.Namespace, Name: "crew-of-" + request.Name}}
	_, err := controllerutil.CreateOrUpdate(ctx, api, crew, func() error {
		colour, _, _ := unstructured.NestedString(boat.Object, "spec", "colour")
		crew.Data = map[string]string{"colour": colour}
		return controllerutil.SetControllerReference(boat, crew, api.Scheme())
	})
	if err != nil {
		return err
	}
	if err := unstructured.SetNestedField(boat.Object, true, "status", "ready"); err != nil {
		return err
	}
	return api.Status().Update(ctx, boat)
}

func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// Where the environment has nodes, a deployment gets pods, and they run.
func TestDeployment(t *testing.T) {
	if os.Getenv("WITH_NODES") == "" {
		t.Skip("WITH_NODES is not set: upstream has neither controllers nor nodes here")
	}
	ctx := t.Context()
	api, err := client.New(environment.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	replicas, labels := int32(3), map[string]string{"app": "web"}
	web := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web:1"}}},
			},
		},
	}
	if err := api.Create(ctx, web); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all pods are ready", func() error {
		if err := api.Get(ctx, client.ObjectKeyFromObject(web), web); err != nil {
			return err
		}
		if web.Status.ReadyReplicas != replicas {
			return fmt.Errorf("%d of %d are ready", web.Status.ReadyReplicas, replicas)
		}
		return nil
	})
}

// The health that monitors look at needs no certificate.
func TestHealth(t *testing.T) {
	transport, err := kubernetes.NewForConfig(environment.Config)
	if err != nil {
		t.Fatal(err)
	}
	var status int
	transport.RESTClient().Get().AbsPath("/readyz").Do(t.Context()).StatusCode(&status)
	if status != http.StatusOK {
		t.Errorf("/readyz answers %d", status)
	}
}
