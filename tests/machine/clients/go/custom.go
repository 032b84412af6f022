package main

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// A kind of this program's own, with both subresources; its group is this run's.
func (p *program) gardens() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: p.namespace + ".proa.test", Version: "v1", Resource: "gardens"}
}

func (p *program) definition() *unstructured.Unstructured {
	integer := map[string]any{"type": "integer", "minimum": int64(0)}
	properties := func(names map[string]any) map[string]any {
		return map[string]any{"type": "object", "properties": names}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "gardens." + p.gardens().Group},
		"spec": map[string]any{
			"group": p.gardens().Group,
			"scope": "Namespaced",
			"names": map[string]any{"plural": "gardens", "singular": "garden", "kind": "Garden"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"subresources": map[string]any{
					"status": map[string]any{},
					"scale":  map[string]any{"specReplicasPath": ".spec.beds", "statusReplicasPath": ".status.beds"},
				},
				"schema": map[string]any{"openAPIV3Schema": properties(map[string]any{
					"spec":   properties(map[string]any{"beds": integer, "plant": map[string]any{"type": "string", "default": "rose"}}),
					"status": properties(map[string]any{"beds": integer}),
				})},
			}},
		},
	}}
}

func (p *program) garden(name string, beds int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": p.gardens().GroupVersion().String(),
		"kind":       "Garden",
		"metadata":   map[string]any{"name": name, "namespace": p.namespace},
		"spec":       map[string]any{"beds": beds},
	}}
}

// Defines a kind and waits until discovery knows it.
func (p *program) define(ctx context.Context) error {
	client, err := dynamic.NewForConfig(p.config)
	if err != nil {
		return err
	}
	if _, err := client.Resource(definitions).Create(ctx, p.definition(), metav1.CreateOptions{}); err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		definition, err := client.Resource(definitions).Get(ctx, "gardens."+p.gardens().Group, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
		for _, condition := range conditions {
			if condition, ok := condition.(map[string]any); ok && condition["type"] == "Established" {
				return condition["status"] == "True", nil
			}
		}
		return false, nil
	})
}

// Objects of kinds that the program learns of while it runs: discovery, mapping, informers, apply, scale.
func (p *program) dynamic(ctx context.Context) error {
	found, err := discovery.NewDiscoveryClientForConfig(p.config)
	if err != nil {
		return err
	}
	cached := memory.NewMemCacheClient(found)
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(cached)
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: p.gardens().Group, Kind: "Garden"})
	if err != nil {
		return err
	}
	if mapping.Resource != p.gardens() || mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return fmt.Errorf("Garden maps to %v", mapping)
	}
	client, err := dynamic.NewForConfig(p.config)
	if err != nil {
		return err
	}
	gardens := client.Resource(mapping.Resource).Namespace(p.namespace)
	made, err := gardens.Create(ctx, p.garden("front", 2), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if plant, _, _ := unstructured.NestedString(made.Object, "spec", "plant"); plant != "rose" || made.GetGeneration() != 1 {
		return fmt.Errorf("the garden came back as %v", made)
	}
	if _, err := gardens.Create(ctx, p.garden("under", -1), metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		return fmt.Errorf("a garden of -1 beds: %v", err)
	}
	strategic := []byte(`{"spec":{"plant":"thyme"}}`)
	if _, err := gardens.Patch(ctx, "front", types.StrategicMergePatchType, strategic, metav1.PatchOptions{}); !apierrors.IsUnsupportedMediaType(err) {
		return fmt.Errorf("a strategic patch of a custom object: %v", err)
	}
	if _, err := gardens.Patch(ctx, "front", types.MergePatchType, strategic, metav1.PatchOptions{}); err != nil {
		return err
	}
	withStatus := made.DeepCopy()
	withStatus.SetResourceVersion("")
	if err := unstructured.SetNestedField(withStatus.Object, int64(2), "status", "beds"); err != nil {
		return err
	}
	if _, err := gardens.UpdateStatus(ctx, withStatus, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		return fmt.Errorf("an update of a custom object without its version: %v", err)
	}
	applied, err := gardens.Apply(ctx, "front", p.garden("front", 3), metav1.ApplyOptions{FieldManager: "gardener"})
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("beds of another manager: %v, %v", applied, err)
	}
	if _, err := gardens.Apply(ctx, "front", p.garden("front", 3), metav1.ApplyOptions{FieldManager: "gardener", Force: true}); err != nil {
		return err
	}
	return p.customScale(ctx, cached, mapper, gardens)
}

// The scale of any kind by one client, as autoscalers use it; an informer of a custom kind sees it.
func (p *program) customScale(ctx context.Context, found discovery.CachedDiscoveryInterface, mapper meta.RESTMapper, gardens dynamic.ResourceInterface) error {
	client, err := dynamic.NewForConfig(p.config)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, p.namespace, nil)
	lister := factory.ForResource(p.gardens()).Lister().ByNamespace(p.namespace)
	defer factory.Shutdown()
	defer stop()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	scales, err := scale.NewForConfig(p.withoutCBOR(), mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(found))
	if err != nil {
		return err
	}
	current, err := scales.Scales(p.namespace).Get(ctx, p.gardens().GroupResource(), "front", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("scale: %w", err)
	}
	current.Spec.Replicas++
	updated, err := scales.Scales(p.namespace).Update(ctx, p.gardens().GroupResource(), current, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("update of the scale: %w", err)
	}
	if updated.Spec.Replicas != 4 {
		return fmt.Errorf("the scale became %v", updated)
	}
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		object, err := lister.Get("front")
		if err != nil {
			return false, err
		}
		beds, _, err := unstructured.NestedInt64(object.(*unstructured.Unstructured).Object, "spec", "beds")
		return beds == 4, err
	})
	if err != nil {
		return fmt.Errorf("the informer of gardens: %w", err)
	}
	return gardens.Delete(ctx, "front", metav1.DeleteOptions{})
}
