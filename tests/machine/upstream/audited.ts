/** Both servers with an audit log by the same policy, and what they tell of the same request. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { signingKeyOf, signToken } from '#apiserver/authentication/jwt.ts'
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
      [`--audit-policy-file=${file}`, `--audit-log-path=${join(directory, 'upstream.log')}`],
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

  /** Asks without any certificate. */
  async compareStrangers(
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<string[]> {
    const id = `asked-${++this.#asked}`
    const statuses = await Promise.all(
      [this.pair.upstream, this.pair.proa].map(({ url }) =>
        statusOf(`${url}${path}`, { 'audit-id': id, 'user-agent': 'stranger/1', ...headers }),
      ),
    )
    const isRefused = headers.authorization !== undefined
    const stages = isRefused ? ['ResponseStarted'] : COMPLETE
    const lines = await this.differencesOf(id, stages)
    return statuses[0] === statuses[1] ? lines : [`status: ${statuses.join(' ')}`, ...lines]
  }

  /** One that was made by hand, one as accounts once had them, and one that is not to be used any more. */
  async compareLegacyTokens(): Promise<string[]> {
    const account = 'old'
    const accounts = '/api/v1/namespaces/default/serviceaccounts'
    const secrets = [{ name: 'by-itself' }, { name: 'invalid' }]
    await this.pair.both({
      method: 'POST',
      path: accounts,
      body: { metadata: { name: account }, secrets },
    })
    const lines: string[] = []
    for (const name of ['by-hand', 'by-itself', 'invalid']) {
      const id = `asked-${++this.#asked}`
      for (const end of [this.pair.upstream, this.pair.proa]) {
        const { metadata } = await end.want('GET', `${accounts}/${account}`)
        const token = signToken(
          {
            iss: 'kubernetes/serviceaccount',
            sub: `system:serviceaccount:default:${account}`,
            'kubernetes.io/serviceaccount/namespace': 'default',
            'kubernetes.io/serviceaccount/secret.name': name,
            'kubernetes.io/serviceaccount/service-account.name': account,
            'kubernetes.io/serviceaccount/service-account.uid': metadata.uid,
          },
          signingKeyOf(this.pair.keys.pki.serviceAccountKey),
        )
        await end.want('POST', '/api/v1/namespaces/default/secrets', {
          metadata: {
            name,
            annotations: { 'kubernetes.io/service-account.name': account },
            ...(name === 'invalid'
              ? { labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } }
              : {}),
          },
          type: 'kubernetes.io/service-account-token',
          data: { token: Buffer.from(token).toString('base64') },
        })
        // Upstream looks at what its informers have.
        await sleep(500)
        const headers = { 'audit-id': id, 'user-agent': 'old/1', authorization: `Bearer ${token}` }
        await statusOf(`${end.url}/api/v1/namespaces/default/pods`, headers)
      }
      const stages = name === 'invalid' ? ['ResponseStarted'] : COMPLETE
      const found = await this.differencesOf(id, stages)
      lines.push(...found.map(line => `${name}: ${line}`))
    }
    return lines
  }

  async stop(): Promise<void> {
    await this.pair.stop()
    this.remove()
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

function statusOf(url: string, headers: Readonly<Record<string, string>>) {
  return new Promise<number | undefined>((resolve, reject) => {
    const asked = request(url, { headers, rejectUnauthorized: false, agent: false }, answer => {
      answer.resume().once('end', () => resolve(answer.statusCode))
    })
    asked.once('error', reject).end()
  })
}

/** The id goes with the answer. */
const answered = (told: readonly Told[], id: string): string[] =>
  told.every(({ headers }) => headers['audit-id'] === id) ? [] : ['the answer has another id']

/** But for what is another in each life of a server, which `differences` names alike, and what is accepted to differ: */
function normal(event: Event): Event {
  const { annotations, ...rest } = JSON.parse(
    JSON.stringify(event, (key, value) => {
      // Columns are described in words of our own; ports of both servers differ.
      if (key === 'columnDefinitions' || key === 'serverAddressByClientCIDRs') return undefined
      return typeof value === 'string' ? value.replace(/^(made-)\w{5}$/, '$1XXXXX') : value
    }),
  )
  const kept = Object.entries(annotations ?? {}).filter(
    ([key]) => !key.startsWith('apiserver.latency.k8s.io/'),
  )
  return kept.length > 0 ? { ...rest, annotations: Object.fromEntries(kept) } : rest
}
