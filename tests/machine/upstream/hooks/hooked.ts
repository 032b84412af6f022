/** Both API servers with a webhook each that behaves alike: what they answer is compared, and what their webhooks were sent. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { differences, type Shown } from '../differences.ts'
import { type Asked, headerDifferences, Pair, type Told } from '../pair.ts'
import { DEFINITION, things } from './scenes.ts'
import { type Behaviour, caBundle, type Heard, HookServer } from './server.ts'

export const GROUP = '/apis/admissionregistration.k8s.io/v1'
const PROBED = '/api/v1/namespaces/default/limitranges'
const WAIT_MS = 30_000

/** A webhook as configurations have it; its URL leads to the behaviour of that name. */
export interface Hook {
  /** Of what it does; without one it allows. */
  readonly does?: string
  readonly name?: string
  /** A URL is made for it where it has neither that nor a service. */
  readonly clientConfig?: object
  /** Of the webhook's ports. */
  readonly port?: number
  readonly [field: string]: unknown
}

export interface Configuration {
  readonly kind: 'Mutating' | 'Validating'
  readonly name: string
  readonly webhooks: readonly Hook[]
}

const pluralOf = ({ kind }: Pick<Configuration, 'kind'>) =>
  `${kind.toLowerCase()}webhookconfigurations`

export class HookedPair {
  readonly pair: Pair
  readonly hooks: readonly [HookServer, HookServer]
  readonly behaviours: Map<string, Behaviour>
  /** Requests that both were asked and whose answers were compared. */
  compared = 0
  constructor(
    pair: Pair,
    hooks: readonly [HookServer, HookServer],
    behaviours: Map<string, Behaviour>,
  ) {
    this.pair = pair
    this.hooks = hooks
    this.behaviours = behaviours
  }

  static async start(pair = Pair.start()): Promise<HookedPair> {
    const behaviours = new Map<string, Behaviour>()
    behaviours.set('refuse', () => ({ response: { allowed: false } }))
    const hooks = [new HookServer(behaviours), new HookServer(behaviours)] as const
    for (const hook of hooks) await hook.listen()
    return new HookedPair(await pair, hooks, behaviours)
  }

  async stop(): Promise<void> {
    await this.pair.stop()
    for (const hook of this.hooks) await hook.close()
  }

  /** The same configuration at both, but for the ports. */
  async configure(...configurations: readonly Configuration[]): Promise<void> {
    for (const configuration of configurations) {
      const [upstream, proa] = await this.#both(configuration)
      assert.equal(upstream.status, 201, upstream.text)
      assert.equal(proa.status, 201, proa.text)
    }
    await this.#settle()
  }

  #both(configuration: Configuration): Promise<readonly [Told, Told]> {
    const [upstream, proa] = this.hooks.map(
      (hook): Asked => ({
        method: 'POST',
        path: `${GROUP}/${pluralOf(configuration)}`,
        body: {
          metadata: { name: configuration.name },
          webhooks: configuration.webhooks.map((each, at) =>
            webhookOf(configuration, each, at, hook),
          ),
        },
      }),
    ) as [Asked, Asked]
    return this.pair.both(upstream, proa)
  }

  /** Definitions take a moment until what they define is served by both. */
  async served(made: readonly Asked[]): Promise<void> {
    if (!made.includes(DEFINITION)) return
    const until = Date.now() + WAIT_MS
    for (;;) {
      const told = await this.pair.both({ method: 'GET', path: things('v2') })
      if (told.every(({ status }) => status === 200)) return
      assert.ok(Date.now() < until, told[0].text)
      await delay(100)
    }
  }

  /** Takes all configurations away again. */
  async clear(): Promise<void> {
    for (const { kind } of PROBES)
      await this.pair.both({ method: 'DELETE', path: `${GROUP}/${pluralOf({ kind })}` })
    await this.#until('allowed')
  }

  /** What is made last works when all does. */
  async #settle(): Promise<void> {
    for (const probe of PROBES) {
      const path = `${GROUP}/${pluralOf(probe)}/${probe.name}`
      await this.pair.both({ method: 'DELETE', path })
    }
    await this.#until('allowed')
    for (const probe of PROBES) await this.#both(probe)
    await this.#until('refused')
  }

  async #until(how: 'refused' | 'allowed'): Promise<void> {
    const until = Date.now() + WAIT_MS
    for (const { kind } of PROBES)
      for (;;) {
        const body = { metadata: { name: 'probe', labels: { probe: kind } } }
        const told = await this.pair.both({ method: 'POST', path: `${PROBED}?dryRun=All`, body })
        const isRefused = ({ text }: Told) => text.includes('probe.aa.io')
        if (told.every(each => isRefused(each) === (how === 'refused'))) break
        assert.ok(Date.now() < until, `${kind} webhooks are not ${how}: ${told[0].text}`)
        await delay(100)
      }
  }

  /** Where the answers and what the webhooks heard differ, one line each. */
  async compare(asked: Asked): Promise<string[]> {
    for (const hook of this.hooks) hook.heard.length = 0
    const [upstream, proa] = await this.pair.both(asked)
    this.compared++
    const status =
      upstream.status === proa.status
        ? []
        : [`status: upstream ${upstream.status}, Proa ${proa.status}`]
    const [heardUp, heardProa] = this.hooks.map(heardBy) as [string, string]
    return [
      ...status,
      ...headerDifferences(upstream, proa),
      ...differences(comparable(upstream.text), comparable(proa.text)),
      ...differences(comparable(heardUp), comparable(heardProa)).map(line => `heard ${line}`),
    ].map(line => `${asked.method} ${asked.path} ${line}`)
  }
}

