/** Upstream's names of admission plugins, as `--enable-admission-plugins` and `--disable-admission-plugins` know them, by how they stand here. */

/** Steps of ours. They are always on, unless somebody turns them off. */
export const OWN_PLUGINS = [
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'ClusterTrustBundleAttest',
  'DefaultIngressClass',
  'DefaultStorageClass',
  'DefaultTolerationSeconds',
  'LimitRanger',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'NamespaceLifecycle',
  'NodeDeclaredFeatureValidator',
  'NodeRestriction',
  'PersistentVolumeClaimResize',
  'PodResizeValidator',
  'PodSecurity',
  'PodTopologyLabels',
  'Priority',
  'ResourceQuota',
  'RuntimeClass',
  'ServiceAccount',
  'StorageObjectInUseProtection',
  'TaintNodesByCondition',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
] as const

/** On by default upstream; here kinds and validation do what they do, so they cannot be turned off. */
export const BUILT_IN_PLUGINS = [
  'JobValidation',
  'PodGroupProtection',
  'PodGroupWorkloadExists',
] as const

/** Off by default, as upstream. */
export const OPTIONAL_PLUGINS = [
  'AlwaysAdmit',
  'AlwaysDeny',
  'AlwaysPullImages',
  'DenyServiceExternalIPs',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'ImagePolicyWebhook',
  'LimitPodHardAntiAffinityTopology',
  'NamespaceAutoProvision',
  'NamespaceExists',
  'OwnerReferencesPermissionEnforcement',
  'PodNodeSelector',
  'PodTolerationRestriction',
  'SchedulingPolicy',
] as const
export type OptionalPlugin = (typeof OPTIONAL_PLUGINS)[number]
