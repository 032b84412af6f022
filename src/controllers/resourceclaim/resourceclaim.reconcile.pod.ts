/** What a pod needs of its claims: those of templates made and told in its status, all of them reserved once it has a node. */
import { nameOfPodClaim, type PodClaim } from '#api/core/v1/pod/device-claims.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import {
  type ResourceClaim,
  resourceClaim as resourceClaimKind,
} from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import {
  isClaimOf,
  isMadeOfTemplate,
  isReservedFor,
  needsNoClaims,
} from '../runner/device-claims.ts'

export interface PodClaimsWorld {
  readonly pod: Pod
  readonly claimNamed: (name: string) => ResourceClaim | undefined
  /** The claims that the pod controls. */
  readonly ownClaims: readonly ResourceClaim[]
  readonly templateNamed: (name: string) => ResourceClaimTemplate | undefined
}

/** Tells on a claim for which entry of its pod it was made. */
const ENTRY_ANNOTATION = 'resource.kubernetes.io/pod-claim-name'
const FIELD_MANAGER = 'ResourceClaimController'
const FAILURE = 'FailedResourceClaimCreation'
/** A name of 63 characters less the five of the suffix and a hyphen. */
const MAXIMUM_BASE_LENGTH = 57

export function reconcilePod(world: PodClaimsWorld): Outcome {
  const { pod } = world
  // What was made for an ended pod would be deleted at once, and made again for ever.
  if (pod.metadata.deletionTimestamp || needsNoClaims(pod)) return nothingToDo
  const creations: Write[] = []
  const found = new Map<string, string>()
  for (const podClaim of pod.spec.resourceClaims ?? []) {
    if (!isMadeOfTemplate(podClaim) || hasClaim(world, podClaim)) continue
    const made = world.ownClaims.find(
      ({ metadata }) => metadata.annotations?.[ENTRY_ANNOTATION] === podClaim.name,
    )
    if (made) {
      found.set(podClaim.name, made.metadata.name ?? '')
      continue
    }
    const write = creation(world, podClaim)
    creations.push(write)
    // The first that cannot be made is told, and the others wait with it.
    if (write.verb === 'event') break
  }
  // The name of a claim is known only when it is there; the view that shows it brings us here again.
  if (creations.length > 0) return { writes: creations }
  const told = found.size > 0 ? [statusOf(pod, found)] : []
  return { writes: [...told, ...reservations(world)] }
}

/** True while nothing is to be made for the entry: its claim is there, or it was found to need none. */
function hasClaim({ pod, claimNamed }: PodClaimsWorld, podClaim: PodClaim): boolean {
  const name = nameOfPodClaim(pod, podClaim)
  if (name === null) return true
  const claim = name === undefined ? undefined : claimNamed(name)
  return claim !== undefined && isClaimOf(claim, pod)
}

function creation({ pod, templateNamed }: PodClaimsWorld, podClaim: PodClaim): Write {
  const { resourceClaimTemplateName: templateName = '' } = podClaim
  const template = templateNamed(templateName)
  const tell = (problem: string) => `PodResourceClaim ${podClaim.name}: ${problem}`
  if (!template) {
    const cause = `resourceclaimtemplate.resource.k8s.io "${templateName}" not found`
    const message = tell(`resource claim template "${templateName}": ${cause}`)
    return { verb: 'event', about: pod, type: 'Warning', reason: FAILURE, text: { message } }
  }
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const { labels, annotations } = template.spec.metadata ?? {}
  return {
    verb: 'create',
    kind: resourceClaimKind,
    object: {
      metadata: {
        generateName: baseName(name, podClaim.name),
        namespace,
        ...(labels ? { labels } : {}),
        annotations: { ...annotations, [ENTRY_ANNOTATION]: podClaim.name },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
      },
      spec: template.spec.spec,
    },
    report: {
      about: pod,
      // Upstream names the claim here, which has no name yet.
      failure: { reason: FAILURE, message: error => tell(`create ResourceClaim : ${error}`) },
    },
  }
}

/** `pod-entry-`; if that is too long, both names are cut in proportion, so that something of each is left. */
export function baseName(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`
  if (whole.length <= MAXIMUM_BASE_LENGTH) return whole
  const cut = (text: string, of: number) =>
    text.slice(0, Math.floor((text.length * MAXIMUM_BASE_LENGTH) / of))
  const head = cut(pod, whole.length)
  return `${head}-${cut(entry, whole.length)}`
}

function statusOf(pod: Pod, found: ReadonlyMap<string, string>): Write {
  const names = new Map(
    (pod.status.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }) =>
      resourceClaimName === undefined ? [] : [[name, resourceClaimName]],
    ),
  )
  for (const [name, claim] of found) names.set(name, claim)
  const resourceClaimStatuses = [...names].map(([name, resourceClaimName]) => ({
    name,
    resourceClaimName,
  }))
  const { name = '', namespace = '', uid = '' } = pod.metadata
  return {
    verb: 'patch',
    kind: podKind,
    object: pod,
    type: 'apply',
    patch: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, uid },
      status: { resourceClaimStatuses },
    },
    subresource: 'status',
    options: { fieldManager: FIELD_MANAGER, force: true },
  }
}

/** Pods that were put on a node without the scheduler have nobody else to reserve their claims. */
function reservations({ pod, claimNamed }: PodClaimsWorld): Write[] {
  if (!pod.spec.nodeName) return []
  const { name = '', uid = '' } = pod.metadata
  return (pod.spec.resourceClaims ?? []).flatMap(podClaim => {
    const claim = claimNamed(nameOfPodClaim(pod, podClaim) ?? '')
    if (!claim?.status.allocation || isReservedFor(claim, pod)) return []
    if (isMadeOfTemplate(podClaim) && !isClaimOf(claim, pod)) return []
    const consumer = { resource: 'pods', name, uid }
    const reservedFor = [...(claim.status.reservedFor ?? []), consumer]
    return {
      verb: 'update' as const,
      kind: resourceClaimKind,
      object: { ...claim, status: { ...claim.status, reservedFor } },
      subresource: 'status',
    }
  })
}
