// A cloud controller manager of upstream's making: k8s.io/cloud-provider's controllers over a provider that asks the same HTTP endpoint
// as Proa's provider `http` does, so that both managers can be held against one cloud. See ../cloud.test.ts for how it is built and run.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	cloudprovider "k8s.io/cloud-provider"
	"k8s.io/cloud-provider/api"
	"k8s.io/cloud-provider/app"
	"k8s.io/cloud-provider/app/config"
	"k8s.io/cloud-provider/names"
	"k8s.io/cloud-provider/options"
	"k8s.io/component-base/cli"
	cliflag "k8s.io/component-base/cli/flag"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"sigs.k8s.io/yaml"
)

const name = "http"

type configuration struct {
	URL string `json:"url"`
}

type remote struct{ url string }

type failure struct {
	Message           string `json:"message"`
	Reason            string `json:"reason"`
	RetryAfterSeconds int    `json:"retryAfterSeconds"`
}

func (r *remote) call(ctx context.Context, request string, body, answer any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/"+request, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(post)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return json.NewDecoder(response.Body).Decode(answer)
	}
	told := failure{}
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
		return err
	}
	switch told.Reason {
	case "InstanceNotFound":
		return cloudprovider.InstanceNotFound
	case "ImplementedElsewhere":
		return cloudprovider.ImplementedElsewhere
	case "RetryAfter":
		return api.NewRetryError(told.Message, time.Duration(told.RetryAfterSeconds)*time.Second)
	}
	return errors.New(told.Message)
}

func (r *remote) Initialize(cloudprovider.ControllerClientBuilder, <-chan struct{}) {}
func (r *remote) LoadBalancer() (cloudprovider.LoadBalancer, bool)                  { return r, true }
func (r *remote) Instances() (cloudprovider.Instances, bool)                        { return nil, false }
func (r *remote) InstancesV2() (cloudprovider.InstancesV2, bool)                    { return r, true }
func (r *remote) Zones() (cloudprovider.Zones, bool)                                { return nil, false }
func (r *remote) Clusters() (cloudprovider.Clusters, bool)                          { return nil, false }
func (r *remote) Routes() (cloudprovider.Routes, bool)                              { return r, true }
func (r *remote) ProviderName() string                                              { return name }
func (r *remote) HasClusterID() bool                                                { return true }

type nodeCall struct {
	Node *v1.Node `json:"node"`
}

func (r *remote) InstanceExists(ctx context.Context, node *v1.Node) (bool, error) {
	answer := struct{ Exists bool }{}
	err := r.call(ctx, "instance-exists", nodeCall{node}, &answer)
	return answer.Exists, err
}

func (r *remote) InstanceShutdown(ctx context.Context, node *v1.Node) (bool, error) {
	answer := struct{ Shutdown bool }{}
	err := r.call(ctx, "instance-shutdown", nodeCall{node}, &answer)
	return answer.Shutdown, err
}

func (r *remote) InstanceMetadata(ctx context.Context, node *v1.Node) (*cloudprovider.InstanceMetadata, error) {
	answer := struct {
		Metadata struct {
			ProviderID, InstanceType, Zone, Region string
			NodeAddresses                          []v1.NodeAddress
			AdditionalLabels                       map[string]string
		}
	}{}
	if err := r.call(ctx, "instance-metadata", nodeCall{node}, &answer); err != nil {
		return nil, err
	}
	told := answer.Metadata
	return &cloudprovider.InstanceMetadata{
		ProviderID: told.ProviderID, InstanceType: told.InstanceType, Zone: told.Zone, Region: told.Region,
		NodeAddresses: told.NodeAddresses, AdditionalLabels: told.AdditionalLabels,
	}, nil
}

type balancerCall struct {
	ClusterName string      `json:"clusterName"`
	Service     *v1.Service `json:"service"`
	Nodes       []*v1.Node  `json:"nodes,omitempty"`
}

func (r *remote) GetLoadBalancer(ctx context.Context, cluster string, service *v1.Service) (*v1.LoadBalancerStatus, bool, error) {
	answer := struct{ Status *v1.LoadBalancerStatus }{}
	err := r.call(ctx, "get-load-balancer", balancerCall{ClusterName: cluster, Service: service}, &answer)
	return answer.Status, answer.Status != nil, err
}

