/** What a few resources do beyond the rules of their kind; one file each, listed here. */

import {
  CLEANUP_FINALIZER,
  markTerminating,
  rememberStorageVersion,
} from '#api/apiextensions/v1/conditions.ts'
import type { Event } from '#api/core/v1/event.ts'
import { validateEvent } from '#api/core/v1/event.validation.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { FieldError } from '#api/machinery/field-error.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { unqualifiedFinalizers } from '#api/machinery/validate-metadata.ts'
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { signingRequestHooks, trustBundleHooks } from './certificates.ts'
import { validateGroupChange } from './gated-fields.ts'
import { prepareNewPod } from './new-pods.ts'
import { podCertificateHooks } from './pod-certificates.ts'
import { validatePodPart } from './pod-subresources.ts'
import type { StoredResource } from './registry.ts'
import { beginService, type Hold, holdForService } from './service-hold.ts'
import { sliceHooks, taintRuleHooks } from './taint-times.ts'
import { stampPhase } from './volume-phase.ts'
import type { Write } from './write.ts'

export interface ResourceHooks {
  /** Defaults that need a clock. Whoever writes the draft, which it changes, owns them as they own other defaults. */
  complete?(write: Write, draft: KubernetesObject): void
  /** Settles what must be right before anything else is looked at; throws what is told alone. Before the draft, which it changes, is prepared. */
  begin?(write: Write, draft: KubernetesObject, previous?: KubernetesObject): void | Promise<void>
  /** What the server says of a write: who asks, and when. After the kind has prepared the draft, which it changes. */
  prepare?(write: Write, draft: KubernetesObject, previous?: KubernetesObject): void
  /** Rules that need more than the kind has, such as cryptography or the name of the subresource; beside those of the kind. */
  validate?(
    write: Write,
    draft: KubernetesObject,
    previous?: KubernetesObject,
  ): readonly FieldError[]
  /** On creation, `validate` is told before the rules of the kind. */
  readonly validatesFirst?: true
  /**
   * Fills in what the server allocates, after the rules of the kind and before the commit. What was taken by somebody else
   * meanwhile fails the commit, so the draft must be one that can be thrown away.
   */
  allocate?(write: Write, draft: KubernetesObject, previous?: KubernetesObject): Promise<Hold>
  /** What is owned stays when nothing else is asked for; `warning` tells the client so. */
  readonly orphansByDefault?: { readonly warning?: string }
  /** PUT to a name that does not exist creates it. */
  readonly createsOnUpdate?: boolean
  /** An update without resourceVersion is refused. */
  readonly needsResourceVersion?: boolean
  /** Further finalizers beyond metadata's that keep a deleted object. */
  hasOwnFinalizers?(object: KubernetesObject): boolean
  /** Who must act before an object of this kind may ever go, whatever is to become of what it owns. */
  readonly finalizersOnDelete?: readonly string[]
  /** Finalizers may be named without a domain, as anything else that is qualified; or only those that an update adds, or one of the status. */
  readonly freeFinalizers?: true | 'onUpdate' | 'inStatus'
  /** Nothing says how long it is given to end by itself, nor counts that it is to. */
  readonly hasNoGrace?: true
  /** Who writes the status writes none of the metadata beside it that means anything, or none at all. */
  readonly statusIsAlone?: true | 'wholly'
  /** Who writes the status leaves the owners as they are. */
  readonly statusKeepsOwners?: true
  /** Nor when the object goes. */
  readonly statusKeepsDeletion?: true
  /** Fields that nobody owns, since the server sets or keeps them, by subresource; such as `status.conditions`. */
  readonly unowned?: Readonly<Record<string, readonly string[]>>
  /** The same for any subresource, where it depends on the object. */
  unownedIn?(object: KubernetesObject): readonly string[] | undefined
  /** The very object is deleted that was found, and admission is told so. */
  readonly pinsDeletes?: true
  /** Changes the draft of an object that begins to be deleted but stays for now. */
  beginDelete?(draft: KubernetesObject): void
}

const none: ResourceHooks = {}
const versioned: ResourceHooks = { needsResourceVersion: true }
const free: ResourceHooks = { needsResourceVersion: true, freeFinalizers: true }
const alone: ResourceHooks = { statusIsAlone: true, unowned: { status: ['metadata'] } }
const whollyAlone: ResourceHooks = { ...alone, statusIsAlone: 'wholly' }