/** Entries with the same time stand in the order of their names, and times may differ between the servers. */
function comparable(text: string): string {
  const named = text.replace(/(gen-)[a-z0-9]{5}\b/g, '$1XXXXX')
  if (!named.startsWith('{')) return named
  return JSON.stringify(JSON.parse(named), (key, value) =>
    key === 'managedFields' && Array.isArray(value) ? inOrder(value) : value,
  )
}

const inOrder = (entries: readonly Shown[]): readonly Shown[] =>
  entries.toSorted((one, other) => (timeless(one) < timeless(other) ? -1 : 1))
const timeless = ({ operation, manager, subresource, apiVersion }: Shown) =>
  [operation, manager, subresource, apiVersion].join()

/** First of all, so that whatever others say is not heard. */
const PROBES = (['Mutating', 'Validating'] as const).map(
  (kind): Configuration => ({
    kind,
    name: 'aa-probe',
    webhooks: [
      {
        does: 'refuse',
        name: 'probe.aa.io',
        objectSelector: { matchLabels: { probe: kind } },
        rules: [
          {
            operations: ['CREATE'],
            apiGroups: [''],
            apiVersions: ['v1'],
            resources: ['limitranges'],
          },
        ],
      },
    ],
  }),
)

function webhookOf(
  { kind }: Configuration,
  { does = 'allow', port = 0, clientConfig = { caBundle }, ...fields }: Hook,
  at: number,
  hook: HookServer,
): object {
  const isElsewhere = 'url' in clientConfig || 'service' in clientConfig
  const url = `https://127.0.0.1:${hook.port(port)}/${kind.toLowerCase()}/${does}`
  return {
    name: `${String.fromCharCode(97 + at)}.hooks.io`,
    clientConfig: { ...(isElsewhere ? {} : { url }), ...clientConfig },
    rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...fields,
  }
}

/** A server's own writes, at moments of its own, are nobody's question. Those that validate are asked at the same time, in any order. */
function heardBy({ heard }: HookServer): string {
  const asked = heard.filter(
    ({ review }) => review.request?.userInfo?.username !== 'system:apiserver',
  )
  const isMutating = ({ path }: Heard) => path.startsWith('/mutating/')
  const inTurn = asked.filter(isMutating).map(shown)
  const together = asked.filter(each => !isMutating(each)).map(shown)
  return `{"heard":[${[...inTurn, ...together.sort()].join(',')}]}`
}

/** What says how the connection is used, not what is asked. */
const OF_CONNECTIONS = ['content-length', 'connection', 'accept-encoding']

function shown({ path, headers, ...rest }: Heard): string {
  const told = Object.entries(headers).filter(([name]) => !OF_CONNECTIONS.includes(name))
  return JSON.stringify({ path, ...rest, headers: Object.fromEntries(told.sort()) })
}
