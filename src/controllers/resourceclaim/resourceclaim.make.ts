/** Makes claims of templates for whoever owns them, a pod or a group of pods, and tells in the owner's status which they are. */
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import {
  type ResourceClaim,
  resourceClaim as resourceClaimKind,
} from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { type PodGroup, podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Write } from '../runner/controller.ts'

export type ClaimOwner =
  | { readonly kind: 'Pod'; readonly object: Pod }
  | { readonly kind: 'PodGroup'; readonly object: PodGroup }

interface Entry {
  readonly name: string
  readonly resourceClaimTemplateName?: string | undefined
}

const kinds = { Pod: pod, PodGroup: podGroup }
const versionOf = ({ kind }: ClaimOwner): string =>
  [kinds[kind].group, kinds[kind].version].filter(Boolean).join('/')

/** Tells on a claim for which entry of its owner it was made. */
const ENTRY_ANNOTATION = 'resource.kubernetes.io/pod-claim-name'
const FIELD_MANAGER = 'ResourceClaimController'
const FAILURE = 'FailedResourceClaimCreation'
/** A name of 63 characters less the five of the suffix and a hyphen. */
const MAXIMUM_BASE_LENGTH = 57

/** Of the claims that the owner controls, the one for this entry. */
export const madeFor = (
  claims: readonly ResourceClaim[],
  { name }: Entry,
): ResourceClaim | undefined =>
  claims.find(({ metadata }) => metadata.annotations?.[ENTRY_ANNOTATION] === name)

/** The claim to be made, or the event that says why it cannot be. */
export function creation(
  owner: ClaimOwner,
  entry: Entry,
  templateNamed: (name: string) => ResourceClaimTemplate | undefined,
): Write {
  const { object: about, kind } = owner
  const { resourceClaimTemplateName: templateName = '' } = entry
  const template = templateNamed(templateName)
  const tell = (problem: string) => `${kind}ResourceClaim ${entry.name}: ${problem}`
  if (!template) {
    const cause = `resourceclaimtemplate.resource.k8s.io "${templateName}" not found`
    const message = tell(`resource claim template "${templateName}": ${cause}`)
    return { verb: 'event', about, type: 'Warning', reason: FAILURE, text: { message } }
  }
  const { name = '', namespace = '', uid = '' } = about.metadata
  const { labels, annotations } = template.spec.metadata ?? {}
  return {
    verb: 'create',
    kind: resourceClaimKind,
    object: {
      metadata: {
        generateName: baseName(name, entry.name),
        namespace,
        ...(labels ? { labels } : {}),
        annotations: { ...annotations, [ENTRY_ANNOTATION]: entry.name },
        ownerReferences: [{ apiVersion: versionOf(owner), kind, name, uid, controller: true }],
      },
      spec: template.spec.spec,
    },
    report: {
      about,
      // Upstream names the claim here, which has no name yet.
      failure: { reason: FAILURE, message: error => tell(`create ResourceClaim : ${error}`) },
    },
  }
}

/** `owner-entry-`; if that is too long, both names are cut in proportion, so that something of each is left. */
export function baseName(owner: string, entry: string): string {
  const whole = `${owner}-${entry}-`
  if (whole.length <= MAXIMUM_BASE_LENGTH) return whole
  const cut = (text: string, of: number) =>
    text.slice(0, Math.floor((text.length * MAXIMUM_BASE_LENGTH) / of))
  const head = cut(owner, whole.length)
  return `${head}-${cut(entry, whole.length)}`
}

/** Tells the names of claims by entry, with those that were told before: an apply takes away what it does not name. */
export function statusOf(owner: ClaimOwner, found: ReadonlyMap<string, string>): Write {
  const { object, kind } = owner
  const names = new Map(
    (object.status.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }) =>
      resourceClaimName === undefined ? [] : [[name, resourceClaimName]],
    ),
  )
  for (const [name, claim] of found) names.set(name, claim)
  const resourceClaimStatuses = [...names].map(([name, resourceClaimName]) => ({
    name,
    resourceClaimName,
  }))
  const { name = '', namespace = '', uid = '' } = object.metadata
  return {
    verb: 'patch',
    kind: kinds[kind],
    object,
    type: 'apply',
    patch: {
      apiVersion: versionOf(owner),
      kind,
      metadata: { name, namespace, uid },
      status: { resourceClaimStatuses },
    },
    subresource: 'status',
    options: { fieldManager: FIELD_MANAGER, force: true },
  }
}
