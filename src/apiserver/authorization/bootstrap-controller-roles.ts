/**
 * One role for each controller, bound to the service account of the same name in kube-system, so that a controller that goes wrong can
 * only go wrong in what it is for.
 */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { PolicyRule } from '#api/rbac/v1/rules.ts'
import { clusterRole, eventsRule, READ, rule } from './bootstrap-rules.ts'

export const CONTROLLER_ROLE_PREFIX = 'system:controller:'

const CERTIFICATES = 'certificates.k8s.io'
const STORAGE = 'storage.k8s.io'
const METRICS = 'metrics.k8s.io'
const ADMISSION = 'admissionregistration.k8s.io'
const NETWORKING = 'networking.k8s.io'
const RESOURCE = 'resource.k8s.io'
const BOTH_APPS = 'apps extensions'
const MANAGE = 'create delete get list patch update watch'

const rulesByController: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    rule('list watch', 'core', 'persistentvolumeclaims persistentvolumes'),
    rule(READ, 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('list watch', 'core', 'pods'),
    eventsRule,
    rule('create delete get list watch', STORAGE, 'volumeattachments'),
    rule(READ, STORAGE, 'csidrivers'),
    rule(READ, STORAGE, 'csinodes'),
  ],
  'certificate-controller': [
    rule('delete get list watch', CERTIFICATES, 'certificatesigningrequests'),
    rule(
      'update',
      CERTIFICATES,
      'certificatesigningrequests/approval certificatesigningrequests/status',
    ),
    rule('approve', CERTIFICATES, 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
    rule(
      'sign',
      CERTIFICATES,
      'signers',
      `kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet
       kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown`,
    ),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    eventsRule,
  ],
  'clusterrole-aggregation-controller': [
    rule('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles'),
  ],
  'cronjob-controller': [
    rule('get list update watch', 'batch', 'cronjobs'),
    rule(MANAGE, 'batch', 'jobs'),
    rule('update', 'batch', 'cronjobs/status'),
    rule('update', 'batch', 'cronjobs/finalizers'),
    rule('delete list watch', 'core', 'pods'),
    eventsRule,
  ],
  'daemon-set-controller': [
    rule(READ, BOTH_APPS, 'daemonsets'),
    rule('update', BOTH_APPS, 'daemonsets/status'),
    rule('update', BOTH_APPS, 'daemonsets/finalizers'),
    rule('list watch', 'core', 'nodes'),
    rule('create delete list patch watch', 'core', 'pods'),
    rule('create', 'core', 'pods/binding'),
    rule(MANAGE, 'apps', 'controllerrevisions'),
    eventsRule,
  ],
  'deployment-controller': [
    rule('get list update watch', BOTH_APPS, 'deployments'),
    rule('update', BOTH_APPS, 'deployments/status'),
    rule('update', BOTH_APPS, 'deployments/finalizers'),
    rule(MANAGE, BOTH_APPS, 'replicasets'),
    rule('get list update watch', 'core', 'pods'),
    eventsRule,
  ],
  'device-taint-eviction-controller': [
    rule('delete get list watch', 'core', 'pods'),
    rule('patch update', 'core', 'pods/status'),
    rule(READ, RESOURCE, 'resourceclaims'),
    rule(READ, RESOURCE, 'resourceslices'),
    rule(READ, RESOURCE, 'deviceclasses'),
    eventsRule,
  ],
  'disruption-controller': [
    rule(READ, BOTH_APPS, 'deployments'),
    rule(READ, BOTH_APPS, 'replicasets'),
    rule(READ, 'core', 'replicationcontrollers'),
    rule(READ, 'policy', 'poddisruptionbudgets'),
    rule(READ, 'apps', 'statefulsets'),
    rule('update', 'policy', 'poddisruptionbudgets/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('get', '*', '*/scale'),
    eventsRule,
  ],
  'endpoint-controller': [
    rule(READ, 'core', 'pods services'),
    rule('create delete get list update watch', 'core', 'endpoints'),
    rule('create', 'core', 'endpoints/restricted'),
    eventsRule,
  ],
  'endpointslice-controller': [
    rule(READ, 'core', 'nodes pods services'),
    rule('update', 'core', 'services/finalizers'),
    rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
    eventsRule,
  ],
  'endpointslicemirroring-controller': [
    rule(READ, 'core', 'endpoints services'),
    rule('update', 'core', 'services/finalizers'),
    rule('update', 'core', 'endpoints/finalizers'),
    rule('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
    eventsRule,
  ],
  'ephemeral-volume-controller': [
    rule(READ, 'core', 'pods'),
    rule('update', 'core', 'pods/finalizers'),
    rule('create get list watch', 'core', 'persistentvolumeclaims'),
    eventsRule,
  ],
  'expand-controller': [
    rule('get list patch update watch', 'core', 'persistentvolumes'),
    rule('patch update', 'core', 'persistentvolumeclaims/status'),
    rule(READ, 'core', 'persistentvolumeclaims'),
    eventsRule,
    rule('get', 'core', 'services'),
  ],
  'generic-garbage-collector': [rule('delete get list patch update watch', '*', '*'), eventsRule],
  'horizontal-pod-autoscaler': [
    rule(READ, 'autoscaling', 'horizontalpodautoscalers'),
    rule('update', 'autoscaling', 'horizontalpodautoscalers/status'),
    rule('get update', '*', '*/scale'),
    rule('list watch', 'core', 'pods'),
    rule('list watch', METRICS, 'pods'),
    rule(READ, `custom.${METRICS}`, '*'),
    rule(READ, `external.${METRICS}`, '*'),
    eventsRule,
  ],
  'job-controller': [
    rule('get list patch update watch', 'batch', 'jobs'),
    rule('update', 'batch', 'jobs/status'),
    rule('update', 'batch', 'jobs/finalizers'),
    rule('create delete list patch watch', 'core', 'pods'),
    eventsRule,
  ],
  'legacy-service-account-token-cleaner': [
    rule('get', 'core', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'),
    rule('delete patch', 'core', 'secrets'),
  ],
  'namespace-controller': [
    rule('delete get list watch', 'core', 'namespaces'),
    rule('update', 'core', 'namespaces/finalize namespaces/status'),
    rule('delete deletecollection get list watch', '*', '*'),
  ],
  'node-controller': [
    rule('delete get list patch update watch', 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('delete get list watch', 'core', 'pods'),
    eventsRule,
  ],
  'persistent-volume-binder': [
    rule('create delete get list update watch', 'core', 'persistentvolumes'),
    rule('update', 'core', 'persistentvolumes/status'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule('create delete get list watch', 'core', 'pods'),
    rule(READ, STORAGE, 'storageclasses'),
    rule('list watch', 'core', 'nodes'),
    eventsRule,
    rule('watch', 'core', 'events'),
    rule('get', 'core', 'services'),
  ],
  'pod-garbage-collector': [
    rule('delete list watch', 'core', 'pods'),
    rule(READ, 'core', 'nodes'),
    rule('patch', 'core', 'pods/status'),
  ],
  'pv-protection-controller': [
    rule('get list update watch', 'core', 'persistentvolumes'),
    eventsRule,
  ],
  'pvc-protection-controller': [
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule(READ, 'core', 'pods'),
    eventsRule,
  ],
  'replicaset-controller': [
    rule('get list update watch', BOTH_APPS, 'replicasets'),
    rule('update', BOTH_APPS, 'replicasets/status'),
    rule('update', BOTH_APPS, 'replicasets/finalizers'),
    rule('create delete list patch watch', 'core', 'pods'),
    eventsRule,
  ],
  'replication-controller': [
    rule('get list update watch', 'core', 'replicationcontrollers'),
    rule('update', 'core', 'replicationcontrollers/status'),
    rule('update', 'core', 'replicationcontrollers/finalizers'),
    rule('create delete list patch watch', 'core', 'pods'),
    eventsRule,
  ],
  'resource-claim-controller': [
    rule(READ, 'core', 'pods'),
    rule('update', 'core', 'pods/finalizers'),
    rule('create delete get list watch', RESOURCE, 'resourceclaims'),
    rule('patch update', RESOURCE, 'resourceclaims resourceclaims/status'),
    rule('patch update', 'core', 'pods/status'),
    eventsRule,
    rule('patch update', RESOURCE, 'resourceclaims/binding'),
  ],
  'resourcequota-controller': [
    rule('list watch', '*', '*'),
    rule('update', 'core', 'resourcequotas/status'),
    eventsRule,
  ],
  'root-ca-cert-publisher': [rule('create update', 'core', 'configmaps'), eventsRule],
  'route-controller': [
    rule('list watch', 'core', 'nodes'),
    rule('patch', 'core', 'nodes/status'),
    eventsRule,
  ],
  // Whoever switches that controller on finds its role, as upstream.
  'selinux-warning-controller': [
    rule(READ, 'core', 'persistentvolumeclaims persistentvolumes pods'),
    rule(READ, STORAGE, 'csidrivers'),
    eventsRule,
  ],
  'service-account-controller': [rule('create', 'core', 'serviceaccounts'), eventsRule],
  'service-controller': [
    rule(READ, 'core', 'services'),
    rule('patch update', 'core', 'services/status'),
    rule('list watch', 'core', 'nodes'),
    eventsRule,
  ],
  'service-cidrs-controller': [
    rule('get list patch update watch', NETWORKING, 'servicecidrs'),
    rule('patch update', NETWORKING, 'servicecidrs/finalizers'),
    rule('patch update', NETWORKING, 'servicecidrs/status'),
    rule(READ, NETWORKING, 'ipaddresses'),
    eventsRule,
  ],
  'statefulset-controller': [
    rule('list watch', 'core', 'pods'),
    rule(READ, 'apps', 'statefulsets'),
    rule('update', 'apps', 'statefulsets/status'),
    rule('update', 'apps', 'statefulsets/finalizers'),
    rule('create delete get patch update', 'core', 'pods'),
    rule(MANAGE, 'apps', 'controllerrevisions'),
    rule('create get list watch', 'core', 'persistentvolumeclaims'),
    rule('delete update', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'pods/finalizers'),
    eventsRule,
  ],
  'ttl-after-finished-controller': [rule('delete get list watch', 'batch', 'jobs'), eventsRule],
  'ttl-controller': [rule('list patch update watch', 'core', 'nodes'), eventsRule],
  'validatingadmissionpolicy-status-controller': [
    rule(READ, ADMISSION, 'validatingadmissionpolicies'),
    rule('get patch update', ADMISSION, 'validatingadmissionpolicies/status'),
    eventsRule,
  ],
  'volumeattributesclass-protection-controller': [
    rule(READ, 'core', 'persistentvolumeclaims'),
    rule(READ, 'core', 'persistentvolumes'),
    rule('get list update watch', STORAGE, 'volumeattributesclasses'),
    eventsRule,
  ],
}

/**
 * What controllers may beyond upstream's roles, by account: those behind a feature gate that is off by default upstream, which makes no roles
 * for them either, and our own.
 */
export const ownControllerRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  // Brings the class of its volumes.
  'local-path-provisioner': [
    rule('create', STORAGE, 'storageclasses'),
    rule('create delete update', 'core', 'persistentvolumes'),
    rule('update', 'core', 'persistentvolumeclaims'),
    eventsRule,
  ],
  'device-taint-eviction-controller': [
    rule(READ, RESOURCE, 'devicetaintrules'),
    rule('patch update', RESOURCE, 'devicetaintrules/status'),
  ],
  podcertificaterequestcleaner: [
    rule('delete get list watch', CERTIFICATES, 'podcertificaterequests'),
    eventsRule,
  ],
  'kube-apiserver-serving-clustertrustbundle-publisher': [
    rule('attest', CERTIFICATES, 'signers', 'kubernetes.io/kube-apiserver-serving'),
    rule('create delete list update watch', CERTIFICATES, 'clustertrustbundles'),
    eventsRule,
  ],
  'storage-version-migrator-controller': [
    rule('get list patch update', '*', '*'),
    rule('update', 'storagemigration.k8s.io', 'storageversionmigrations/status'),
    rule('patch', 'apiextensions.k8s.io', 'customresourcedefinitions/status'),
    eventsRule,
  ],
}

export const controllerNames: readonly string[] = Object.keys(rulesByController)

export const controllerRoles: readonly ClusterRole[] = Object.entries(rulesByController).map(
  ([name, rules]) => clusterRole(`${CONTROLLER_ROLE_PREFIX}${name}`, [...rules]),
)
