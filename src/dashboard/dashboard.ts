/** The door of the room: a small server for one person's browser, whose pages speak the API of any cluster. */
import type { Clock } from '#base/clock.ts'
import { hostPort } from '#base/host-port.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Running } from '#client/role.ts'
import { serveHttp } from '#client/serving/serve-http.ts'
import type { Transport } from '#client/transport.ts'
import { createSessions } from './server/gate.ts'
import { createHandler } from './server/handler.ts'
import { type ReadFile, readSources } from './server/sources.ts'

export interface DashboardOptions {
  /** The way to the API, as whoever the pages are to act as. */
  readonly transport: Transport
  /** Where the API server is, for people. */
  readonly server: string
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
  readonly read: ReadFile
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Hears of the address that lets one more browser in, after the first was used. */
  readonly onNewUrl?: (url: string) => void
}

export interface Dashboard extends Running {
  readonly port: number
  /** Lets one browser in; another one then. */
  readonly url: string
}

/** Resolves when the port is open. Throws a UserError where it cannot be had. */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { transport, server, address, clock, random, log, read } = options
  const urlFor = (token: string) =>
    `http://${hostPort(localHost(address), serving.port)}/#token=${token}`
  const sessions = createSessions(random, token => options.onNewUrl?.(urlFor(token)))
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const rooms = new URL('../', import.meta.url)
  const sources = () =>
    readSources({ read, rooms, ending, resolve: name => import.meta.resolve(name) })
  const serving = await serveHttp({
    address,
    port: options.port,
    handler: createHandler({ transport, sessions, server, sources }),
    clock,
    log,
    flags: { port: '--port', address: '--bind-address' },
  })
  return {
    port: serving.port,
    get url() {
      return urlFor(sessions.token)
    },
    stop: () => serving.stop(),
  }
}

/** An address that stands for all of the machine's cannot be opened. */
const localHost = (address: string): string =>
  ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[address] ?? address
