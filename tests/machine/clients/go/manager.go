package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const finalizer = "proa.test/harvest"

// An operator as most are written: a manager with its cache, a controller of a built-in kind and one of a custom kind.
func (p *program) manager(ctx context.Context) error {
	log.SetLogger(logr.Discard())
	operator, err := ctrl.NewManager(p.withoutCBOR(), manager.Options{
		Metrics:                 server.Options{BindAddress: "0"},
		Cache:                   cache.Options{DefaultNamespaces: map[string]cache.Config{p.namespace: {}}},
		LeaderElection:          true,
		LeaderElectionID:        "operator",
		LeaderElectionNamespace: p.namespace,
	})
	if err != nil {
		return err
	}
	garden := p.garden("", 0)
	gardens := &gardener{operator.GetClient(), p}
	if err := ctrl.NewControllerManagedBy(operator).For(garden).Owns(&corev1.ConfigMap{}).Complete(gardens); err != nil {
		return err
	}
	mirrored := builder.WithPredicates(predicate.NewPredicateFuncs(func(object client.Object) bool { return object.GetLabels()["mirror"] == "yes" }))
	secrets := &mirror{operator.GetClient()}
	if err := ctrl.NewControllerManagedBy(operator).For(&corev1.Secret{}, mirrored).Complete(secrets); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- operator.Start(ctx) }()
	err = errors.Join(p.useMirror(ctx, operator.GetClient()), p.useGardener(ctx, operator.GetClient()))
	stop()
	return errors.Join(err, <-ended)
}

// Keeps a ConfigMap like each labelled Secret, by server-side apply.
type mirror struct{ client.Client }

func (m *mirror) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var secret corev1.Secret
	if err := m.Get(ctx, request.NamespacedName, &secret); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	owner := metav1apply.OwnerReference().WithAPIVersion("v1").WithKind("Secret").WithName(secret.Name).WithUID(secret.UID)
	text := map[string]string{}
	for key, value := range secret.Data {
		text[key] = string(value)
	}
	wanted := corev1apply.ConfigMap("mirror-"+secret.Name, secret.Namespace).WithOwnerReferences(owner).WithData(text)
	return reconcile.Result{}, m.Apply(ctx, wanted, client.FieldOwner("mirror"))
}

// Makes a ConfigMap for each bed of a garden, says so in its status, and holds the garden until it was harvested.
type gardener struct {
	client.Client
	program *program
}

func (g *gardener) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	garden := g.program.garden("", 0)
	if err := g.Get(ctx, request.NamespacedName, garden); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !garden.GetDeletionTimestamp().IsZero() {
		controllerutil.RemoveFinalizer(garden, finalizer)
		return reconcile.Result{}, client.IgnoreNotFound(g.Update(ctx, garden))
	}
	if controllerutil.AddFinalizer(garden, finalizer) {
		return reconcile.Result{}, g.Update(ctx, garden)
	}
	beds, _, err := unstructured.NestedInt64(garden.Object, "spec", "beds")
	if err != nil {
		return reconcile.Result{}, err
	}
	for i := range beds {
		bed := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-bed-%d", garden.GetName(), i), Namespace: garden.GetNamespace()}}
		_, err := controllerutil.CreateOrUpdate(ctx, g.Client, bed, func() error {
			bed.Data = map[string]string{"number": fmt.Sprint(i)}
			return controllerutil.SetControllerReference(garden, bed, g.Scheme())
		})
		if err != nil {
			return reconcile.Result{}, err
		}
	}
	before := garden.DeepCopy()
	if err := unstructured.SetNestedField(garden.Object, beds, "status", "beds"); err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{}, g.Status().Patch(ctx, garden, client.MergeFrom(before))
}

func (p *program) useMirror(ctx context.Context, cached client.Client) error {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "word", Namespace: p.namespace, Labels: map[string]string{"mirror": "yes"}},
		StringData: map[string]string{"word": "open"},
	}
	if err := cached.Create(ctx, secret); err != nil {
		return err
	}
	shows := func(word string) error {
		return eventually(ctx, "the mirror shows "+word, func() (bool, error) {
			var copied corev1.ConfigMap
			err := cached.Get(ctx, client.ObjectKey{Namespace: p.namespace, Name: "mirror-word"}, &copied)
			return err == nil && copied.Data["word"] == word, client.IgnoreNotFound(err)
		})
	}
	if err := shows("open"); err != nil {
		return err
	}
	before := secret.DeepCopy()
	secret.Data = map[string][]byte{"word": []byte("shut")}
	if err := cached.Patch(ctx, secret, client.StrategicMergeFrom(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	if err := shows("shut"); err != nil {
		return err
	}
	if err := cached.Delete(ctx, secret, client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
		return err
	}
	return eventually(ctx, "the mirror goes with its secret", func() (bool, error) {
		err := cached.Get(ctx, client.ObjectKey{Namespace: p.namespace, Name: "mirror-word"}, &corev1.ConfigMap{})
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}

func (p *program) useGardener(ctx context.Context, cached client.Client) error {
	garden := p.garden("back", 2)
	if err := cached.Create(ctx, garden); err != nil {
		return err
	}
	err := eventually(ctx, "the garden says that its beds are there", func() (bool, error) {
		err := cached.Get(ctx, client.ObjectKeyFromObject(garden), garden)
		beds, _, _ := unstructured.NestedInt64(garden.Object, "status", "beds")
		return beds == 2, client.IgnoreNotFound(err)
	})
	if err != nil {
		return err
	}
	bed := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "back-bed-1", Namespace: p.namespace}}
	if err := cached.Delete(ctx, bed); err != nil {
		return err
	}
	err = eventually(ctx, "a lost bed comes back", func() (bool, error) {
		err := cached.Get(ctx, client.ObjectKeyFromObject(bed), bed)
		return err == nil && bed.DeletionTimestamp.IsZero(), client.IgnoreNotFound(err)
	})
	if err != nil {
		return err
	}
	if err := cached.Delete(ctx, garden); err != nil {
		return err
	}
	return eventually(ctx, "garden and beds are gone", func() (bool, error) {
		gardenGone := apierrors.IsNotFound(cached.Get(ctx, client.ObjectKeyFromObject(garden), garden))
		return gardenGone && apierrors.IsNotFound(cached.Get(ctx, client.ObjectKeyFromObject(bed), bed)), nil
	})
}

func eventually(ctx context.Context, what string, holds func() (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) { return holds() })
	if err != nil {
		return fmt.Errorf("never came true that %s: %w", what, err)
	}
	return nil
}
