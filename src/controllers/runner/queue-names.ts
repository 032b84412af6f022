/** What upstream calls the work queues of its controllers, for dashboards tell them apart by that. */
const NAMES: Readonly<Record<string, string>> = {
  'bootstrap-signer-controller': 'bootstrap_signer_queue',
  'clusterrole-aggregation-controller': 'ClusterRoleAggregator',
  'cronjob-controller': 'cronjob',
  'daemonset-controller': 'daemonset',
  'deployment-controller': 'deployment',
  'disruption-controller': 'disruption',
  'endpoints-controller': 'endpoint',
  'endpointslice-controller': 'endpoint_slice',
  'endpointslice-mirroring-controller': 'endpoint_slice_mirroring',
  'ephemeral-volume-controller': 'ephemeral_volume',
  'garbage-collector-controller': 'garbage_collector_attempt_to_delete',
  'horizontal-pod-autoscaler-controller': 'horizontalpodautoscaler',
  'job-controller': 'job',
  'namespace-controller': 'namespace',
  'node-lifecycle-controller': 'node_lifecycle_controller',
  'persistentvolume-binder-controller': 'claims',
  'persistentvolume-expander-controller': 'volume_expand',
  'persistentvolume-protection-controller': 'pvprotection',
  'persistentvolumeclaim-protection-controller': 'pvcprotection',
  'podgroup-protection-controller': 'podgroupprotection',
  'replicaset-controller': 'replicaset',
  'replicationcontroller-controller': 'replicationmanager',
  'resourcequota-controller': 'resourcequota_primary',
  'root-ca-certificate-publisher-controller': 'root_ca_cert_publisher',
  'serviceaccount-controller': 'serviceaccount',
  'statefulset-controller': 'statefulset',
  'taint-eviction-controller': 'noexec_taint_pod',
  'token-cleaner-controller': 'token_cleaner',
  'ttl-after-finished-controller': 'ttl_jobs_to_delete',
  'selinux-warning-controller': 'selinux_warning',
  'ttl-controller': 'ttlcontroller',
  'volumeattributesclass-protection-controller': 'vacprotection',
}

/** Of a controller by its name; those whose queue upstream does not name are called as they are. */
export const queueNameOf = (controller: string): string =>
  NAMES[controller] ?? controller.replace(/-controller$/, '').replaceAll('-', '_')
