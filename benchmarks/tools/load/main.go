// The load of `npm run bench -- api`: one operation, as many clients as asked, for so many seconds. Prints one line of JSON.
//
//	load -kubeconfig FILE -op get -clients 16 -seconds 5
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// result is what a run found out. Latencies are in milliseconds.
type result struct {
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50"`
	P99       float64 `json:"p99"`
	Errors    int     `json:"errors"`
	// Of watches: writes a second that went on meanwhile, and the lag of events, which take the place of latencies.
	WritesPerSecond float64 `json:"writesPerSecond,omitempty"`
	// Of watches: how many the server ended.
	Ended int `json:"ended,omitempty"`
}

type options struct {
	op       string
	clients  int
	duration time.Duration
	watchers int
	// Objects that are there: get, update, patch and apply go round them, lists show them.
	objects int
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the server")
	var o options
	flag.StringVar(&o.op, "op", "get", "create, get, update, patch, apply, delete, lean-get, lean-list, lean-large, lean-probe, watch, prepare")
	flag.IntVar(&o.clients, "clients", 16, "how many at once")
	flag.IntVar(&o.watchers, "watchers", 100, "how many watches")
	flag.IntVar(&o.objects, "objects", 500, "how many ConfigMaps are there")
	seconds := flag.Float64("seconds", 5, "for how long")
	flag.Parse()
	o.duration = time.Duration(*seconds * float64(time.Second))
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fail(err)
	}
	config.QPS = -1
	found, err := run(config, o)
	if err != nil {
		fail(err)
	}
	json.NewEncoder(os.Stdout).Encode(found)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func run(config *rest.Config, o options) (result, error) {
	switch o.op {
	case "prepare":
		return result{}, prepare(config, o)
	case "lean-get", "lean-list", "lean-large", "lean-probe":
		return lean(config, o)
	case "watch":
		return watchAll(config, o)
	default:
		return ordinary(config, o)
	}
}

// repeat lets each client do its operation until the time is over, and counts. `next` is the number of the operation among
// all clients' together; done reports that nothing is left to do.
func repeat(o options, do func(client, round int) (done bool, err error)) result {
	var mutex sync.Mutex
	var all []float64
	var errors int
	var group sync.WaitGroup
	start := time.Now()
	for client := range o.clients {
		group.Add(1)
		go func() {
			defer group.Done()
			var own []float64
			failed := 0
			for round := 0; time.Since(start) < o.duration; round++ {
				from := time.Now()
				done, err := do(client, round)
				if done {
					break
				}
				if err != nil {
					if failed == 0 {
						fmt.Fprintln(os.Stderr, o.op, err)
					}
					failed++
					continue
				}
				own = append(own, float64(time.Since(from).Microseconds())/1000)
			}
			mutex.Lock()
			all = append(all, own...)
			errors += failed
			mutex.Unlock()
		}()
	}
	group.Wait()
	return summary(all, errors, time.Since(start))
}

func summary(latencies []float64, errors int, took time.Duration) result {
	sort.Float64s(latencies)
	at := func(share float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return latencies[min(len(latencies)-1, int(share*float64(len(latencies))))]
	}
	return result{PerSecond: float64(len(latencies)) / took.Seconds(), P50: at(0.5), P99: at(0.99), Errors: errors}
}
