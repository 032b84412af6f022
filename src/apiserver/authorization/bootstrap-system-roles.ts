/** The roles of the cluster's own parts, beside its controllers, and what everybody may do. */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import {
  clusterRole,
  eventsRule,
  READ,
  READ_UPDATE,
  READ_WRITE,
  rule,
  urls,
} from './bootstrap-rules.ts'

const CERTIFICATES = 'certificates.k8s.io'
const reviews = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
]

/** Also the base of the node authorizer, which narrows some of them to the node's own objects. */
export const nodeRules = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
  rule(READ, 'core', 'services'),
  rule('create get list watch', 'core', 'nodes'),
  rule('patch update', 'core', 'nodes/status'),
  rule('patch update', 'core', 'nodes'),
  eventsRule,
  rule(READ, 'core', 'pods'),
  rule('create delete', 'core', 'pods'),
  rule('patch update', 'core', 'pods/status'),
  rule('create', 'core', 'pods/eviction'),
  rule(READ, 'core', 'configmaps secrets'),
  rule('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('get', 'core', 'endpoints'),
  rule('create get list watch', CERTIFICATES, 'certificatesigningrequests'),
  rule('create delete get patch update', 'coordination.k8s.io', 'leases'),
  rule('get', 'storage.k8s.io', 'volumeattachments'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule('get patch update', 'core', 'persistentvolumeclaims/status'),
  rule(READ, 'storage.k8s.io', 'csidrivers'),
  rule('create delete get patch update', 'storage.k8s.io', 'csinodes'),
  rule(READ, 'node.k8s.io', 'runtimeclasses'),
  rule('get', 'resource.k8s.io', 'resourceclaims'),
  rule('deletecollection', 'resource.k8s.io', 'resourceslices'),
  rule(READ, CERTIFICATES, 'clustertrustbundles'),
  rule('get', 'core', 'serviceaccounts'),
]

const approver = (name: string, signer: string) =>
  clusterRole(`system:${CERTIFICATES}:${name}`, [rule('approve', CERTIFICATES, 'signers', signer)])

export const systemRoles: readonly ClusterRole[] = [
  clusterRole('system:discovery', [
    urls(
      'get',
      '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/',
    ),
  ]),
  clusterRole('system:monitoring', [
    urls('get', '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
    urls('get', '/flagz'),
    urls('get', '/statusz'),
    rule('get', 'core', 'nodes/metrics'),
  ]),
  clusterRole('system:basic-user', [
    rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ]),
  clusterRole('system:public-info-viewer', [
    urls('get', '/healthz /livez /readyz /version /version/'),
  ]),
  clusterRole('system:heapster', [
    rule(READ, 'core', 'events namespaces nodes pods'),
    rule(READ, 'extensions', 'deployments'),
  ]),
  clusterRole('system:node', nodeRules),
  clusterRole('system:node-problem-detector', [
    rule('get', 'core', 'nodes'),
    rule('patch', 'core', 'nodes/status'),
    eventsRule,
  ]),
  clusterRole('system:kubelet-api-admin', [
    rule(READ, 'core', 'nodes'),
    rule('proxy', 'core', 'nodes'),
    rule('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats'),
    rule('*', 'core', 'nodes/configz nodes/healthz nodes/pods'),
  ]),
  clusterRole('system:node-bootstrapper', [
    rule('create get list watch', CERTIFICATES, 'certificatesigningrequests'),
  ]),
  clusterRole('system:auth-delegator', reviews),
  clusterRole('system:kube-aggregator', [rule(READ, 'core', 'endpoints services')]),
  clusterRole('system:kube-controller-manager', [
    eventsRule,
    rule('create', 'coordination.k8s.io', 'leases'),
    rule('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
    rule('create', 'core', 'secrets serviceaccounts'),
    rule('delete', 'core', 'secrets'),
    rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
    rule('update', 'core', 'secrets serviceaccounts'),
    ...reviews,
    // All shared informers.
    rule('list watch', '*', '*'),
    rule('create', 'core', 'serviceaccounts/token'),
  ]),
  // Beyond upstream's rule: CoreDNS and our own server read slices and namespaces, which CoreDNS brings a role of its own for, and what is imported of other clusters.
  clusterRole('system:kube-dns', [
    rule('list watch', 'core', 'endpoints services namespaces pods'),
    rule('list watch', 'discovery.k8s.io', 'endpointslices'),
    rule('list watch', 'apiextensions.k8s.io', 'customresourcedefinitions'),
    rule('list watch', 'multicluster.x-k8s.io', 'serviceimports'),
  ]),
  clusterRole('system:persistent-volume-provisioner', [
    rule('create delete get list watch', 'core', 'persistentvolumes'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    rule('watch', 'core', 'events'),
    eventsRule,
  ]),
  ...['nodeclient', 'selfnodeclient'].map(name =>
    clusterRole(`system:${CERTIFICATES}:certificatesigningrequests:${name}`, [
      rule('create', CERTIFICATES, `certificatesigningrequests/${name}`),
    ]),
  ),
  approver('legacy-unknown-approver', 'kubernetes.io/legacy-unknown'),
  approver('kubelet-serving-approver', 'kubernetes.io/kubelet-serving'),
  approver('kube-apiserver-client-approver', 'kubernetes.io/kube-apiserver-client'),
  approver('kube-apiserver-client-kubelet-approver', 'kubernetes.io/kube-apiserver-client-kubelet'),
  clusterRole('system:cluster-trust-bundle-discovery', [
    rule(READ, CERTIFICATES, 'clustertrustbundles'),
  ]),
  clusterRole('system:service-account-issuer-discovery', [
    urls(
      'get',
      `/.well-known/openid-configuration /.well-known/openid-configuration/
       /openid/v1/jwks /openid/v1/jwks/`,
    ),
  ]),
  clusterRole('system:node-proxier', [
    rule('list watch', 'core', 'endpoints services'),
    rule(READ, 'core', 'nodes'),
    eventsRule,
    rule('list watch', 'networking.k8s.io', 'servicecidrs'),
    rule('list watch', 'discovery.k8s.io', 'endpointslices'),
  ]),
  clusterRole('system:volume-scheduler', [
    rule(READ_UPDATE, 'core', 'persistentvolumes'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    rule(READ_UPDATE, 'core', 'persistentvolumeclaims'),
  ]),
  clusterRole('system:kube-scheduler', [
    eventsRule,
    rule('create', 'coordination.k8s.io', 'leases'),
    rule('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
    rule(READ_WRITE, 'coordination.k8s.io', 'leasecandidates'),
    rule(READ, 'core', 'nodes'),
    rule('delete get list watch', 'core', 'pods'),
    rule('create', 'core', 'bindings pods/binding'),
    rule('patch update', 'core', 'pods/status'),
    rule(READ, 'core', 'replicationcontrollers services'),
    rule(READ, 'apps extensions', 'replicasets'),
    rule(READ, 'apps', 'statefulsets'),
    rule(READ, 'policy', 'poddisruptionbudgets'),
    rule(READ, 'core', 'persistentvolumeclaims persistentvolumes'),
    ...reviews,
    rule(READ, 'storage.k8s.io', 'csinodes'),
    rule(READ, 'storage.k8s.io', 'volumeattachments'),
    rule(READ, 'core', 'namespaces'),
    rule(READ, 'storage.k8s.io', 'csidrivers'),
    rule(READ, 'storage.k8s.io', 'csistoragecapacities'),
    rule(READ, 'resource.k8s.io', 'deviceclasses'),
    rule(READ_UPDATE, 'resource.k8s.io', 'resourceclaims'),
    rule('create delete', 'resource.k8s.io', 'resourceclaims'),
    rule(READ_UPDATE, 'resource.k8s.io', 'resourceclaims/status'),
    rule('update', 'core', 'pods/finalizers'),
    rule(READ, 'resource.k8s.io', 'resourceslices'),
    rule(READ, 'resource.k8s.io', 'devicetaintrules'),
    rule('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
  ]),
]
