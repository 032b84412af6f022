/**
 * The shape of a controller: which keys are to be looked at, and what a look at one key wants written. Deciding is apart
 * from doing: `reconcile` returns writes as data, and the runner performs them.
 */

import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import type { FigureBook } from '#base/figures.ts'
import type { DeleteOptions, PatchType } from '#client/client.ts'
import type { EventRecorder, EventText, EventType } from '#client/events.ts'
import type { Informer } from '#client/informer.ts'
import type { RoleContext } from '#client/role.ts'
import type { CustomKinds } from '../custom-kinds.ts'
import type { RemoteKinds } from '../remote-kinds.ts'

/** What a controller lives on, beside what every role has. */
export interface ControllerContext extends RoleContext {
  /** Every kind that the server serves now; grows and shrinks with custom resources. */
  readonly kinds: () => readonly AnyKind[]
  readonly featureGates: FeatureGates
  /** Those of them that are defined at run time. */
  readonly customKinds: CustomKinds
  /** What other servers serve, behind APIServices; not among `kinds`. */
  readonly remoteKinds: RemoteKinds
  /** Makes a recorder that reports as `component`. */
  readonly recorder: (component: string) => EventRecorder
  /** Where controllers count what they do, under upstream's names. */
  readonly figures: FigureBook
}

export interface Controller {
  /** Upstream's name, e.g. `deployment-controller`. */
  readonly name: string
  /** How many keys are reconciled at a time. */
  readonly workers: number
  /** The views it decides from. It starts when all are filled, and a key waits until they show its own last writes. */
  readonly views: readonly View[]
  /** Says which keys are to be looked at, now and on every event. */
  wake(queue: Wakeup): void
  /** Decides what to write. `failure` is what went wrong the last time, if it did. Deterministic given the views. */
  reconcile(key: string, failure: WriteFailure | undefined): Outcome | Promise<Outcome>
  /** Who is named as the source of its events, where that is not its name. */
  readonly component?: string
  /** Told of every look at a key, to count it. */
  readonly counted?: (look: Look) => void
}

/** One look at a key, and how it ended. */
export interface Look {
  readonly key: string
  /** Absent where deciding failed. */
  readonly outcome: Outcome | undefined
  /** What went wrong, in deciding or with a write. */
  readonly error: unknown
  /** Of deciding and writing. */
  readonly seconds: number
}

export interface View {
  readonly kind: AnyKind
  // biome-ignore lint/suspicious/noExplicitAny: only the revision and the keys matter here, whatever the kind
  readonly informer: Informer<any>
}

export interface Wakeup {
  add(key: string): void
  addAfter(key: string, delayMs: number): void
  /** Registers what must end with the controller, such as a subscription. */
  onStop(end: () => void): void
}

export interface Outcome {
  /** Performed in order; the first failure leaves out the rest. */
  readonly writes: readonly (Write | Batch)[]
  /** Look again after so long even if nothing happens. */
  readonly againAfterMs?: number
  /** Look again as after a failure, later each time: what it waits for is nothing that tells of itself. */
  readonly againWithBackoff?: true
}

/** Writes that do not depend on each other, performed side by side. */
export interface Batch {
  readonly verb: 'batch'
  readonly writes: readonly Write[]
  /** 1, then 2, 4, 8 … at a time, so that a write that cannot work is not tried five hundred times at once. */
  readonly slowStart?: boolean
}

export type Write = (CreateWrite | UpdateWrite | PatchWrite | DeleteWrite | EventWrite) & {
  /** Told as events when the write went well or failed. */
  readonly report?: Report
  /** Errors that are as good as success. */
  readonly tolerate?: (error: unknown) => boolean
  /** Performed only while this object is there with the same UID and is not being deleted, asked of the server itself. */
  readonly onlyWhile?: { readonly kind: AnyKind; readonly object: KubernetesObject }
}

export interface CreateWrite {
  readonly verb: 'create'
  readonly kind: AnyKind
  readonly object: PartialObject
}
export interface UpdateWrite {
  readonly verb: 'update'
  readonly kind: AnyKind
  readonly object: AnyObject
  readonly subresource?: string
}
export interface PatchWrite {
  readonly verb: 'patch'
  readonly kind: AnyKind
  readonly object: KubernetesObject
  readonly type: PatchType
  readonly patch: object
  readonly subresource?: string
  /** Who applies, for an apply patch. */
  readonly options?: { readonly fieldManager: string; readonly force: boolean }
}
export interface DeleteWrite {
  readonly verb: 'delete'
  readonly kind: AnyKind
  readonly object: KubernetesObject
  readonly options?: DeleteOptions
}
export interface EventWrite {
  readonly verb: 'event'
  readonly about: KubernetesObject
  readonly type: EventType
  readonly reason: string
  readonly text: EventText
}

/** An object of any kind, with whatever fields that has. */
export type AnyObject = KubernetesObject & { readonly [field: string]: unknown }

/** An object as a client writes it. */
export interface PartialObject {
  readonly metadata: KubernetesObject['metadata']
  readonly [field: string]: unknown
}

export interface Report {
  readonly about: KubernetesObject
  readonly success?: { readonly reason: string; readonly message: (name: string) => string }
  readonly failure?: { readonly reason: string; readonly message: (error: string) => string }
}

/** What went wrong with the last outcome of a key. */
export interface WriteFailure {
  readonly verb: string
  readonly kind: string
  readonly message: string
}

export const nothingToDo: Outcome = { writes: [] }

/** The writes as a batch; no batch if there are none. */
export function batchOf(writes: readonly Write[], slowStart = false): Batch[] {
  return writes.length > 0 ? [{ verb: 'batch', writes, slowStart }] : []
}

/** All writes of an outcome, in order. */
export const writesOf = ({ writes }: Outcome): Write[] =>
  writes.flatMap(write => (write.verb === 'batch' ? write.writes : write))
