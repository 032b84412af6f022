/** Runs one workload in this process and tells what was measured, as one line of JSON. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { load } from 'js-yaml'
import { UserError } from '#base/errors.ts'
import { startScheduler } from '#scheduler'
import { naiveDecisionMs } from './naive.ts'
import { type Measuring, type Operation, perform, type Run } from './operations.ts'
import { watchShares } from './shares.ts'
import { countBound, createWorld, type StoreName, type World } from './world.ts'

export interface Workload {
  readonly name: string
  /** Pods a second that are asked for. */
  readonly goal?: number
  /** Of those that run where none is named. */
  readonly small?: boolean
  readonly params: Readonly<Record<string, number>>
}
export interface Case {
  readonly name: string
  readonly operations: readonly Operation[]
  readonly workloads: readonly Workload[]
}

export interface Measured {
  readonly podsPerSecond: number
  /** Of an attempt to place a pod, in milliseconds. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly attempts: number
  readonly unschedulable: number
  readonly residentMegabytes: number
  /** Processor time of the process for each pod, all threads together, in milliseconds. */
  readonly cpuMs: number
  /** Of it, what the scheduler itself takes; where stacks are sampled. */
  readonly schedulerMs?: number
  /** Requests that write, for each pod, events left out. */
  readonly writes: number
  /** Events that were written while it was measured, for each pod; the others are late, or dropped. */
  readonly events: number
  /** What a decision costs a scheduler that keeps nothing. */
  readonly naiveMs: number
}

export function readCases(): readonly Case[] {
  return load(readFileSync(join(import.meta.dirname, 'workloads.yaml'), 'utf8')) as Case[]
}

/** Throws for names that do not exist. */
export function findWorkload(path: string): { found: Case; workload: Workload } {
  const [first = '', ...rest] = path.split('/')
  const found = readCases().find(({ name }) => name === first)
  const workload = found?.workloads.find(({ name }) => name === rest.join('/'))
  if (!found || !workload) throw new UserError(`there is no workload ${path}`)
  return { found, workload }
}

/** `profile`: a file for samples of the stack while it is measured, if any are to be taken. */
export async function runWorkload(
  path: string,
  storeName: StoreName,
  profile?: string,
): Promise<Measured> {
  const { found, workload } = findWorkload(path)
  await using world = await createWorld(storeName)
  const durations: number[] = []
  let measuring = false
  const scheduler = startScheduler(world.context, {
    onAttempt: ms => {
      if (measuring) durations.push(ms)
    },
  })
  let schedulerMs: number | undefined
  let naiveMs = 0
  let unschedulableBefore = 0
  try {
    const seen = await observe(found, workload, world, {
      cpuMs: () => milliseconds(process.cpuUsage()),
      told: async () => world.requests.events,
      async around({ template }, work) {
        measuring = true
        unschedulableBefore = scheduler.counts.unschedulable
        const ended = profile === undefined ? undefined : await watchShares(profile)
        const threadStart = process.threadCpuUsage()
        await work()
        const threadMs = milliseconds(process.threadCpuUsage(threadStart))
        if (ended) schedulerMs = (schedulerMs ?? 0) + (await ended()).scheduler * threadMs
        measuring = false
        naiveMs = naiveDecisionMs(world, template)
      },
    })
    durations.sort((a, b) => a - b)
    const at = (share: number) => durations[Math.floor((durations.length - 1) * share)] ?? 0
    return {
      podsPerSecond: seen.pods / seen.seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      attempts: durations.length,
      unschedulable: scheduler.counts.unschedulable - unschedulableBefore,
      residentMegabytes: process.memoryUsage.rss() / 1e6,
      cpuMs: seen.cpuMs / seen.pods,
      ...(schedulerMs === undefined ? {} : { schedulerMs: schedulerMs / seen.pods }),
      writes: seen.writes / seen.pods,
      events: seen.events / seen.pods,
      naiveMs,
    }
  } finally {
    await scheduler.stop()
  }
}

export interface Observing {
  /** Processor time so far of those whose cost is measured. */
  cpuMs(): number
  /** How many Events were written so far. */
  told(): Promise<number>
  /** Called around the work that is measured; calls it once. */
  around(pods: Measuring, work: () => Promise<void>): Promise<void>
}

/** What was measured of all pods that `collectMetrics`. */
export interface Observed {
  readonly pods: number
  readonly seconds: number
  readonly cpuMs: number
  readonly writes: number
  readonly events: number
}

/** Performs the operations in a world in which somebody schedules. */
export async function observe(
  { operations }: Case,
  { params }: Workload,
  world: World,
  { cpuMs, told, around }: Observing,
): Promise<Observed> {
  const bound = countBound(world.informers)
  const seen = { pods: 0, seconds: 0, cpuMs: 0, writes: 0, events: 0 }
  const run: Run = {
    world,
    bound,
    params,
    nodes: 0,
    namespaces: 0,
    background: [],
    async measure(pods, work) {
      await untilTold(told)
      await around(pods, async () => {
        const requestsBefore = { ...world.requests }
        const cpuStart = cpuMs()
        const start = performance.now()
        await work()
        seen.seconds += (performance.now() - start) / 1000
        seen.cpuMs += cpuMs() - cpuStart
        for (const key of ['writes', 'events'] as const)
          seen[key] += world.requests[key] - requestsBefore[key]
      })
      seen.pods += pods.count
    },
  }
  try {
    for (const operation of operations) await perform(run, operation)
  } finally {
    for (const part of run.background) part.stop()
    await Promise.allSettled(run.background.map(({ done }) => done))
    bound.end()
  }
  return seen
}

/** Events that are written in a moment where only what churns goes on. */
const FEW_EVENTS = 25
const MOMENT_MS = 500
const MOMENTS = 120

/** Resolves when the Events of the pods that were before are written, which would else be counted as the cost of those that are measured. */
async function untilTold(told: Observing['told']): Promise<void> {
  for (let moment = 0; moment < MOMENTS; moment++) {
    const before = await told()
    await pause(MOMENT_MS)
    if ((await told()) - before < FEW_EVENTS) return
  }
  throw new Error(`Events are still written after ${(MOMENTS * MOMENT_MS) / 1000} s`)
}

export function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
