/** Every built-in kind, in the order of discovery: core first, then the groups as upstream ranks them. */

import { mutatingAdmissionPolicy } from './admissionregistration/v1/mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBinding } from './admissionregistration/v1/mutating-admission-policy-binding.ts'
import { mutatingWebhookConfiguration } from './admissionregistration/v1/mutating-webhook-configuration.ts'
import { validatingAdmissionPolicy } from './admissionregistration/v1/validating-admission-policy.ts'
import { validatingAdmissionPolicyBinding } from './admissionregistration/v1/validating-admission-policy-binding.ts'
import { validatingWebhookConfiguration } from './admissionregistration/v1/validating-webhook-configuration.ts'
import { mutatingAdmissionPolicy as alphaMutatingAdmissionPolicy } from './admissionregistration/v1alpha1/mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBinding as alphaMutatingAdmissionPolicyBinding } from './admissionregistration/v1alpha1/mutating-admission-policy-binding.ts'
import { mutatingAdmissionPolicy as betaMutatingAdmissionPolicy } from './admissionregistration/v1beta1/mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBinding as betaMutatingAdmissionPolicyBinding } from './admissionregistration/v1beta1/mutating-admission-policy-binding.ts'
import { customResourceDefinition } from './apiextensions/v1/custom-resource-definition.ts'
import { apiService } from './apiregistration/v1/api-service.ts'
import { storageVersion } from './apiserverinternal/v1alpha1/storage-version.ts'
import { controllerRevision } from './apps/v1/controller-revision.ts'
import { daemonSet } from './apps/v1/daemon-set.ts'
import { deployment } from './apps/v1/deployment.ts'
import { replicaSet } from './apps/v1/replica-set.ts'
import { statefulSet } from './apps/v1/stateful-set.ts'
import { selfSubjectReview } from './authentication/v1/self-subject-review.ts'
import { tokenReview } from './authentication/v1/token-review.ts'
import { localSubjectAccessReview } from './authorization/v1/local-subject-access-review.ts'
import { selfSubjectAccessReview } from './authorization/v1/self-subject-access-review.ts'
import { selfSubjectRulesReview } from './authorization/v1/self-subject-rules-review.ts'
import { subjectAccessReview } from './authorization/v1/subject-access-review.ts'
import { horizontalPodAutoscaler as olderHorizontalPodAutoscaler } from './autoscaling/v1/horizontal-pod-autoscaler.ts'
import { horizontalPodAutoscaler } from './autoscaling/v2/horizontal-pod-autoscaler.ts'
import { cronJob } from './batch/v1/cron-job.ts'
import { job } from './batch/v1/job.ts'
import { certificateSigningRequest } from './certificates/v1/certificate-signing-request.ts'
import { clusterTrustBundle as alphaClusterTrustBundle } from './certificates/v1alpha1/cluster-trust-bundle.ts'
import { clusterTrustBundle } from './certificates/v1beta1/cluster-trust-bundle.ts'
import { podCertificateRequest } from './certificates/v1beta1/pod-certificate-request.ts'
import { lease } from './coordination/v1/lease.ts'
import { leaseCandidate as alphaLeaseCandidate } from './coordination/v1alpha2/lease-candidate.ts'
import { leaseCandidate } from './coordination/v1beta1/lease-candidate.ts'
import { binding } from './core/v1/binding.ts'
import { componentStatus } from './core/v1/component-status.ts'
import { configMap } from './core/v1/config-map.ts'
import { endpoints } from './core/v1/endpoints.ts'
import { event } from './core/v1/event.ts'
import { limitRange } from './core/v1/limit-range.ts'
import { namespace } from './core/v1/namespace.ts'
import { node } from './core/v1/node.ts'
import { persistentVolume } from './core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from './core/v1/persistent-volume-claim.ts'
import { pod } from './core/v1/pod/pod.ts'
import { podTemplate } from './core/v1/pod-template.ts'
import { replicationController } from './core/v1/replication-controller.ts'
import { resourceQuota } from './core/v1/resource-quota.ts'
import { secret } from './core/v1/secret.ts'
import { service } from './core/v1/service.ts'
import { serviceAccount } from './core/v1/service-account.ts'
import { endpointSlice } from './discovery/v1/endpoint-slice.ts'
import { event as eventsEvent } from './events/v1/event.ts'
import { flowSchema } from './flowcontrol/v1/flow-schema.ts'
import { priorityLevelConfiguration } from './flowcontrol/v1/priority-level-configuration.ts'
import type { AnyKind } from './machinery/kind.ts'
import { ingress } from './networking/v1/ingress.ts'
import { ingressClass } from './networking/v1/ingress-class.ts'
import { ipAddress } from './networking/v1/ip-address.ts'
import { networkPolicy } from './networking/v1/network-policy.ts'
import { serviceCidr } from './networking/v1/service-cidr.ts'
import { ipAddress as betaIpAddress } from './networking/v1beta1/ip-address.ts'
import { serviceCidr as betaServiceCidr } from './networking/v1beta1/service-cidr.ts'
import { runtimeClass } from './node/v1/runtime-class.ts'
import { podDisruptionBudget } from './policy/v1/pod-disruption-budget.ts'
import { clusterRole } from './rbac/v1/cluster-role.ts'
import { clusterRoleBinding } from './rbac/v1/cluster-role-binding.ts'
import { role } from './rbac/v1/role.ts'
import { roleBinding } from './rbac/v1/role-binding.ts'
import { deviceClass } from './resource/v1/device-class.ts'
import { resourceClaim } from './resource/v1/resource-claim.ts'
import { resourceClaimTemplate } from './resource/v1/resource-claim-template.ts'
import { resourceSlice } from './resource/v1/resource-slice.ts'
import { deviceTaintRule } from './resource/v1alpha3/device-taint-rule.ts'
import { resourcePoolStatusRequest } from './resource/v1alpha3/resource-pool-status-request.ts'
import { deviceClass as beta1DeviceClass } from './resource/v1beta1/device-class.ts'
import { resourceClaim as beta1ResourceClaim } from './resource/v1beta1/resource-claim.ts'
import { resourceClaimTemplate as beta1ResourceClaimTemplate } from './resource/v1beta1/resource-claim-template.ts'
import { resourceSlice as beta1ResourceSlice } from './resource/v1beta1/resource-slice.ts'
import { deviceClass as beta2DeviceClass } from './resource/v1beta2/device-class.ts'
import { deviceTaintRule as beta2DeviceTaintRule } from './resource/v1beta2/device-taint-rule.ts'
import { resourceClaim as beta2ResourceClaim } from './resource/v1beta2/resource-claim.ts'
import { resourceClaimTemplate as beta2ResourceClaimTemplate } from './resource/v1beta2/resource-claim-template.ts'
import { resourceSlice as beta2ResourceSlice } from './resource/v1beta2/resource-slice.ts'
import { priorityClass } from './scheduling/v1/priority-class.ts'
import { podGroup } from './scheduling/v1alpha2/pod-group.ts'
import { workload } from './scheduling/v1alpha2/workload.ts'
import { csiDriver } from './storage/v1/csi-driver.ts'
import { csiNode } from './storage/v1/csi-node.ts'
import { csiStorageCapacity } from './storage/v1/csi-storage-capacity.ts'
import { storageClass } from './storage/v1/storage-class.ts'
import { volumeAttachment } from './storage/v1/volume-attachment.ts'
import { volumeAttributesClass } from './storage/v1/volume-attributes-class.ts'
import { volumeAttributesClass as betaVolumeAttributesClass } from './storage/v1beta1/volume-attributes-class.ts'
import { storageVersionMigration } from './storagemigration/v1beta1/storage-version-migration.ts'