func (r *remote) GetLoadBalancerName(_ context.Context, _ string, service *v1.Service) string {
	return cloudprovider.DefaultLoadBalancerName(service)
}

func (r *remote) EnsureLoadBalancer(ctx context.Context, cluster string, service *v1.Service, nodes []*v1.Node) (*v1.LoadBalancerStatus, error) {
	answer := struct{ Status v1.LoadBalancerStatus }{}
	if err := r.call(ctx, "ensure-load-balancer", balancerCall{cluster, service, nodes}, &answer); err != nil {
		return nil, err
	}
	return &answer.Status, nil
}

func (r *remote) UpdateLoadBalancer(ctx context.Context, cluster string, service *v1.Service, nodes []*v1.Node) error {
	return r.call(ctx, "update-load-balancer", balancerCall{cluster, service, nodes}, &struct{}{})
}

func (r *remote) EnsureLoadBalancerDeleted(ctx context.Context, cluster string, service *v1.Service) error {
	return r.call(ctx, "ensure-load-balancer-deleted", balancerCall{ClusterName: cluster, Service: service}, &struct{}{})
}

type route struct {
	Name                string           `json:"name"`
	TargetNode          string           `json:"targetNode"`
	TargetNodeAddresses []v1.NodeAddress `json:"targetNodeAddresses,omitempty"`
	DestinationCIDR     string           `json:"destinationCIDR"`
	Blackhole           bool             `json:"blackhole,omitempty"`
}

type routeCall struct {
	ClusterName string `json:"clusterName"`
	NameHint    string `json:"nameHint,omitempty"`
	Route       *route `json:"route,omitempty"`
}

func told(r *cloudprovider.Route) *route {
	return &route{r.Name, string(r.TargetNode), r.TargetNodeAddresses, r.DestinationCIDR, r.Blackhole}
}

func (r *remote) ListRoutes(ctx context.Context, cluster string) ([]*cloudprovider.Route, error) {
	answer := struct{ Routes []route }{}
	if err := r.call(ctx, "list-routes", routeCall{ClusterName: cluster}, &answer); err != nil {
		return nil, err
	}
	routes := []*cloudprovider.Route{}
	for _, each := range answer.Routes {
		routes = append(routes, &cloudprovider.Route{
			Name: each.Name, TargetNode: types.NodeName(each.TargetNode), DestinationCIDR: each.DestinationCIDR, Blackhole: each.Blackhole,
			EnableNodeAddresses: len(each.TargetNodeAddresses) > 0, TargetNodeAddresses: each.TargetNodeAddresses,
		})
	}
	return routes, nil
}

func (r *remote) CreateRoute(ctx context.Context, cluster, hint string, asked *cloudprovider.Route) error {
	return r.call(ctx, "create-route", routeCall{cluster, hint, told(asked)}, &struct{}{})
}

func (r *remote) DeleteRoute(ctx context.Context, cluster string, asked *cloudprovider.Route) error {
	return r.call(ctx, "delete-route", routeCall{ClusterName: cluster, Route: told(asked)}, &struct{}{})
}

func main() {
	cloudprovider.RegisterCloudProvider(name, func(file io.Reader) (cloudprovider.Interface, error) {
		if file == nil {
			return nil, errors.New("--cloud-config names no file")
		}
		text, err := io.ReadAll(file)
		if err != nil {
			return nil, err
		}
		read := configuration{}
		if err := yaml.Unmarshal(text, &read); err != nil {
			return nil, err
		}
		return &remote{read.URL}, nil
	})
	options, err := options.NewCloudControllerManagerOptions()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	open := func(completed *config.CompletedConfig) cloudprovider.Interface {
		shared := completed.ComponentConfig.KubeCloudShared.CloudProvider
		cloud, err := cloudprovider.InitCloudProvider(shared.Name, shared.CloudConfigFile)
		if err != nil || cloud == nil {
			fmt.Fprintln(os.Stderr, "no cloud:", err)
			os.Exit(1)
		}
		return cloud
	}
	command := app.NewCloudControllerManagerCommand(
		options, open, app.DefaultInitFuncConstructors, names.CCMControllerAliases(), cliflag.NamedFlagSets{}, wait.NeverStop)
	os.Exit(cli.Run(command))
}
