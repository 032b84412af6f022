// Lists, watches and creates with client-go, as a controller would: the program that `clients.test.ts` runs.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const objects = 50

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		return err
	}
	if len(os.Args) > 2 && os.Args[2] == "protobuf" {
		config.ContentType = "application/vnd.kubernetes.protobuf"
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "go-"}}
	created, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create namespace: %w", err)
	}
	defer client.CoreV1().Namespaces().Delete(context.Background(), created.Name, metav1.DeleteOptions{})

	seen := make(chan string, 10*objects)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(created.Name))
	informer := factory.Core().V1().ConfigMaps().Informer()
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
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
	for i := range objects {
		configMap := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("item-%d", i), Labels: map[string]string{"made-by": "go"}},
			Data:       map[string]string{"index": fmt.Sprint(i)},
		}
		if _, err := client.CoreV1().ConfigMaps(created.Name).Create(ctx, configMap, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create: %w", err)
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
	page, err := client.CoreV1().ConfigMaps(created.Name).List(ctx, metav1.ListOptions{LabelSelector: "made-by=go", Limit: 20})
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	if len(page.Items) != 20 || page.Continue == "" {
		return fmt.Errorf("a page of 20 has %d items and continue %q", len(page.Items), page.Continue)
	}
	fmt.Printf("informer saw %d, first page %d\n", len(names), len(page.Items))
	return nil
}
