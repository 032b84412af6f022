package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	watchPath = "/api/v1/namespaces/default/configmaps?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
	// Ten watches share a connection, as those of one process do.
	watchesOfConnection = 10
	// A server that ends so many on one connection refuses them, or would be measured while it begins them.
	mostEnded = 10 * watchesOfConnection
)

// watchAll opens watches and writes meanwhile, as fast as the server lets it. The watches are lean, since a hundred of them
// would otherwise need as much of the machine as the server; the writers are client-go. Each write carries the time at which
// it was begun, which the first watch of each connection compares with the time at which it read the event. A watch that the
// server ends, as upstream's does where it cannot keep pace, is opened again and counted.
func watchAll(config *rest.Config, o options) (result, error) {
	var told heard
	var mutex sync.Mutex
	var lags []float64
	var failure error
	var closing atomic.Bool
	ended := 0
	var group sync.WaitGroup
	var connections []*connection
	for opened := 0; opened < o.watchers; opened += watchesOfConnection {
		c, err := dial(config, watchPath)
		if err != nil {
			return result{}, err
		}
		defer c.socket.Close()
		connections = append(connections, c)
		for range min(watchesOfConnection, o.watchers-opened) {
			if err := c.ask(); err != nil {
				return result{}, err
			}
		}
		group.Add(1)
		go func() {
			defer group.Done()
			own, reopened, err := c.readEvents(&told)
			mutex.Lock()
			defer mutex.Unlock()
			lags = append(lags, own...)
			ended += reopened
			if !closing.Load() {
				failure = err
			}
		}()
	}
	time.Sleep(time.Second)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return result{}, err
	}
	maps := client.CoreV1().ConfigMaps(namespace)
	before := told.events.Load()
	start := time.Now()
	writes := repeat(o, func(client, round int) (bool, error) {
		body := fmt.Sprintf(`{"data":{"sent":"@%d@"}}`, time.Now().UnixMicro())
		_, err := maps.Patch(context.Background(), objectName((client+round*o.clients)%o.objects), types.MergePatchType, []byte(body), metav1.PatchOptions{})
		return false, err
	})
	wanted := int64(float64(o.watchers) * writes.PerSecond * o.duration.Seconds())
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until) && told.events.Load()-before < wanted; {
		time.Sleep(5 * time.Millisecond)
	}
	// Events between the end of a watch and its next beginning never come, so the time is that of the last that came.
	count, took := told.events.Load()-before, time.UnixMicro(told.last.Load()).Sub(start)
	closing.Store(true)
	for _, c := range connections {
		c.socket.Close()
	}
	group.Wait()
	if failure != nil {
		return result{}, fmt.Errorf("watch: %w", failure)
	}
	if count == 0 {
		return result{}, fmt.Errorf("watch: no event came of %d", wanted)
	}
	found := summary(lags, writes.Errors, took)
	found.PerSecond = float64(count) / took.Seconds()
	found.WritesPerSecond = writes.PerSecond
	found.Ended = ended
	return found, nil
}

// heard is what all watches together were told.
type heard struct {
	events atomic.Int64
	// When the last event came, in microseconds since 1970.
	last atomic.Int64
}

// readEvents counts the lines of all streams until the connection is closed. Of the first stream it returns how long after
// its write each event came, in milliseconds, and of all how often the server ended one.
func (c *connection) readEvents(told *heard) (lags []float64, ended int, err error) {
	var begun []byte
	measured := uint32(1)
	for {
		frame, err := c.next()
		if err != nil {
			return lags, ended, err
		}
		if headers, ok := frame.(*http2.HeadersFrame); ok && headers.StreamEnded() {
			return lags, ended, fmt.Errorf("stream %d was refused", headers.StreamID)
		}
		data, ok := frame.(*http2.DataFrame)
		if !ok {
			continue
		}
		if count := bytes.Count(data.Data(), []byte("\n")); count > 0 {
			told.events.Add(int64(count))
			told.last.Store(time.Now().UnixMicro())
		}
		if data.StreamEnded() {
			if ended++; ended > mostEnded {
				return lags, ended, fmt.Errorf("the server ends one after the other: %s", data.Data())
			}
			if data.StreamID == measured {
				measured, begun = c.stream, nil
			}
			if err := c.ask(); err != nil {
				return lags, ended, err
			}
			continue
		}
		if data.StreamID != measured {
			continue
		}
		begun = append(begun, data.Data()...)
		for {
			line, rest, whole := bytes.Cut(begun, []byte("\n"))
			if !whole {
				break
			}
			if lag, ok := lagOf(line); ok {
				lags = append(lags, lag)
			}
			begun = rest
		}
	}
}

func lagOf(line []byte) (float64, bool) {
	_, rest, found := bytes.Cut(line, []byte(`"sent":"@`))
	if !found {
		return 0, false
	}
	text, _, _ := bytes.Cut(rest, []byte("@"))
	sent, err := strconv.ParseInt(string(text), 10, 64)
	return float64(time.Now().UnixMicro()-sent) / 1000, err == nil
}
