/**
 * All admission steps, in the order in which they run. A step may rely on those before it.
 */
import type { AdmissionStep } from './admission.ts'
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
  podCertificateSigning,
} from './certificates.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { deviceAdminAccess } from './device-admin-access.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeDeclaredFeatures } from './node-declared-features.ts'
import { nodeRestriction } from './node-restriction.ts'
import { alwaysAdmit, alwaysDeny } from './optional/always.ts'
import { alwaysPullImages } from './optional/always-pull-images.ts'
import { denyServiceExternalIPs } from './optional/deny-service-external-ips.ts'
import { eventRateLimit } from './optional/event-rate-limit.ts'
import { extendedResourceToleration } from './optional/extended-resource-toleration.ts'
import { limitPodHardAntiAffinityTopology } from './optional/hard-anti-affinity.ts'
import { imagePolicyWebhook } from './optional/image-policy-webhook.ts'
import { namespaceAutoProvision } from './optional/namespace-auto-provision.ts'
import { namespaceExists } from './optional/namespace-exists.ts'
import { ownerReferencesPermissionEnforcement } from './optional/owner-references-permission.ts'
import { podNodeSelector } from './optional/pod-node-selector.ts'
import { podTolerationRestriction } from './optional/pod-toleration-restriction.ts'
import { schedulingPolicy } from './optional/scheduling-policy.ts'
import type { OptionalPlugin } from './plugin-names.ts'
import { podResize } from './pod-resize.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { mutatingPolicies } from './policies/mutating.ts'
import { validatingPolicies } from './policies/validating.ts'
import { priority } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { resourceQuotaStep } from './resource-quota/resource-quota.ts'
import { runtimeClassStep } from './runtime-class.ts'
import { serviceAccountStep } from './service-account.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import {
  defaultStorageClass,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
} from './volumes.ts'
import { mutatingWebhooks } from './webhooks/mutating.ts'
import { validatingWebhooks } from './webhooks/validating.ts'
import type { AdmissionWorld } from './world.ts'

export interface StepEntry {
  /** Why it stands where it stands. */
  readonly why: string
  /** Made only where somebody turns it on by this name. */
  readonly optional?: OptionalPlugin
  readonly create: (world: AdmissionWorld) => AdmissionStep
}

