/** The history of a workload's template in ControllerRevisions, as StatefulSets and DaemonSets keep it. */
import { type ControllerRevision, controllerRevision } from '#api/apps/v1/controller-revision.ts'
import type { PodTemplateSpec } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { LabelMatcher } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { Write } from './controller.ts'
import { isNamespaceTerminating } from './errors.ts'
import { safeHash } from './hash.ts'
import { canonical } from './json.ts'
import { claim, controllerReference } from './owners.ts'

/** Says of a pod by which revision it was made. */
export const REVISION_HASH = 'controller-revision-hash'

/** Names longer than this leave no room for the hash. */
const LONGEST_PREFIX = 223

export interface Workload extends KubernetesObject {
  readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit?: number }
  readonly status: { readonly collisionCount?: number }
}

export interface HistoryRequest {
  readonly ownerKind: AnyKind
  readonly owner: Workload
  readonly selector: LabelMatcher
  /** Revisions that the owner controls, and orphans beside it. */
  readonly candidates: readonly ControllerRevision[]
  /** Any revision of the namespace, to tell a name that is taken. */
  readonly revisionNamed: (name: string) => ControllerRevision | undefined
  /** Further labels of a new revision. */
  readonly labelsOf: (hash: string) => Readonly<Record<string, string>>
}

export interface History {
  /** All that the owner has, oldest first, with the newest one as it will be. */
  readonly revisions: readonly ControllerRevision[]
  /** The revision of the present template. */
  readonly update: ControllerRevision
  readonly collisionCount: number
  readonly writes: readonly Write[]
}

/** What a revision remembers: a patch that brings the template back. */
export function revisionData(template: PodTemplateSpec): object {
  return { spec: { template: { ...template, $patch: 'replace' } } }
}

/** The template that a revision remembers. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { spec } = revision.data as { spec: { template: PodTemplateSpec & { $patch?: string } } }
  const { $patch: _, ...template } = spec.template
  return template
}

/** Takes in orphans, and finds, renumbers (for a rollback) or asks for the revision of the present template. */
export function historyOf(request: HistoryRequest): History {
  const { owner, ownerKind, selector } = request
  const fitting = request.candidates.filter(({ metadata }) => selector.matches(metadata.labels))
  const claimed = claim({
    ownerKind,
    owner,
    kind: controllerRevision,
    selector,
    candidates: fitting,
  })
  const writes: Write[] = [...claimed.writes]
  const known = [...fitting].sort(byRevision)
  const newest = known.at(-1)
  const text = canonical(revisionData(owner.spec.template))
  const equal = known.filter(({ data }) => canonical(data) === text).at(-1)
  const collisionCount = owner.status.collisionCount ?? 0
  const next = (newest?.revision ?? 0) + 1
  if (equal && newest && equal.revision === newest.revision)
    return { revisions: known, update: equal, collisionCount, writes }
  if (equal) {
    const update = { ...equal, revision: next }
    const { uid } = equal.metadata
    const patch = { metadata: { uid }, revision: next }
    writes.push({ verb: 'patch', kind: controllerRevision, object: equal, type: 'merge', patch })
    const others = known.filter(revision => revision !== equal)
    return { revisions: [...others, update], update, collisionCount, writes }
  }
  const made = newRevision(request, next, text)
  if (made.isNew)
    writes.push({
      verb: 'create',
      kind: controllerRevision,
      object: { ...made.update },
      tolerate: isNamespaceTerminating,
    })
  return { ...made, revisions: [...known, made.update], writes }
}

function newRevision(request: HistoryRequest, revision: number, text: string) {
  const { owner, ownerKind, revisionNamed, labelsOf } = request
  const { name = '', namespace = '', annotations } = owner.metadata
  let collisionCount = owner.status.collisionCount ?? 0
  for (;;) {
    const hash = safeHash(`${text}${collisionCount}`)
    const taken = revisionNamed(`${name.slice(0, LONGEST_PREFIX)}-${hash}`)
    if (taken && canonical(taken.data) === text)
      return { update: taken, isNew: false, collisionCount }
    if (taken) {
      collisionCount++
      continue
    }
    const update = {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: `${name.slice(0, LONGEST_PREFIX)}-${hash}`,
        namespace,
        labels: { ...owner.spec.template.metadata?.labels, ...labelsOf(hash) },
        ...(annotations ? { annotations } : {}),
        ownerReferences: [controllerReference(ownerKind, owner)],
      },
      // With its fields in order: upstream's clients compare the bytes.
      data: JSON.parse(text),
      revision,
    } as ControllerRevision
    return { update, isNew: true, collisionCount }
  }
}

/** Deletes the oldest revisions beyond the limit, but none that is still in use. `counted` is sorted, the oldest first. */
export function truncate(
  owner: Workload,
  counted: readonly ControllerRevision[],
  isLive: (revision: ControllerRevision) => boolean = () => false,
): Write[] {
  const limit = owner.spec.revisionHistoryLimit ?? 10
  if (limit < 0) return []
  return counted
    .filter(revision => !isLive(revision))
    .slice(0, Math.max(0, counted.length - limit))
    .map(object => ({ verb: 'delete', kind: controllerRevision, object }))
}

function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  return (
    a.revision - b.revision ||
    (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
    (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')
  )
}
