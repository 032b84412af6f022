/**
 * Feeds a target with mutated samples for a while and judges what it does: it may give a value or refuse with a StatusError
 * that blames the client, but neither throw anything else, nor hold the loop for long, nor keep memory.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { PlainError, StatusError } from '../../src/api/machinery/status.ts'
import { cpuMs } from '../../src/base/testing/cpu-time.ts'
import { Dice, mutated } from './random.ts'

export interface Target {
  readonly name: string
  readonly samples: readonly (string | Uint8Array)[]
  /** Words of the format, which are strewn in. */
  readonly words: readonly (string | Uint8Array)[]
  /** Throws an AssertionError, or whatever went wrong, where the input is treated wrongly; a promise is waited for. */
  readonly run: (input: Uint8Array) => void | Promise<void>
}

export interface Finding {
  readonly target: string
  readonly what: 'crash' | 'stall' | 'growth'
  readonly message: string
  /** In base64; absent for growth, which no single input causes. */
  readonly input?: string
}

export interface FuzzOptions {
  readonly seed: number
  readonly durationMs: number
  /** However long these take: a machine that is busy with other things gets to little in the same time. */
  readonly leastRuns?: number
}

export interface FuzzResult {
  readonly runs: number
  readonly findings: readonly Finding[]
}

/** Nobody may wait longer for others. */
export const LONGEST_RUN_MS = 50
/** Other work on the machine looks like a stall; what the input causes comes back each time. */
const ATTEMPTS = 5
/** Compiled code and caches with limits grow at first; a leak goes on. */
const WARM_UP_SHARE = 0.4
const MAXIMUM_GROWTH_BYTES = 16 * 1024 * 1024
const SETTLE_MS = 50
/** A few tell more than hundreds that have the same cause. */
export const MAXIMUM_FINDINGS = 5

/** Something to be fuzzed in a way of its own. */
export interface Fuzzed {
  readonly name: string
  run(options: FuzzOptions): Promise<FuzzResult>
}

export async function fuzz(
  target: Target,
  { seed, durationMs, leastRuns = 0 }: FuzzOptions,
): Promise<FuzzResult> {
  const dice = new Dice(seed)
  const samples = target.samples.map(bytesOf)
  const words = target.words.map(bytesOf)
  const findings: Finding[] = []
  // The samples themselves first: they are compiled for, and must pass.
  for (const sample of samples) findings.push(...(await judge(target, sample)))
  const end = performance.now() + durationMs
  const warmAt = performance.now() + durationMs * WARM_UP_SHARE
  let warm: number | undefined
  let runs = samples.length
  const isOver = () => performance.now() >= end && runs >= leastRuns
  for (; !isOver() && findings.length < MAXIMUM_FINDINGS; runs++) {
    if (warm === undefined && performance.now() >= warmAt) warm = await heapBytes()
    findings.push(...(await judge(target, mutated(dice, samples, words))))
  }
  const growth = warm === undefined ? 0 : (await heapBytes()) - warm
  if (growth > MAXIMUM_GROWTH_BYTES)
    findings.push({ target: target.name, what: 'growth', message: `${growth} bytes were kept` })
  return { runs, findings }
}

async function judge(target: Target, input: Uint8Array): Promise<Finding[]> {
  const found = (what: Finding['what'], message: string): Finding[] => [
    { target: target.name, what, message, input: Buffer.from(input).toString('base64') },
  ]
  let fastest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [start, startCpuMs] = [performance.now(), cpuMs()]
    try {
      await target.run(input)
    } catch (thrown) {
      if (!isRefusal(thrown)) return found('crash', String((thrown as Error)?.stack ?? thrown))
    }
    // What took long without computing waited for the machine.
    fastest = Math.min(fastest, performance.now() - start, cpuMs() - startCpuMs)
    if (fastest <= LONGEST_RUN_MS) return []
  }
  return found('stall', `${Math.round(fastest)} ms`)
}

/** The client's mistake, told to the client; upstream has no reason, and so the code 500, for some of them, which a PlainError says on purpose. */
const isRefusal = (thrown: unknown) =>
  thrown instanceof PlainError || (thrown instanceof StatusError && thrown.code < 500)

function bytesOf(sample: string | Uint8Array): Uint8Array {
  return typeof sample === 'string' ? Buffer.from(sample) : sample
}

let collect: (() => void) | undefined

/** What is kept. Sockets and streams let go of their buffers only some turns after they were closed. */
async function heapBytes(): Promise<number> {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** What to type to see it again. */
export function reportOf({ target, what, message, input }: Finding, seed: number): string {
  const shown = input === undefined ? '' : `\n  input in base64: ${input.slice(0, 4000)}`
  return `${target}: ${what} (seed ${seed}): ${message}${shown}`
}