export const admissionSteps: readonly StepEntry[] = [
  {
    why: 'anywhere: it does nothing',
    optional: 'AlwaysAdmit',
    create: () => alwaysAdmit,
  },
  {
    why: 'before whoever refuses what is to be in a namespace that is not there',
    optional: 'NamespaceAutoProvision',
    create: namespaceAutoProvision,
  },
  {
    why: 'first: in a namespace that is not there, nothing else needs an answer',
    create: namespaceLifecycle,
  },
  {
    why: 'where NamespaceLifecycle is, which it adds little to',
    optional: 'NamespaceExists',
    create: namespaceExists,
  },
  {
    why: 'judges pods alone, by what nobody changes',
    optional: 'LimitPodHardAntiAffinityTopology',
    create: () => limitPodHardAntiAffinityTopology,
  },
  {
    why: 'before all that look at what a pod asks for; what it judges in the end is the final pod',
    create: limitRanger,
  },
  {
    why: 'adds the volume and mounts that all later steps must see',
    create: serviceAccountStep,
  },
  {
    why: 'after ServiceAccount: a mirror pod must still be without account when it is looked at',
    create: nodeRestriction,
  },
  {
    why: 'after NodeRestriction: the taint is ours, not one that the node brought',
    create: () => taintNodesByCondition,
  },
  {
    why: 'changes pods alone, before anybody judges their images',
    optional: 'AlwaysPullImages',
    create: () => alwaysPullImages,
  },
  {
    why: 'whoever is outside is asked about images before the pod is judged, as upstream',
    optional: 'ImagePolicyWebhook',
    create: imagePolicyWebhook,
  },
  {
    why: 'judges the final pod, before people’s rules, which may count on it',
    create: podSecurity,
  },
  {
    why: 'adds what the namespace chooses, after its pods were judged, as upstream',
    optional: 'PodNodeSelector',
    create: podNodeSelector,
  },
  {
    why: 'before quotas, which count by priority',
    create: priority,
  },
  {
    why: 'adds only what is missing by then',
    create: defaultTolerationSeconds,
  },
  {
    why: 'before anything is done for an event that is one too many',
    optional: 'EventRateLimit',
    create: eventRateLimit,
  },
  {
    why: 'after all that tolerates something by default, which it judges, too',
    optional: 'PodTolerationRestriction',
    create: podTolerationRestriction,
  },
  {
    why: 'behind the other tolerations, as upstream',
    optional: 'ExtendedResourceToleration',
    create: () => extendedResourceToleration,
  },
  {
    why: 'after DefaultTolerationSeconds, as upstream: those of the class come behind the usual ones',
    create: runtimeClassStep,
  },
  {
    why: 'changes ingresses alone, so anywhere among those that change',
    create: defaultIngressClass,
  },
  {
    why: 'before rules that look at the class of a claim',
    create: defaultStorageClass,
  },
  {
    why: 'anywhere among those that change: nobody else looks at these finalizers',
    create: () => storageObjectInUseProtection,
  },
  {
    why: 'judges the size that is asked for, whatever made it so',
    create: persistentVolumeClaimResize,
  },
  {
    why: 'after all that knows nothing of nodes: labels of the place, for people’s rules to see',
    create: podTopologyLabels,
  },
  {
    why: 'a federation’s policy chooses clusters before people’s own rules look at them',
    optional: 'SchedulingPolicy',
    create: schedulingPolicy,
  },
  {
    why: 'people’s changes, before their webhooks, which cost more to ask and may still change the rest',
    create: mutatingPolicies,
  },
  {
    why: 'after all that changes: people’s webhooks see what would be stored, and have the last word',
    create: mutatingWebhooks,
  },
  {
    why: 'judges who writes a decision about a request, whatever is in it',
    create: certificateApproval,
  },
  {
    why: 'the same of answers to requests',
    create: certificateSigning,
  },
  {
    why: 'the same of answers to requests of pods',
    create: podCertificateSigning,
  },
  {
    why: 'the same of certificates that are to be trusted for a signer',
    create: clusterTrustBundleAttest,
  },
  {
    why: 'judges the subject of a request, whose signature was checked before',
    create: () => certificateSubjectRestriction,
  },
  {
    why: 'judges the final rules of roles and bindings',
    create: rbacEscalation,
  },
  {
    why: 'judges the final owners',
    optional: 'OwnerReferencesPermissionEnforcement',
    create: ownerReferencesPermissionEnforcement,
  },
  {
    why: 'judges the final requests of claims',
    create: deviceAdminAccess,
  },
  {
    why: 'whether a node can change what runs there comes before how much of it there is, as upstream',
    create: nodeDeclaredFeatures,
  },
  {
    why: 'judges the final size of a pod that runs',
    create: podResize,
  },
  {
    why: 'judges the final addresses of services',
    optional: 'DenyServiceExternalIPs',
    create: () => denyServiceExternalIPs,
  },
  {
    why: 'people’s rules, before the webhooks that cost more to ask',
    create: validatingPolicies,
  },
  {
    why: 'whoever is outside is asked only about what all rules within let pass',
    create: validatingWebhooks,
  },
  {
    why: 'last: what is refused for another reason must not be charged',
    create: resourceQuotaStep,
  },
  {
    why: 'behind all that may have better reasons to refuse',
    optional: 'AlwaysDeny',
    create: () => alwaysDeny,
  },
]

/** The steps, ready to run; of those that are off unless somebody wants them, the ones that are wanted. */
export function createAdmissionSteps(
  world: AdmissionWorld,
  wanted: ReadonlySet<string> = new Set(),
): AdmissionStep[] {
  return admissionSteps
    .filter(({ optional }) => optional === undefined || wanted.has(optional))
    .map(entry => entry.create(world))
}
