/**
 * What the proxy tells of itself: health for load balancers and whoever watches over the node, and on a port of its own figures and its mode. Paths,
 * answers and ports are upstream's.
 */
import type { Node } from '#api/core/v1/node.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { figuresText } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { Running } from '#client/role.ts'
import { listenPlainHttp, type PlainAnswer, plain } from '#host/plain-http.ts'
import type { Listening } from '#host/sockets.ts'
import type { Family } from './family.ts'
import type { ProxyFigures } from './figures.ts'
import type { ProxyHealth } from './proxy-health.ts'

export interface StatusAddress {
  readonly address: string
  readonly port: number
}

/** Undefined is upstream's place, left out where another program has it; `none` opens no port. */
export type WantedStatusAddress = StatusAddress | 'none' | undefined

export const DEFAULT_HEALTHZ: StatusAddress = { address: '0.0.0.0', port: 10_256 }
/** Where nodes have addresses of IPv6: of both families. */
const DEFAULT_HEALTHZ_OF_BOTH: StatusAddress = { ...DEFAULT_HEALTHZ, address: '::' }
export const DEFAULT_METRICS: StatusAddress = { address: '127.0.0.1', port: 10_249 }

/** The autoscaler sets it on a node that it is about to take away: no new connections should come to it. */
const LEAVING_TAINT = 'ToBeDeletedByClusterAutoscaler'

export interface StatusPortsOptions {
  readonly healthz: WantedStatusAddress
  readonly metrics: WantedStatusAddress
  /** Of the cluster's pods, and so of its nodes. */
  readonly families: readonly Family[]
  readonly health: ProxyHealth
  readonly figures: ProxyFigures
  /** This node, as far as it is known. */
  node(): Node | undefined
  readonly clock: Clock
  readonly log: Log
}

export interface StatusPorts extends Running {
  /** Undefined where none is open. */
  readonly healthzPort: number | undefined
  readonly metricsPort: number | undefined
}

/** Throws a UserError where a place that was asked for cannot be had. */
export async function openStatusPorts(options: StatusPortsOptions): Promise<StatusPorts> {
  const { healthz, metrics, log } = options
  const health = await open(log, {
    wanted: healthz,
    byDefault: options.families.includes(6) ? DEFAULT_HEALTHZ_OF_BOTH : DEFAULT_HEALTHZ,
    flag: '--healthz-bind-address',
    answer: path => healthAnswer(path, options),
  })
  try {
    const status = await open(log, {
      wanted: metrics,
      byDefault: DEFAULT_METRICS,
      flag: '--metrics-bind-address',
      answer: path => statusAnswer(path, options.figures),
    })
    return {
      healthzPort: health?.port,
      metricsPort: status?.port,
      stop: async () => {
        await health?.close()
        await status?.close()
      },
    }
  } catch (error) {
    await health?.close()
    throw error
  }
}

interface Place {
  readonly wanted: WantedStatusAddress
  readonly byDefault: StatusAddress
  readonly flag: string
  answer(path: string): PlainAnswer
}

async function open(log: Log, place: Place): Promise<Listening | undefined> {
  const { wanted, byDefault, flag, answer } = place
  if (wanted === 'none') return undefined
  const { address, port } = wanted ?? byDefault
  try {
    return await listenPlainHttp({ address, port, answer })
  } catch (error) {
    const why = `${flag} ${address}:${port} cannot be opened: ${messageOf(error)}`
    if (wanted) throw new UserError(why)
    log.warn('the service proxy goes without a port for its health or figures', { why })
    return undefined
  }
}

function healthAnswer(path: string, options: StatusPortsOptions): PlainAnswer {
  const { health, clock, figures } = options
  const { isHealthy } = health
  const currentTime = goTime(clock.now())
  // Where nothing waits, what is there is as of now.
  const lastUpdated = isHealthy ? currentTime : goTime(health.lastWritten)
  if (path === '/livez') {
    const status = isHealthy ? 200 : 503
    figures.asked('livez', status)
    return json(status, { lastUpdated, currentTime })
  }
  if (path !== '/healthz') return plain(404, '404 page not found')
  const nodeEligible = isEligible(options.node())
  const status = isHealthy && nodeEligible ? 200 : 503
  figures.asked('healthz', status)
  return json(status, { lastUpdated, currentTime, nodeEligible })
}

function statusAnswer(path: string, figures: ProxyFigures): PlainAnswer {
  if (path === '/healthz') return plain(200, 'ok')
  if (path === '/proxyMode') return { ...plain(200, ''), body: 'nftables' }
  if (path !== '/metrics') return plain(404, '404 page not found')
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
  return { status: 200, headers, body: figuresText([figures.source]) }
}

/** A node that is not known yet is not leaving. */
export function isEligible(node: Node | undefined): boolean {
  if (!node) return true
  if (node.metadata.deletionTimestamp) return false
  return !node.spec?.taints?.some(({ key }) => key === LEAVING_TAINT)
}

function json(status: number, value: unknown): PlainAnswer {
  const headers = { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' }
  return { status, headers, body: JSON.stringify(value) }
}

/** As Go writes a time for people; its zero where there was none. */
function goTime(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '0001-01-01 00:00:00 +0000 UTC'
  return `${new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '')} +0000 UTC`
}
