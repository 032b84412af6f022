/** Both servers with an audit log by the same policy, and what they tell of the same request. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { differences } from './differences.ts'
import { type Asked, Pair, type Told } from './pair.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was told
export type Event = any

/** One that both servers tell of, and how many events each may be waited for. */
export interface Audited extends Asked {
  /** Stages that upstream tells of. */
  readonly stages?: readonly string[]
}

const WAIT_MS = 20_000
const COMPLETE = ['RequestReceived', 'ResponseComplete']

export class AuditedPair {
  readonly pair: Pair
  readonly #directory: string
  readonly #proaEvents: Event[]
  #asked = 0

  private constructor(pair: Pair, directory: string, proaEvents: Event[]) {
    this.pair = pair
    this.#directory = directory
    this.#proaEvents = proaEvents
  }

  static async start(policy: object): Promise<AuditedPair> {
    const directory = mkdtempSync(join(tmpdir(), 'proa-audit-'))
    const file = join(directory, 'policy.yaml')
    const whole = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy }
    writeFileSync(file, JSON.stringify(whole))
    const events: Event[] = []
    const pair = await Pair.start(
      [
        '--disable-admission-plugins=ServiceAccount',
        `--audit-policy-file=${file}`,
        `--audit-log-path=${join(directory, 'upstream.log')}`,
      ],
      { audit: { policy: file, onEvent: event => void events.push(event) } },
    )
    return new AuditedPair(pair, directory, events)
  }

  /** One line for each difference; asks both. */
  async compare({ stages = COMPLETE, ...asked }: Audited): Promise<string[]> {
    const id = `asked-${++this.#asked}`
    const named = { ...asked, headers: { 'audit-id': id, ...asked.headers } }
    const told = await this.pair.both(named)
    return [...answered(told, id), ...(await this.differencesOf(id, stages))]
  }

  async differencesOf(id: string, stages: readonly string[]): Promise<string[]> {
    const wanted = await this.#eventsOf(id, stages, () => this.#upstreamEvents())
    const given = await this.#eventsOf(id, stages, () => this.#proaEvents)
    const [one, other] = [wanted, given].map(events => events.map(({ stage }) => stage).join())
    if (one !== other) return [`stages: upstream ${one}, Proa ${other}`]
    return wanted.flatMap((event, at) =>
      differences(JSON.stringify(normal(event)), JSON.stringify(normal(given[at])))
        .filter(line => !/: order upstream /.test(line))
        .map(line => `${event.stage} ${line}`),
    )
  }

  /** All of a request; waited for as long as it takes to be told. */
  async #eventsOf(
    id: string,
    stages: readonly string[],
    read: () => readonly Event[],
  ): Promise<Event[]> {
    const deadline = performance.now() + WAIT_MS
    for (;;) {
      const events = read().filter(({ auditID }) => auditID === id)
      if (events.length >= stages.length || performance.now() > deadline) return events
      await sleep(20)
    }
  }

  #upstreamEvents(): Event[] {
    const lines = readFileSync(join(this.#directory, 'upstream.log'), 'utf8').split('\n')
    return lines.slice(0, -1).map(line => JSON.parse(line))
  }

  async stop(): Promise<void> {
    await this.pair.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** The id goes with the answer. */
const answered = (told: readonly Told[], id: string): string[] =>
  told.every(({ headers }) => headers['audit-id'] === id) ? [] : ['the answer has another id']

/** But for what is another in each life of a server, which `differences` names alike. */
function normal(event: Event): Event {
  const { annotations, authenticationMetadata: _, ...rest } = event
  const kept = Object.entries(annotations ?? {}).filter(
    ([key]) => !key.startsWith('apiserver.latency.k8s.io/'),
  )
  return kept.length > 0 ? { ...rest, annotations: Object.fromEntries(kept) } : rest
}