export const kinds: readonly AnyKind[] = [
  binding,
  componentStatus,
  configMap,
  endpoints,
  event,
  limitRange,
  namespace,
  node,
  persistentVolumeClaim,
  persistentVolume,
  pod,
  podTemplate,
  replicationController,
  resourceQuota,
  secret,
  serviceAccount,
  service,
  apiService,
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
  eventsEvent,
  selfSubjectReview,
  tokenReview,
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
  horizontalPodAutoscaler,
  olderHorizontalPodAutoscaler,
  cronJob,
  job,
  certificateSigningRequest,
  clusterTrustBundle,
  podCertificateRequest,
  alphaClusterTrustBundle,
  ingress,
  ingressClass,
  ipAddress,
  networkPolicy,
  serviceCidr,
  betaIpAddress,
  betaServiceCidr,
  podDisruptionBudget,
  clusterRoleBinding,
  clusterRole,
  roleBinding,
  role,
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
  betaVolumeAttributesClass,
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  validatingWebhookConfiguration,
  betaMutatingAdmissionPolicy,
  betaMutatingAdmissionPolicyBinding,
  alphaMutatingAdmissionPolicy,
  alphaMutatingAdmissionPolicyBinding,
  customResourceDefinition,
  priorityClass,
  podGroup,
  workload,
  lease,
  leaseCandidate,
  alphaLeaseCandidate,
  runtimeClass,
  endpointSlice,
  deviceClass,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
  beta2DeviceClass,
  beta2DeviceTaintRule,
  beta2ResourceClaim,
  beta2ResourceClaimTemplate,
  beta2ResourceSlice,
  beta1DeviceClass,
  beta1ResourceClaim,
  beta1ResourceClaimTemplate,
  beta1ResourceSlice,
  deviceTaintRule,
  resourcePoolStatusRequest,
  flowSchema,
  priorityLevelConfiguration,
  storageVersion,
  storageVersionMigration,
]
