/**
 * Random lives of jobs: pods end well or not, are deleted by others, the controller crashes or is refused at any write, and forgets what
 * it remembered. Whatever happens, every pod is counted once and the job comes to an end that its pods explain.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Batch, Write } from '../runner/controller.ts'
import { reconcile } from './job.reconcile.ts'
import { noBackoff, type PodBackoff } from './pod-backoff.ts'

const LIVES = 300
const STEPS = 4000
const MINUTE_MS = 60_000

class World {
  job: Job
  readonly pods = new Map<string, Pod>()
  nowMs = Date.UTC(2026, 0, 1)
  backoff: PodBackoff = noBackoff
  readonly ended = { succeeded: new Set<string>(), failed: new Set<string>() }
  readonly #next: () => number
  #names = 0

  constructor(seed: number) {
    let state = seed * 2_654_435_761 + 1
    this.#next = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
    const isIndexed = this.chance(0.5)
    const perIndex = isIndexed && this.chance(0.5)
    this.job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'life', namespace: 'a', uid: 'u1' },
      spec: {
        completionMode: isIndexed ? 'Indexed' : 'NonIndexed',
        completions: 1 + this.below(8),
        parallelism: 1 + this.below(4),
        backoffLimit: perIndex ? 2 ** 31 - 1 : this.below(6),
        ...(perIndex ? { backoffLimitPerIndex: this.below(3) } : {}),
        podReplacementPolicy: this.chance(0.5) ? 'Failed' : 'TerminatingOrFailed',
        selector: { matchLabels: { job: 'life' } },
        template: { metadata: { labels: { job: 'life' } }, spec: { containers: [] } },
      },
      status: {},
    } as unknown as Job
  }

  below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }
  chance(probability: number): boolean {
    return this.#next() < probability
  }
  get isOver(): boolean {
    const { conditions = [] } = this.job.status
    return conditions.some(({ type }) => type === 'Complete' || type === 'Failed')
  }

  /** Something happens to a pod. */
  live(): void {
    const pods = [...this.pods.values()]
    const pod = pods[this.below(pods.length)]
    if (!pod) return
    const { phase } = pod.status
    const isAlive = phase === 'Pending' || phase === 'Running'
    const choice = this.#next()
    if (pod.metadata.deletionTimestamp && isAlive) this.#end(pod, 'Failed')
    else if (pod.metadata.deletionTimestamp) this.#leave(pod)
    else if (phase === 'Pending') this.#set(pod, { phase: 'Running' })
    else if (phase === 'Running' && choice < 0.6) this.#end(pod, 'Succeeded')
    else if (phase === 'Running' && choice < 0.85) this.#end(pod, 'Failed')
    else if (choice > 0.97) this.#delete(pod)
  }

  look(): void {
    if (this.chance(0.05)) this.backoff = noBackoff
    const { job, nowMs } = this
    const candidates = [...this.pods.values()]
    const outcome = reconcile({ job, candidates, backoff: this.backoff, nowMs, failure: undefined })
    this.backoff = outcome.backoff
    const writes = outcome.writes.flatMap((write: Write | Batch) =>
      write.verb === 'batch' ? write.writes : write,
    )
    const done = this.chance(0.3) ? this.below(writes.length + 1) : writes.length
    for (const write of writes.slice(0, done)) this.#perform(write)
    if (done === writes.length && outcome.againAfterMs) this.nowMs += outcome.againAfterMs
  }

  #perform(write: Write): void {
    if (write.verb === 'event') return
    const name = write.verb === 'create' ? '' : (write.object.metadata.name ?? '')
    const pod = this.pods.get(name)
    switch (write.verb) {
      case 'update':
        this.job = write.object as unknown as Job
        return
      case 'create': {
        const created = `p${this.#names++}`
        const metadata = { ...write.object.metadata, name: created, uid: created }
        const status = { phase: 'Pending' }
        this.pods.set(created, { ...write.object, metadata, status } as unknown as Pod)
        return
      }
      case 'patch':
        if (pod) this.#replace({ ...pod, metadata: { ...pod.metadata, finalizers: [] } })
        return
      case 'delete':
        if (pod) this.#delete(pod)
    }
  }

  #end(pod: Pod, phase: 'Succeeded' | 'Failed'): void {
    const finishedAt = new Date(this.nowMs).toISOString()
    const state = { terminated: { exitCode: phase === 'Failed' ? 1 : 0, finishedAt } }
    this.#set(pod, { phase, containerStatuses: [{ name: 'main', state }] })
    const isTracked = (pod.metadata.finalizers ?? []).length > 0
    if (isTracked)
      this.ended[phase === 'Failed' ? 'failed' : 'succeeded'].add(pod.metadata.uid ?? '')
  }
  #set(pod: Pod, status: object): void {
    this.#replace({ ...pod, status: { ...pod.status, ...status } as Pod['status'] })
  }
  #delete(pod: Pod): void {
    const deletionTimestamp = new Date(this.nowMs).toISOString()
    const isOver = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
    const next = { ...pod, metadata: { ...pod.metadata, deletionTimestamp } }
    this.#replace(next)
    if (isOver || pod.status.phase === 'Pending') this.#leave(next)
  }
  /** Gone at last, unless it is kept. */
  #leave(pod: Pod): void {
    if ((pod.metadata.finalizers ?? []).length === 0) this.pods.delete(pod.metadata.name ?? '')
  }
  #replace(pod: Pod): void {
    this.pods.set(pod.metadata.name ?? '', pod)
  }
}

