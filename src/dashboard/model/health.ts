/** What in a cluster is not as it was asked for, in a sentence each: what the first page shows. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { ConditionText, Tone } from './tone.ts'
import { toneOfWord } from './tone.ts'

/** An object of any kind, of which nothing is known for sure. */
export type AnyObject = KubernetesObject & {
  readonly kind?: string
  readonly apiVersion?: string
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

export interface Problem {
  readonly tone: Extract<Tone, 'bad' | 'busy'>
  readonly text: string
}

const number = (value: unknown, fallback = 0): number =>
  typeof value === 'number' ? value : fallback
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

export function conditionsOf({ status }: AnyObject): readonly ConditionText[] {
  const conditions = status?.conditions
  if (!Array.isArray(conditions)) return []
  return conditions.filter(each => typeof each?.type === 'string')
}

const conditionOf = (object: AnyObject, type: string) =>
  conditionsOf(object).find(each => each.type === type)

const because = (condition: ConditionText | undefined): string =>
  condition ? [condition.reason, condition.message].filter(Boolean).join(': ') : ''

/** What is wrong with a node; empty where nothing is. */
export function nodeProblems(node: AnyObject): Problem[] {
  const problems: Problem[] = []
  const ready = conditionOf(node, 'Ready')
  if (ready?.status !== 'True')
    problems.push({ tone: 'bad', text: `not ready${because(ready) && `: ${because(ready)}`}` })
  for (const condition of conditionsOf(node))
    if (/Pressure$|^NetworkUnavailable$/.test(condition.type) && condition.status === 'True')
      problems.push({ tone: 'bad', text: `${condition.type}: ${because(condition)}` })
  if (node.spec?.unschedulable === true)
    problems.push({ tone: 'busy', text: 'cordoned: no new pods come here' })
  return problems
}

/** What is wrong with a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or claim; undefined where it is as wanted. */
export function workloadProblem(object: AnyObject, kind: string): Problem | undefined {
  const { spec = {}, status = {} } = object
  switch (kind) {
    case 'Deployment': {
      const wanted = number(spec.replicas, 1)
      const available = number(status.availableReplicas)
      const stuck = conditionOf(object, 'Progressing')
      if (stuck?.status === 'False') return { tone: 'bad', text: because(stuck) }
      const failing = conditionOf(object, 'ReplicaFailure')
      if (failing?.status === 'True') return { tone: 'bad', text: because(failing) }
      if (available < wanted) return { tone: 'busy', text: `${available} of ${wanted} available` }
      const updated = number(status.updatedReplicas)
      if (updated < wanted && spec.paused !== true)
        return { tone: 'busy', text: `${updated} of ${wanted} updated` }
      return undefined
    }
    case 'StatefulSet': {
      const wanted = number(spec.replicas, 1)
      const ready = number(status.readyReplicas)
      if (ready < wanted) return { tone: 'busy', text: `${ready} of ${wanted} ready` }
      return undefined
    }
    case 'ReplicaSet': {
      const wanted = number(spec.replicas, 1)
      const ready = number(status.readyReplicas)
      // What a Deployment owns is told of there.
      if (object.metadata.ownerReferences?.length || ready >= wanted) return undefined
      return { tone: 'busy', text: `${ready} of ${wanted} ready` }
    }
    case 'DaemonSet': {
      const wanted = number(status.desiredNumberScheduled)
      const ready = number(status.numberReady)
      if (ready < wanted) return { tone: 'busy', text: `ready on ${ready} of ${wanted} nodes` }
      return undefined
    }
    case 'Job': {
      const failed = conditionOf(object, 'Failed')
      if (failed?.status === 'True') return { tone: 'bad', text: because(failed) || 'failed' }
      return undefined
    }
    case 'PersistentVolumeClaim': {
      const phase = text(status.phase)
      if (phase === 'Lost') return { tone: 'bad', text: 'its volume is lost' }
      if (phase === 'Pending') return { tone: 'busy', text: 'waits for a volume' }
      return undefined
    }
    default:
      return undefined
  }
}

/** How a pod is, by the words of its Table. */
export function podTone(status: string, ready: string): Tone {
  const tone = toneOfWord(status)
  if (tone !== 'good') return tone === 'plain' ? 'busy' : tone
  const [, up, all] = /^(\d+)\/(\d+)$/.exec(ready) ?? []
  return up !== undefined && Number(up) < Number(all) ? 'busy' : 'good'
}

export interface Tally {
  good: number
  busy: number
  bad: number
  quiet: number
}

export const noTally = (): Tally => ({ good: 0, busy: 0, bad: 0, quiet: 0 })

/** How long a pod may start, or end, before somebody should look at it. */
const PATIENCE_MS = 60_000

/** Worth a look: what is bad at once, what is busy after a minute. */
export function needsALook(tone: Tone, created: string | undefined, nowMs: number): boolean {
  if (tone === 'bad') return true
  if (tone !== 'busy') return false
  return created === undefined || nowMs - Date.parse(created) > PATIENCE_MS
}

export interface EventText {
  readonly reason: string
  readonly message: string
  readonly count: number
  readonly lastMs: number
  readonly isWarning: boolean
  readonly regarding: {
    readonly kind: string
    readonly apiVersion: string
    readonly namespace: string
    readonly name: string
  }
}

/** An Event of the core group, as it is told. */
export function eventText(event: Readonly<Record<string, unknown>>): EventText {
  const involved = (event.involvedObject ?? {}) as Record<string, unknown>
  const series = (event.series ?? {}) as Record<string, unknown>
  const metadata = (event.metadata ?? {}) as Record<string, unknown>
  const time = [
    series.lastObservedTime,
    event.lastTimestamp,
    event.eventTime,
    metadata.creationTimestamp,
  ]
    .map(text)
    .find(each => each !== '')
  return {
    reason: text(event.reason),
    message: text(event.message),
    count: number(series.count, number(event.count, 1)) || 1,
    lastMs: time === undefined ? 0 : Date.parse(time),
    isWarning: event.type === 'Warning',
    regarding: {
      kind: text(involved.kind),
      apiVersion: text(involved.apiVersion),
      namespace: text(involved.namespace),
      name: text(involved.name),
    },
  }
}
