package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// Counts how informers fetch what is there: by lists, or by watches that send it first.
type counter struct {
	next    http.RoundTripper
	lists   atomic.Int32
	streams atomic.Int32
}

func (c *counter) RoundTrip(request *http.Request) (*http.Response, error) {
	query := request.URL.Query()
	switch {
	case query.Get("watch") == "":
		c.lists.Add(1)
	case query.Get("sendInitialEvents") == "true":
		c.streams.Add(1)
	}
	return c.next.RoundTrip(request)
}

// Informers of today do not list: their watch brings the present state, then goes on.
func (p *program) streamingLists(ctx context.Context) error {
	count := &counter{}
	config := rest.CopyConfig(p.config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { count.next = next; return count })
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(p.namespace))
	defer factory.Shutdown()
	defer stop()
	configMaps, pods := factory.Core().V1().ConfigMaps(), factory.Core().V1().Pods()
	deleted := make(chan string, objects)
	if _, err := configMaps.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: func(object any) {
		if configMap, ok := object.(*corev1.ConfigMap); ok {
			deleted <- configMap.Name
		}
	}}); err != nil {
		return err
	}
	pods.Informer()
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("the informer of %v did not sync", kind)
		}
	}
	if count.lists.Load() != 0 || count.streams.Load() != 2 {
		return fmt.Errorf("%d lists and %d streams for two informers", count.lists.Load(), count.streams.Load())
	}
	live, err := p.client.CoreV1().ConfigMaps(p.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	cached, err := configMaps.Lister().ConfigMaps(p.namespace).List(labels.Everything())
	if err != nil || len(cached) != len(live.Items) || len(cached) == 0 {
		return fmt.Errorf("%d in the cache, %d on the server: %v", len(cached), len(live.Items), err)
	}
	brief := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "brief"}}
	if _, err := p.client.CoreV1().ConfigMaps(p.namespace).Create(ctx, brief, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := p.client.CoreV1().ConfigMaps(p.namespace).Delete(ctx, "brief", metav1.DeleteOptions{}); err != nil {
		return err
	}
	select {
	case name := <-deleted:
		if name != "brief" {
			return fmt.Errorf("%s went away", name)
		}
	case <-time.After(10 * time.Second):
		return errors.New("the informer missed a deletion")
	}
	return nil
}
