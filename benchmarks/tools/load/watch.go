package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// watchAll opens watches and writes meanwhile, as fast as the server lets it. Each write carries the time at which it
// was begun, which each watcher compares with the time at which it read the event.
func watchAll(config *rest.Config, o options) (result, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var events atomic.Int64
	var mutex sync.Mutex
	var lags []float64
	var group sync.WaitGroup
	var shared *http.Client
	for watcher := range o.watchers {
		// Ten watches share a connection, as those of one process do.
		if watcher%10 == 0 {
			own := rest.CopyConfig(config)
			own.Dial = (&net.Dialer{}).DialContext
			client, err := rest.HTTPClientFor(own)
			if err != nil {
				return result{}, err
			}
			shared = client
		}
		stream, err := openWatch(ctx, shared, config.Host)
		if err != nil {
			return result{}, err
		}
		group.Add(1)
		go func() {
			defer group.Done()
			own := readEvents(stream, &events, watcher%10 == 0)
			mutex.Lock()
			lags = append(lags, own...)
			mutex.Unlock()
		}()
	}
	time.Sleep(time.Second)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return result{}, err
	}
	maps := client.CoreV1().ConfigMaps(namespace)
	before := events.Load()
	start := time.Now()
	writes := repeat(o, func(client, round int) (bool, error) {
		body := fmt.Sprintf(`{"data":{"sent":"@%d@"}}`, time.Now().UnixMicro())
		_, err := maps.Patch(ctx, objectName((client+round*o.clients)%o.objects), types.MergePatchType, []byte(body), metav1.PatchOptions{})
		return false, err
	})
	wanted := int64(float64(o.watchers) * writes.PerSecond * o.duration.Seconds())
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until) && events.Load()-before < wanted; {
		time.Sleep(5 * time.Millisecond)
	}
	told := events.Load() - before
	took := time.Since(start)
	cancel()
	group.Wait()
	found := summary(lags, writes.Errors, took)
	found.PerSecond = float64(told) / took.Seconds()
	found.WritesPerSecond = writes.PerSecond
	return found, nil
}

func openWatch(ctx context.Context, client *http.Client, host string) (io.ReadCloser, error) {
	url := host + "/api/v1/namespaces/default/configmaps?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return nil, fmt.Errorf("watch: %s %s", response.Status, text)
	}
	return response.Body, nil
}

func readEvents(stream io.ReadCloser, events *atomic.Int64, measures bool) []float64 {
	defer stream.Close()
	reader := bufio.NewReaderSize(stream, 1<<16)
	var lags []float64
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return lags
		}
		events.Add(1)
		if !measures {
			continue
		}
		if _, rest, found := bytes.Cut(line, []byte(`"sent":"@`)); found {
			text, _, _ := bytes.Cut(rest, []byte("@"))
			if sent, err := strconv.ParseInt(string(text), 10, 64); err == nil {
				lags = append(lags, float64(time.Now().UnixMicro()-sent)/1000)
			}
		}
	}
}
