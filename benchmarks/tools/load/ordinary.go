package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

const namespace = "default"

// payload makes a ConfigMap about 1 KB long.
var payload = strings.Repeat("x", 700)

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: map[string]string{"app": "load"}},
		Data:       map[string]string{"payload": payload, "round": "0"},
	}
}

func objectName(number int) string { return fmt.Sprintf("load-%05d", number) }

// clientsOf gives each client a connection of its own, as processes of their own would have.
func clientsOf(config *rest.Config, o options) ([]typed.ConfigMapInterface, error) {
	clients := make([]typed.ConfigMapInterface, o.clients)
	for at := range clients {
		own := rest.CopyConfig(config)
		own.UserAgent = fmt.Sprintf("load-%d", at)
		// Equal configurations share a connection; one with a dialer of its own does not.
		own.Dial = (&net.Dialer{}).DialContext
		client, err := kubernetes.NewForConfig(own)
		if err != nil {
			return nil, err
		}
		clients[at] = client.CoreV1().ConfigMaps(namespace)
	}
	return clients, nil
}

func prepare(config *rest.Config, o options) error {
	clients, err := clientsOf(config, o)
	if err != nil {
		return err
	}
	var next atomic.Int64
	o.duration = 1 << 40
	found := repeat(o, func(client, _ int) (bool, error) {
		number := int(next.Add(1)) - 1
		if number >= o.objects {
			return true, nil
		}
		_, err := clients[client].Create(context.Background(), configMap(objectName(number)), metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			err = nil
		}
		return false, err
	})
	if found.Errors > 0 {
		return fmt.Errorf("%d objects could not be made", found.Errors)
	}
	return nil
}

func ordinary(config *rest.Config, o options) (result, error) {
	clients, err := clientsOf(config, o)
	if err != nil {
		return result{}, err
	}
	ctx := context.Background()
	var deleted atomic.Int64
	// Each client has objects of its own, so that updates do not conflict.
	own := func(client, round int) string {
		return objectName((client + round*o.clients) % (o.objects - o.objects%o.clients))
	}
	// A server may be given this load more than once.
	begun := time.Now().UnixMilli()
	latest := make([]map[string]*corev1.ConfigMap, o.clients)
	for at := range latest {
		latest[at] = map[string]*corev1.ConfigMap{}
	}
	do := map[string]func(client, round int) (bool, error){
		"create": func(client, round int) (bool, error) {
			_, err := clients[client].Create(ctx, configMap(fmt.Sprintf("new-%d-%d-%d", begun, client, round)), metav1.CreateOptions{})
			return false, err
		},
		"get": func(client, round int) (bool, error) {
			_, err := clients[client].Get(ctx, own(client, round), metav1.GetOptions{})
			return false, err
		},
		"update": func(client, round int) (bool, error) {
			name := own(client, round)
			known := latest[client][name]
			if known == nil {
				known = configMap(name)
			}
			known.Data["round"] = fmt.Sprint(round)
			updated, err := clients[client].Update(ctx, known, metav1.UpdateOptions{})
			if err == nil {
				latest[client][name] = updated
			}
			return false, err
		},
		"patch": func(client, round int) (bool, error) {
			body := fmt.Sprintf(`{"data":{"round":"%d"}}`, round)
			_, err := clients[client].Patch(ctx, own(client, round), types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{})
			return false, err
		},
		"apply": func(client, round int) (bool, error) {
			applied := corev1apply.ConfigMap(own(client, round), namespace).WithData(map[string]string{"payload": payload, "round": fmt.Sprint(round)})
			_, err := clients[client].Apply(ctx, applied, metav1.ApplyOptions{FieldManager: "load", Force: true})
			return false, err
		},
		"delete": func(client, _ int) (bool, error) {
			number := int(deleted.Add(1)) - 1
			if number >= o.objects {
				return true, nil
			}
			return false, clients[client].Delete(ctx, objectName(number), metav1.DeleteOptions{})
		},
	}[o.op]
	if do == nil {
		return result{}, fmt.Errorf("there is no operation %q", o.op)
	}
	return repeat(o, do), nil
}
