package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

// Every verb of a typed client, with what it promises beside the object.
func (p *program) verbs(ctx context.Context) error {
	secrets := p.client.CoreV1().Secrets(p.namespace)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "verbs-"},
		StringData: map[string]string{"word": "open"},
	}
	tried, err := secrets.Create(ctx, secret, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return fmt.Errorf("dry run: %w", err)
	}
	if _, err := secrets.Get(ctx, tried.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a dry run left %s behind: %v", tried.Name, err)
	}
	made, err := secrets.Create(ctx, secret, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if string(made.Data["word"]) != "open" || made.Type != corev1.SecretTypeOpaque || made.StringData != nil {
		return fmt.Errorf("the secret came back as %v", made)
	}
	made.Data["word"] = []byte("shut")
	updated, err := secrets.Update(ctx, made, metav1.UpdateOptions{FieldManager: "verbs"})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(updated.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool { return entry.Manager == "verbs" }) {
		return fmt.Errorf("the update's manager is not in %v", updated.ManagedFields)
	}
	patches := []struct {
		kind types.PatchType
		body string
		want string
	}{
		{types.JSONPatchType, `[{"op":"test","path":"/data/word","value":"c2h1dA=="},{"op":"replace","path":"/data/word","value":"anNvbg=="}]`, "json"},
		{types.MergePatchType, `{"data":{"word":"bWVyZ2U="}}`, "merge"},
		{types.StrategicMergePatchType, `{"stringData":{"word":"strategic"}}`, "strategic"},
		{types.ApplyPatchType, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"` + made.Name + `"},"data":{"word":"YXBwbHk="}}`, "apply"},
	}
	for _, patch := range patches {
		options := metav1.PatchOptions{FieldManager: "patches"}
		if patch.kind == types.ApplyPatchType {
			force := true
			options.Force = &force
		}
		patched, err := secrets.Patch(ctx, made.Name, patch.kind, []byte(patch.body), options)
		if err != nil {
			return fmt.Errorf("%s: %w", patch.kind, err)
		}
		if string(patched.Data["word"]) != patch.want {
			return fmt.Errorf("%s gave %q", patch.kind, patched.Data["word"])
		}
	}
	if err := secrets.Delete(ctx, made.Name, *metav1.NewPreconditionDeleteOptions(string(made.UID))); err != nil {
		return err
	}
	if err := secrets.Delete(ctx, made.Name, metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a second deletion: %v", err)
	}
	return nil
}

// A list in pages is one list, whatever happens between them; a collection goes at once.
func (p *program) pages(ctx context.Context) error {
	accounts := p.client.CoreV1().ServiceAccounts(p.namespace)
	const count = 23
	for i := range count {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("paged-%02d", i), Labels: map[string]string{"paged": "yes"}}}
		if _, err := accounts.Create(ctx, account, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	options := metav1.ListOptions{LabelSelector: "paged", Limit: 10}
	first, err := accounts.List(ctx, options)
	if err != nil {
		return err
	}
	if err := accounts.Delete(ctx, "paged-15", metav1.DeleteOptions{}); err != nil {
		return err
	}
	options.Continue = first.Continue
	second, err := accounts.List(ctx, options)
	if err != nil {
		return err
	}
	if first.ResourceVersion != second.ResourceVersion || second.Items[5].Name != "paged-15" {
		return fmt.Errorf("page two is of revision %s, not %s", second.ResourceVersion, first.ResourceVersion)
	}
	listed := 0
	lister := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) { return accounts.List(ctx, options) }))
	lister.PageSize = 4
	if err := lister.EachListItem(ctx, metav1.ListOptions{LabelSelector: "paged"}, func(runtime.Object) error { listed++; return nil }); err != nil {
		return err
	}
	if listed != count-1 {
		return fmt.Errorf("the pager gave %d", listed)
	}
	if err := accounts.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "paged"}); err != nil {
		return err
	}
	left, err := accounts.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name!=default"})
	if err != nil || len(left.Items) != 0 {
		return fmt.Errorf("%d are left: %v", len(left.Items), err)
	}
	options.Continue = "bm9uc2Vuc2U"
	if _, err := accounts.List(ctx, options); !apierrors.IsBadRequest(err) {
		return fmt.Errorf("a page after nonsense: %v", err)
	}
	return nil
}

// A watch that was lost goes on at the revision that it had reached.
func (p *program) resume(ctx context.Context) error {
	configMaps := p.client.CoreV1().ConfigMaps(p.namespace)
	made, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "watched", Labels: map[string]string{"seen": "yes"}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	steps := []struct {
		body string
		want watch.EventType
	}{
		{`{"data":{"a":"b"}}`, watch.Modified},
		{`{"metadata":{"labels":{"seen":null}}}`, watch.Deleted},
		{`{"metadata":{"labels":{"seen":"again"}}}`, watch.Added},
	}
	revision := made.ResourceVersion
	for _, step := range steps {
		// Nobody watches while this happens.
		if _, err := configMaps.Patch(ctx, "watched", types.MergePatchType, []byte(step.body), metav1.PatchOptions{}); err != nil {
			return err
		}
		watcher, err := configMaps.Watch(ctx, metav1.ListOptions{LabelSelector: "seen", ResourceVersion: revision})
		if err != nil {
			return err
		}
		event := <-watcher.ResultChan()
		watcher.Stop()
		object, ok := event.Object.(*corev1.ConfigMap)
		if !ok || event.Type != step.want || object.Name != "watched" {
			return fmt.Errorf("after %s came %s of %v", step.body, event.Type, event.Object)
		}
		revision = object.ResourceVersion
	}
	seconds := int64(1)
	short, err := configMaps.Watch(ctx, metav1.ListOptions{ResourceVersion: revision, TimeoutSeconds: &seconds})
	if err != nil {
		return err
	}
	select {
	case event, open := <-short.ResultChan():
		if open {
			return fmt.Errorf("a watch of nothing brought %v", event)
		}
	case <-time.After(10 * time.Second):
		return errors.New("a watch of one second did not end")
	}
	// Without retries, which would take forty seconds.
	future := metav1.ListOptions{ResourceVersion: "99999999", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}
	err = p.client.CoreV1().RESTClient().Get().Namespace(p.namespace).Resource("configmaps").VersionedParams(&future, scheme.ParameterCodec).MaxRetries(0).Do(ctx).Error()
	if !apierrors.IsTimeout(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		return fmt.Errorf("a list of the future: %v", err)
	}
	return nil
}

// Status and scale are written apart from the rest.
func (p *program) subresources(ctx context.Context) error {
	deployments := p.client.AppsV1().Deployments(p.namespace)
	deployment, err := deployments.Get(ctx, "applied", metav1.GetOptions{})
	if err != nil {
		return err
	}
	generation := deployment.Generation
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if deployment, err = deployments.Get(ctx, "applied", metav1.GetOptions{}); err != nil {
			return err
		}
		replicas := int32(7)
		deployment.Spec.Replicas = &replicas
		deployment.Status.CollisionCount = &replicas
		deployment, err = deployments.UpdateStatus(ctx, deployment, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	if *deployment.Spec.Replicas == 7 || deployment.Generation != generation || *deployment.Status.CollisionCount != 7 {
		return fmt.Errorf("a status update gave %v", deployment)
	}
	_, err = deployments.Patch(ctx, "applied", types.MergePatchType, []byte(`{"spec":{"replicas":2}}`), metav1.PatchOptions{}, "scale")
	if err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		scale, err := deployments.GetScale(ctx, "applied", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return scale.Spec.Replicas == 2 && scale.Status.Replicas == 2 && scale.Status.Selector == "app=applied", nil
	})
}
