/**
 * What envtest starts as etcd: it waits for `/health`, and hands the URL to the API server. Ours keeps nothing, since the API server
 * beside it has everything in memory. It says so, so that the API server knows it from a real etcd.
 */
import { UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'
import { askPlainHttp, listenPlainHttp, plain } from '#host/plain-http.ts'
import { endWithParent, onTermination } from '#host/signals.ts'
import type { Listening } from '#host/sockets.ts'

const json = { 'content-type': 'application/json' }
const KEEPS = 'nothing: objects are in the memory of the API server'

export async function runEtcdStandIn(values: ValuesOf<'envtest etcd'>): Promise<void> {
  const listening = await listenAsEtcd(values.listenClientUrls)
  onTermination(async () => {
    await Promise.all(listening.map(each => each.close()))
  })
  endWithParent()
}

/** Throws UserErrors. */
export function listenAsEtcd(urls: readonly string[]): Promise<Listening[]> {
  return Promise.all(
    urls.map(async text => {
      const url = URL.parse(text)
      if (url?.protocol !== 'http:')
        throw new UserError(`--listen-client-urls wants http://HOST:PORT, not "${text}"`)
      const address = url.hostname.replace(/^\[(.*)\]$/, '$1')
      try {
        return await listenPlainHttp({ address, port: Number(url.port), answer: answerTo })
      } catch (error) {
        if (!(error instanceof Error && 'code' in error)) throw error
        throw new UserError(`${text} cannot be listened on: ${error.message}`)
      }
    }),
  )
}

/** Whether a stand-in answers at one of these URLs. */
export async function isStandIn(servers: readonly string[]): Promise<boolean> {
  const answers = await Promise.all(
    servers
      .filter(server => server.startsWith('http://'))
      .map(server => askPlainHttp(`${server.replace(/\/+$/, '')}/version`)),
  )
  return answers.some(answer => keepsOf(answer) === KEEPS)
}

function answerTo(path: string) {
  if (path === '/health')
    return { status: 200, headers: json, body: JSON.stringify({ health: 'true', reason: '' }) }
  if (path === '/version')
    return { status: 200, headers: json, body: JSON.stringify({ keeps: KEEPS }) }
  return plain(404, `This etcd keeps ${KEEPS}.`)
}

function keepsOf(answer: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(answer ?? 'null')
    return typeof value === 'object' && value !== null && 'keeps' in value ? value.keeps : undefined
  } catch {
    return undefined
  }
}
