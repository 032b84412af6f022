/** What --controllers understands beside the names of the controllers that are here. */

/** All of upstream's controllers: whoever switches one off that Proa does not have (yet) gets what they want. */
export const UPSTREAM = new Set(
  `bootstrap-signer-controller certificatesigningrequest-approving-controller
   certificatesigningrequest-cleaner-controller certificatesigningrequest-signing-controller
   cloud-node-lifecycle-controller clusterrole-aggregation-controller cronjob-controller
   daemonset-controller deployment-controller device-taint-eviction-controller disruption-controller
   endpoints-controller endpointslice-controller endpointslice-mirroring-controller
   ephemeral-volume-controller garbage-collector-controller horizontal-pod-autoscaler-controller
   job-controller kube-apiserver-serving-clustertrustbundle-publisher-controller
   legacy-serviceaccount-token-cleaner-controller namespace-controller node-ipam-controller
   node-lifecycle-controller node-route-controller persistentvolume-attach-detach-controller
   persistentvolume-binder-controller persistentvolume-expander-controller
   persistentvolume-protection-controller persistentvolumeclaim-protection-controller
   pod-garbage-collector-controller podcertificaterequest-cleaner-controller
   podgroup-protection-controller replicaset-controller replicationcontroller-controller
   resourceclaim-controller resourcepoolstatusrequest-controller resourcequota-controller
   root-ca-certificate-publisher-controller selinux-warning-controller service-cidr-controller
   service-lb-controller serviceaccount-controller serviceaccount-token-controller statefulset-controller
   storage-version-migrator-controller storageversion-garbage-collector-controller taint-eviction-controller
   token-cleaner-controller ttl-after-finished-controller ttl-controller
   validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller`.split(
    /\s+/,
  ),
)

/** Upstream's older, shorter names, which it still takes. */
export const ALIASES: Readonly<Record<string, string>> = {
  daemonset: 'daemonset-controller',
  deployment: 'deployment-controller',
  endpoint: 'endpoints-controller',
  endpointslice: 'endpointslice-controller',
  endpointslicemirroring: 'endpointslice-mirroring-controller',
  'ephemeral-volume': 'ephemeral-volume-controller',
  garbagecollector: 'garbage-collector-controller',
  job: 'job-controller',
  cronjob: 'cronjob-controller',
  'ttl-after-finished': 'ttl-after-finished-controller',
  resourcequota: 'resourcequota-controller',
  disruption: 'disruption-controller',
  'clusterrole-aggregation': 'clusterrole-aggregation-controller',
  ttl: 'ttl-controller',
  bootstrapsigner: 'bootstrap-signer-controller',
  tokencleaner: 'token-cleaner-controller',
  csrapproving: 'certificatesigningrequest-approving-controller',
  csrsigning: 'certificatesigningrequest-signing-controller',
  csrcleaner: 'certificatesigningrequest-cleaner-controller',
  horizontalpodautoscaling: 'horizontal-pod-autoscaler-controller',
  namespace: 'namespace-controller',
  nodeipam: 'node-ipam-controller',
  nodelifecycle: 'node-lifecycle-controller',
  'persistentvolume-binder': 'persistentvolume-binder-controller',
  attachdetach: 'persistentvolume-attach-detach-controller',
  'persistentvolume-expander': 'persistentvolume-expander-controller',
  'pv-protection': 'persistentvolume-protection-controller',
  'pvc-protection': 'persistentvolumeclaim-protection-controller',
  podgc: 'pod-garbage-collector-controller',
  replicaset: 'replicaset-controller',
  'resource-claim-controller': 'resourceclaim-controller',
  replicationcontroller: 'replicationcontroller-controller',
  'root-ca-cert-publisher': 'root-ca-certificate-publisher-controller',
  serviceaccount: 'serviceaccount-controller',
  'serviceaccount-token': 'serviceaccount-token-controller',
  'legacy-service-account-token-cleaner': 'legacy-serviceaccount-token-cleaner-controller',
  statefulset: 'statefulset-controller',
  svm: 'storage-version-migrator-controller',
}
