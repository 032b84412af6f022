/** Whatever is asked of a server, it answers, and never that something went wrong within itself. */
import { setTimeout as sleep } from 'node:timers/promises'
import { kinds } from '../../src/api/kinds.ts'
import type { AnyKind } from '../../src/api/machinery/kind.ts'
import { startTestServer, type TestServer } from '../../src/apiserver/testing.ts'
import type { Log, LogFields } from '../../src/base/log.ts'
import { cpuMs } from '../../src/base/testing/cpu-time.ts'
import { OWNED_DEFINITION } from '../machine/upstream/variants/owned-custom.ts'
import { type Finding, type FuzzOptions, type FuzzResult, MAXIMUM_FINDINGS } from './fuzzer.ts'
import { type Asked, builtIn, custom, Life, textOf } from './lives.ts'
import { Dice } from './random.ts'

/** So many requests are about one object, which then goes. */
const STEPS = 12
/** A server keeps the history of what was done to it, so a new one comes after so many objects. */
const LIVES = 150
/** Of computing: on a busy machine, an answer may wait for longer than it takes. */
const LONGEST_ANSWER_MS = 2000
const LONGEST_WAIT_MS = 60_000
/** Requests that are told of before one that went wrong. */
const SHOWN = 6

/** `served` are the built-in kinds of the server. */
export async function fuzzRequests(
  { seed, durationMs, leastRuns = 0 }: FuzzOptions,
  served: readonly AnyKind[] = kinds,
): Promise<FuzzResult> {
  const dice = new Dice(seed)
  const versions = [...served.filter(({ ephemeral }) => !ephemeral).map(builtIn), ...custom]
  const findings: Finding[] = []
  const endMs = performance.now() + durationMs
  let runs = 0
  const isOver = () =>
    (performance.now() >= endMs && runs >= leastRuns) || findings.length >= MAXIMUM_FINDINGS
  while (!isOver()) {
    const failures = new Failures()
    const server = await serverWith(failures, served)
    for (let lives = 0; lives < LIVES && !isOver(); lives++) {
      const about = dice.pick(versions).resource
      const its = versions.filter(({ resource }) => resource === about)
      const asked = await live(new Life(its, dice, lives), server, failures)
      runs += asked.length
      const end = asked.slice(-SHOWN).map(textOf).join('\n')
      for (const message of failures.taken())
        findings.push({ target: 'requests', what: 'crash', message: `${message}\n${end}` })
    }
    await server.server.stop()
  }
  return { runs, findings }
}

async function live(life: Life, server: TestServer, failures: Failures): Promise<Asked[]> {
  const asked: Asked[] = []
  const ask = async (request: Asked) => {
    asked.push(request)
    if (!(await isAnswered(server, request))) failures.add('there was no answer')
  }
  await ask(life.first())
  for (let step = 0; step < STEPS && failures.isEmpty; step++) await ask(life.next())
  await ask(life.last())
  return asked
}

async function isAnswered(server: TestServer, { method, path, headers, body }: Asked) {
  const cancel = new AbortController()
  const late = patience(cancel.signal).catch(() => {})
  const answer = await Promise.race([server.ask(method, path, body, { headers }), late])
  cancel.abort()
  return answer !== undefined
}

/** Resolves when an answer is too late. */
async function patience(signal: AbortSignal): Promise<void> {
  const [startMs, startCpuMs] = [performance.now(), cpuMs()]
  const isLeft = () =>
    cpuMs() - startCpuMs < LONGEST_ANSWER_MS && performance.now() - startMs < LONGEST_WAIT_MS
  while (isLeft()) await sleep(LONGEST_ANSWER_MS / 10, undefined, { signal })
}

async function serverWith(log: Log, served: readonly AnyKind[]): Promise<TestServer> {
  const server = await startTestServer({ log, kinds: served })
  // Who takes part in every pod: without it, admission would wait for its controller.
  const account = { metadata: { name: 'default' } }
  await server.ask('POST', '/api/v1/namespaces/default/serviceaccounts', account)
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  await server.ask('POST', definitions, OWNED_DEFINITION)
  for (const { at } of custom) while ((await server.ask('GET', at)).status !== 200) await sleep(1)
  return server
}

/** A log that keeps what went wrong. */
class Failures implements Log {
  readonly #told: string[] = []

  debug(): void {}
  info(): void {}
  warn(): void {}
  error(message: string, { error }: LogFields & { error?: unknown } = {}): void {
    this.add(`${message}: ${(error as Error | undefined)?.stack ?? String(error)}`)
  }
  with(): Log {
    return this
  }

  add(message: string): void {
    this.#told.push(message)
  }
  get isEmpty(): boolean {
    return this.#told.length === 0
  }
  taken(): string[] {
    return this.#told.splice(0)
  }
}