/** By resource and group, as `services` or `roles.rbac.authorization.k8s.io`. */
const table: Record<string, ResourceHooks> = {
  'apiservices.apiregistration.k8s.io': { ...free, statusKeepsOwners: true },
  'mutatingadmissionpolicies.admissionregistration.k8s.io': free,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': free,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': free,
  'validatingadmissionpolicies.admissionregistration.k8s.io': { ...free, ...alone },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': free,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': free,
  'leases.coordination.k8s.io': { ...free, createsOnUpdate: true },
  'poddisruptionbudgets.policy': free,
  'runtimeclasses.node.k8s.io': free,
  'leasecandidates.coordination.k8s.io': { ...free, createsOnUpdate: true },
  'csidrivers.storage.k8s.io': versioned,
  'csinodes.storage.k8s.io': versioned,
  'csistoragecapacities.storage.k8s.io': versioned,
  'volumeattachments.storage.k8s.io': { ...versioned, ...alone },
  'storageversions.internal.apiserver.k8s.io': {
    ...versioned,
    ...alone,
    freeFinalizers: 'onUpdate',
  },
  'flowschemas.flowcontrol.apiserver.k8s.io': whollyAlone,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': whollyAlone,
  'servicecidrs.networking.k8s.io': alone,
  'resourceclaims.resource.k8s.io': alone,
  'resourcepoolstatusrequests.resource.k8s.io': { ...versioned, ...alone },
  'deployments.apps': { unowned: { status: ['metadata.labels'] } },
  'storageversionmigrations.storagemigration.k8s.io': versioned,
  endpoints: { createsOnUpdate: true },
  'roles.rbac.authorization.k8s.io': { createsOnUpdate: true },
  'clusterroles.rbac.authorization.k8s.io': {
    createsOnUpdate: true,
    // Where nobody says any, a controller composes them.
    unownedIn(object) {
      const { aggregationRule, rules } = object as ClusterRole
      return aggregationRule && !rules?.length ? ['rules'] : undefined
    },
  },
  'rolebindings.rbac.authorization.k8s.io': { createsOnUpdate: true },
  'clusterrolebindings.rbac.authorization.k8s.io': { createsOnUpdate: true },
  replicationcontrollers: { orphansByDefault: {} },
  'cronjobs.batch': { freeFinalizers: 'inStatus' },
  'jobs.batch': {
    orphansByDefault: {
      warning:
        'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    },
  },
  'certificatesigningrequests.certificates.k8s.io': signingRequestHooks,
  'clustertrustbundles.certificates.k8s.io': trustBundleHooks,
  'podcertificaterequests.certificates.k8s.io': podCertificateHooks,
  'podgroups.scheduling.k8s.io': { validate: validateGroupChange },
  'devicetaintrules.resource.k8s.io': { ...taintRuleHooks, ...alone },
  'resourceslices.resource.k8s.io': sliceHooks,
  events: {
    createsOnUpdate: true,
    // What is stored alike is judged by the API through which it comes.
    validate: ({ resource: { kind } }, draft, previous) =>
      validateEvent(kind.group, draft as Event, previous as Event | undefined),
  },
  persistentvolumes: { prepare: stampPhase },
  pods: {
    validate: validatePodPart,
    prepare: prepareNewPod,
    statusKeepsOwners: true,
    statusKeepsDeletion: true,
    unowned: { status: ['metadata.ownerReferences', 'metadata.deletionTimestamp'] },
  },
  services: {
    begin: ({ exchange: { server } }, draft, previous) =>
      beginService(server, draft as Service, previous as Service | undefined),
    allocate: ({ exchange: { server } }, draft, previous) =>
      holdForService(server, draft as Service, previous as Service | undefined),
  },
  'customresourcedefinitions.apiextensions.k8s.io': {
    ...free,
    prepare(write, draft) {
      // Whoever has stored all objects anew says in the status which versions are left.
      if (write.subresource === '') rememberStorageVersion(draft)
    },
    finalizersOnDelete: [CLEANUP_FINALIZER],
    hasNoGrace: true,
    beginDelete: markTerminating,
  },
  namespaces: {
    hasNoGrace: true,
    pinsDeletes: true,
    hasOwnFinalizers: object => ((object as Namespace).spec.finalizers?.length ?? 0) > 0,
    beginDelete: draft => {
      const { status } = draft as Namespace
      status.phase = 'Terminating'
    },
  },
}

/** Nobody knows what the writer of a custom resource saw, unless it says so. */
const ofCustomResources: ResourceHooks = { ...free, ...whollyAlone }

export function hooksOf({ storage, kind }: StoredResource): ResourceHooks {
  if (kind.custom) return ofCustomResources
  const { group, resource } = storage.resource
  return table[group ? `${resource}.${group}` : resource] ?? none
}

/** Fields of the object that nobody owns who writes the subresource. */
export function unownedFields(
  resource: StoredResource,
  subresource: string,
  object: KubernetesObject,
): readonly string[] | undefined {
  const { unowned, unownedIn } = hooksOf(resource)
  return unowned?.[subresource] ?? unownedIn?.(object)
}

/** What is wrong with the names of finalizers beyond what is wrong with any name. */
export function wrongFinalizers(
  { resource, subresource }: Write,
  { metadata }: KubernetesObject,
  previous?: KubernetesObject,
): readonly FieldError[] {
  const { freeFinalizers } = hooksOf(resource)
  const { group, kind } = resource.kind
  // Shown as its newer kind, the same object has the rule.
  const isFree =
    freeFinalizers === true ||
    (group === '' && kind === 'Event') ||
    (freeFinalizers === 'inStatus' ? subresource === 'status' : previous && freeFinalizers)
  if (!metadata.finalizers || isFree) return []
  return unqualifiedFinalizers(metadata)
}