function liveOn(seed: number): World {
  const world = new World(seed)
  const { completions = 0, parallelism = 0 } = world.job.spec
  let counted = 0
  for (let step = 0; step < STEPS && !world.isOver; step++) {
    if (world.chance(0.5)) world.live()
    else world.look()
    if (world.chance(0.02)) world.nowMs += MINUTE_MS
    const active = [...world.pods.values()].filter(
      ({ status, metadata }) =>
        (status.phase === 'Pending' || status.phase === 'Running') && !metadata.deletionTimestamp,
    )
    assert.ok(active.length <= parallelism, `seed ${seed}: ${active.length} pods at a time`)
    const { succeeded = 0, failed = 0 } = world.job.status
    assert.ok(succeeded <= completions, `seed ${seed}: ${succeeded} of ${completions}`)
    assert.ok(succeeded + failed >= counted, `seed ${seed}: counters go down`)
    counted = succeeded + failed
  }
  return world
}

test(`random lives of ${LIVES} jobs end, and count every pod once`, () => {
  const ends = new Map<string, number>()
  for (let seed = 1; seed <= LIVES; seed++) {
    const world = liveOn(seed)
    const { status, spec } = world.job
    assert.ok(world.isOver, `seed ${seed} is not over: ${JSON.stringify(status)}`)
    const last = status.conditions?.at(-1)
    ends.set(`${last?.reason}`, (ends.get(`${last?.reason}`) ?? 0) + 1)
    assert.equal(status.active ?? 0, 0)
    assert.deepEqual(status.uncountedTerminatedPods, {}, `seed ${seed}`)
    if (last?.type === 'Complete') assert.equal(status.succeeded, spec.completions, `seed ${seed}`)
    if (spec.completionMode === 'NonIndexed')
      assert.equal(status.succeeded ?? 0, world.ended.succeeded.size, `seed ${seed}: successes`)
    if (last?.reason === 'BackoffLimitExceeded')
      assert.ok((status.failed ?? 0) > (spec.backoffLimit ?? 0), `seed ${seed}: failures`)
  }
  for (const reason of ['CompletionsReached', 'BackoffLimitExceeded', 'FailedIndexes'])
    assert.ok((ends.get(reason) ?? 0) > 10, `${reason} came up`)
})
