/** Upstream's API server and Proa's, each over an etcd of its own, asked the same. */

import type { Method } from '#client/transport.ts'
import { EtcdProcess } from '../../../src/store/testing/etcd-process.ts'
import { type ApiEnd, Keys, startProa, startUpstream } from '../etcd/servers.ts'
import { differences, steady } from './differences.ts'

/** Proa serves all of its kinds here, some of which upstream has behind gates. */
export const EVERYTHING =
  '--feature-gates=AllAlpha=true,AllBeta=true,VolumeLimitScaling=false,MaxUnavailableStatefulSet=false'

export interface Asked {
  readonly method: Method
  readonly path: string
  readonly body?: object | string
  readonly headers?: Readonly<Record<string, string>>
  /** Why Proa may answer otherwise. */
  readonly differs?: string
}

export interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** Headers that say nothing of the answer, or of this one alone. */
const ASIDE = new Set([
  'date',
  'audit-id',
  'content-length',
  'connection',
  'transfer-encoding',
  'etag',
  'last-modified',
  ':status',
])

export class Pair {
  readonly upstream: ApiEnd
  readonly proa: ApiEnd
  /** Of both. */
  readonly keys: Keys
  readonly #stores: readonly EtcdProcess[]
  readonly #end: () => Promise<void>

  constructor(
    [upstream, proa]: readonly [ApiEnd, ApiEnd],
    { stores, keys }: { readonly stores: readonly EtcdProcess[]; readonly keys: Keys },
    end: () => Promise<void>,
  ) {
    this.keys = keys
    this.upstream = upstream
    this.proa = proa
    this.#stores = stores
    this.#end = end
  }

  /** `flags` are more of upstream's, `options` more of Proa's. */
  static async start(
    flags: readonly string[] = [],
    options: Parameters<typeof startProa>[5] = {},
  ): Promise<Pair> {
    const keys = new Keys()
    const stores = await Promise.all([EtcdProcess.start(), EtcdProcess.start()])
    const [first, second] = stores
    const upstream = await startUpstream(keys, first.url, [
      '--runtime-config=api/all=true',
      ...flags,
    ])
    const proa = await startProa(
      keys,
      { servers: [second.url] },
      undefined,
      undefined,
      undefined,
      options,
    )
    const pair = new Pair([upstream, proa], { stores, keys }, async () => {
      await proa.stop()
      await upstream.stop()
      await Promise.all(stores.map(store => store.remove()))
      keys.remove()
    })
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
    for (const namespace of ['default', 'kube-public'])
      await pair.both({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
        body: account,
      })
    return pair
  }

  async both(asked: Asked, ofProa = asked): Promise<readonly [Told, Told]> {
    return Promise.all([tell(this.upstream, asked), tell(this.proa, ofProa)])
  }

  /** Asks upstream alone. */
  ask(asked: Asked): Promise<Told> {
    return tell(this.upstream, asked)
  }

  /** Asks Proa alone. */
  askProa(asked: Asked): Promise<Told> {
    return tell(this.proa, asked)
  }

  /**
   * Asks both; gives where the answers differ, in one line each. Proa may be asked otherwise, as of revisions of its own; `read` makes of both
   * answers what is held against each other.
   */
  async compare(
    asked: Asked,
    ofProa = asked,
    read = (text: string): string => text,
  ): Promise<string[]> {
    const [upstream, proa] = await this.both(asked, ofProa)
    return [
      ...(upstream.status === proa.status
        ? []
        : [`status: upstream ${upstream.status}, Proa ${proa.status}`]),
      ...headerDifferences(upstream, proa),
      ...differences(read(upstream.text), read(proa.text)),
    ].map(line => `${asked.method} ${asked.path} ${line}`)
  }

  /** Puts into both stores what neither server would write any more. */
  async seed(key: string, object: object): Promise<void> {
    const [of, value] = [key, JSON.stringify(object)].map(text => Buffer.from(text))
    const body = JSON.stringify({ key: of?.toString('base64'), value: value?.toString('base64') })
    for (const { url } of this.#stores) await fetch(`${url}/v3/kv/put`, { method: 'POST', body })
  }

  stop(): Promise<void> {
    return this.#end()
  }
}

/** One line for each header that is told otherwise. */
export function headerDifferences(upstream: Told, proa: Told): string[] {
  const names = new Set([...Object.keys(upstream.headers), ...Object.keys(proa.headers)])
  return [...names]
    .filter(name => !ASIDE.has(name))
    .filter(name => steady(upstream.headers[name] ?? '') !== steady(proa.headers[name] ?? ''))
    .map(name => `header ${name}: upstream ${upstream.headers[name]}, Proa ${proa.headers[name]}`)
}

async function tell(end: ApiEnd, { method, path, body, headers }: Asked): Promise<Told> {
  const bytes =
    body === undefined
      ? undefined
      : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  const response = await end.transport.request({
    method,
    path,
    headers: {
      accept: 'application/json',
      'user-agent': 'compare/1',
      ...(bytes ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(bytes ? { body: bytes } : {}),
  })
  const { body: answered } = response
  const parts: Uint8Array[] = []
  if (answered.kind === 'bytes') parts.push(answered.bytes)
  else if (answered.kind === 'chunks') parts.push(...answered.chunks)
  else if (answered.kind === 'stream') parts.push(await collected(answered.stream))
  else if (answered.kind === 'events' || answered.kind === 'object')
    throw new Error(`${method} ${path} answers with a body of kind ${answered.kind}`)
  return {
    status: response.status,
    headers: response.headers,
    text: Buffer.concat(parts).toString(),
  }
}

type Stream = Extract<
  Awaited<ReturnType<ApiEnd['transport']['request']>>['body'],
  { kind: 'stream' }
>['stream']

const collected = (stream: Stream): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const parts: Uint8Array[] = []
    stream.subscribe({
      next: part => void parts.push(part),
      end: error => (error ? reject(error) : resolve(Buffer.concat(parts))),
    })
  })
