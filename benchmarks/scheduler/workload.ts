/** Runs one workload in this process and tells what was measured, as one line of JSON. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { load } from 'js-yaml'
import { UserError } from '#base/errors.ts'
import { startScheduler } from '#scheduler'
import { naiveDecisionMs } from './naive.ts'
import { type Operation, perform, type Run } from './operations.ts'
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
  const bound = countBound(world.informers)
  let seconds = 0
  let pods = 0
  let cpuMs = 0
  let schedulerMs: number | undefined
  const written = { writes: 0, events: 0 }
  let naiveMs = 0
  const before = { unschedulable: 0 }
  const run: Run = {
    world,
    bound,
    params: workload.params,
    nodes: 0,
    namespaces: 0,
    background: [],
    attempts: () => scheduler.counts.scheduled + scheduler.counts.unschedulable,
    async measure({ count, template }, work) {
      await untilTold(world)
      measuring = true
      before.unschedulable = scheduler.counts.unschedulable
      const ended = profile === undefined ? undefined : await watchShares(profile)
      const requestsBefore = { ...world.requests }
      const threadStart = process.threadCpuUsage()
      const cpuStart = process.cpuUsage()
      const start = performance.now()
      await work()
      seconds += (performance.now() - start) / 1000
      cpuMs += milliseconds(process.cpuUsage(cpuStart))
      const threadMs = milliseconds(process.threadCpuUsage(threadStart))
      for (const key of ['writes', 'events'] as const)
        written[key] += world.requests[key] - requestsBefore[key]
      if (ended) schedulerMs = (schedulerMs ?? 0) + (await ended()).scheduler * threadMs
      pods += count
      measuring = false
      naiveMs = naiveDecisionMs(world, template)
    },
  }
  try {
    for (const operation of found.operations) await perform(run, operation)
  } finally {
    for (const part of run.background) part.stop()
    await Promise.allSettled(run.background.map(({ done }) => done))
    bound.end()
    await scheduler.stop()
  }
  durations.sort((a, b) => a - b)
  const at = (share: number) => durations[Math.floor((durations.length - 1) * share)] ?? 0
  return {
    podsPerSecond: pods / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    attempts: durations.length,
    unschedulable: scheduler.counts.unschedulable - before.unschedulable,
    residentMegabytes: process.memoryUsage.rss() / 1e6,
    cpuMs: cpuMs / pods,
    ...(schedulerMs === undefined ? {} : { schedulerMs: schedulerMs / pods }),
    writes: written.writes / pods,
    events: written.events / pods,
    naiveMs,
  }
}

/** Events that are written in a moment where only what churns goes on. */
const FEW_EVENTS = 25
const MOMENT_MS = 500
const MOMENTS = 120

/** Resolves when the Events of the pods that were before are written, which would else be counted as the cost of those that are measured. */
async function untilTold({ requests }: World): Promise<void> {
  for (let moment = 0; moment < MOMENTS; moment++) {
    const before = requests.events
    await pause(MOMENT_MS)
    if (requests.events - before < FEW_EVENTS) return
  }
  throw new Error(`Events are still written after ${(MOMENTS * MOMENT_MS) / 1000} s`)
}

export function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
