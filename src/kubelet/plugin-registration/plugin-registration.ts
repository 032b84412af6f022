/**
 * Plugins of the node make themselves known by a socket below `plugins_registry`. Each is asked what it is, handed to whoever
 * deals with its kind, and told what came of it; it is given up when its socket goes, and taken anew when another stands in its place.
 *
 * Invariants: of one socket one thing happens at a time; a plugin that was handed over is given up before its successor at the same
 * path is handed over; what could not be asked is asked again, ever more seldom.
 */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { PluginSocket, PluginSockets } from '../host-access.ts'
import { Rounds } from '../rounds.ts'
import type { RegistrationClient } from './registration-client.ts'

export interface Plugin {
  readonly name: string
  /** The socket of its service. */
  readonly endpoint: string
  readonly supportedVersions: readonly string[]
  /** Where it registered. */
  readonly socketPath: string
}

/** Deals with all plugins of one kind. What an error says is told to the plugin. */
export interface PluginHandler {
  /** Throws where a plugin of this name, endpoint and versions can't be taken. */
  validate(plugin: Plugin): void
  register(plugin: Plugin): Promise<void>
  /** Of a plugin that was registered; another of the same name may have been registered since, at another endpoint. */
  deregister(plugin: Plugin): void
}

/** The kinds of plugins that upstream's kubelet takes. */
export type PluginKind = 'CSIPlugin' | 'DRAPlugin' | 'DevicePlugin'
export type PluginHandlers = Readonly<Partial<Record<PluginKind, PluginHandler>>>

export interface PluginRegistrationParts {
  readonly sockets: PluginSockets
  /** `plugins_registry` below the kubelet's directory. */
  readonly directory: string
  readonly handlers: PluginHandlers
  readonly client: RegistrationClient
  readonly clock: Clock
  readonly log: Log
}

/** Upstream's, too: the first pause, and the longest, after which a plugin that did not answer is asked again. */
const RETRY_MS = 500
const RETRY_LIMIT_MS = 122_000
/** A watch may miss something, as when the directory itself is replaced. */
const LOOK_MS = 10_000
/** Of sockets in one directory; what comes beyond is left out, since nobody has so many. */
const SOCKETS_LIMIT = 1_000

/** What is known of one path. */
interface Place {
  wanted: PluginSocket | undefined
  /** The identity of the socket whose plugin was dealt with last, successfully or told of its failure. */
  settled: string | undefined
  /** What was handed over, and to whom. */
  registered: { readonly plugin: Plugin; readonly handler: PluginHandler } | undefined
  busy: Promise<void> | undefined
  retryMs: number
  /** While it is to be asked again. */
  cancelRetry: (() => void) | undefined
}

export class PluginRegistration {
  readonly #parts: PluginRegistrationParts
  readonly #places = new Map<string, Place>()
  readonly #looks = new Rounds(() => this.#look())
  #unwatch = () => {}
  #cancelLook = () => {}
  #stopped = false

  constructor(parts: PluginRegistrationParts) {
    this.#parts = parts
  }

  /** Begins to watch; resolves when the plugins that are there already were asked once. */
  async start(): Promise<void> {
    const { sockets, directory } = this.#parts
    await sockets.prepare(directory)
    if (this.#stopped) return
    this.#unwatch = sockets.watch(directory, () => void this.look())
    await this.look()
    await Promise.all([...this.#places.values()].map(place => place.busy))
    this.#lookLater()
  }

  /** Nobody is given up: plugins and what they do for pods stay while the kubelet is away. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#unwatch()
    this.#cancelLook()
    for (const place of this.#places.values()) place.cancelRetry?.()
    await this.#looks.settled()
    await Promise.all([...this.#places.values()].map(place => place.busy))
  }

  #lookLater(): void {
    if (this.#stopped) return
    this.#cancelLook = this.#parts.clock.after(LOOK_MS, () => {
      this.look().finally(() => this.#lookLater())
    })
  }

  /** Compares what is there with what is known; resolves when it has begun to deal with what differs. */
  look(): Promise<void> {
    return this.#looks.run()
  }

  async #look(): Promise<void> {
    const { sockets, directory, log } = this.#parts
    if (this.#stopped) return
    try {
      this.#see(await sockets.list(directory))
    } catch (error) {
      log.warn('plugins cannot be looked for', { directory, error: messageOf(error) })
    }
  }

  #see(found: readonly PluginSocket[]): void {
    if (this.#stopped) return
    const there = new Map(found.slice(0, SOCKETS_LIMIT).map(socket => [socket.path, socket]))
    for (const [path, place] of this.#places)
      if (!there.has(path)) this.#want(path, place, undefined)
    for (const [path, socket] of there) {
      const place = this.#places.get(path) ?? {
        ...{ wanted: undefined, settled: undefined, registered: undefined, busy: undefined },
        ...{ retryMs: RETRY_MS, cancelRetry: undefined },
      }
      this.#places.set(path, place)
      this.#want(path, place, socket)
    }
  }

  #want(path: string, place: Place, socket: PluginSocket | undefined): void {
    if (place.wanted?.identity !== socket?.identity) {
      place.cancelRetry?.()
      place.cancelRetry = undefined
      place.retryMs = RETRY_MS
    } else if (socket) return
    place.wanted = socket
    this.#deal(path, place)
  }

  #deal(path: string, place: Place): void {
    place.busy ??= this.#dealUntilSettled(path, place).then(() => {
      place.busy = undefined
      const isGone = !place.wanted && !place.registered
      if (isGone && this.#places.get(path) === place) this.#places.delete(path)
      // Another may have come while this ended.
      else if (!place.cancelRetry && !this.#stopped && place.settled !== place.wanted?.identity)
        this.#deal(path, place)
    })
  }

  async #dealUntilSettled(path: string, place: Place): Promise<void> {
    while (!this.#stopped && place.settled !== place.wanted?.identity) {
      const { wanted } = place
      if (place.registered) this.#giveUp(place)
      place.settled = undefined
      if (!wanted) return
      try {
        await this.#register(place, wanted)
        place.settled = wanted.identity
        place.retryMs = RETRY_MS
      } catch (error) {
        // Others may have taken its place meanwhile, and are dealt with at once.
        if (place.wanted?.identity !== wanted.identity) continue
        this.#parts.log.warn('a plugin could not be registered yet', {
          ...{ socket: path, error: messageOf(error) },
        })
        this.#retryLater(path, place)
        return
      }
    }
  }

  #retryLater(path: string, place: Place): void {
    if (this.#stopped) return
    place.cancelRetry?.()
    place.cancelRetry = this.#parts.clock.after(place.retryMs, () => {
      place.cancelRetry = undefined
      this.#deal(path, place)
    })
    place.retryMs = Math.min(place.retryMs * 2, RETRY_LIMIT_MS)
  }

  #giveUp(place: Place): void {
    const { registered } = place
    place.registered = undefined
    if (!registered) return
    const { plugin, handler } = registered
    handler.deregister(plugin)
    this.#parts.log.info('a plugin is gone', { plugin: plugin.name, socket: plugin.socketPath })
  }

  /** Rejects where it should be tried again. */
  async #register(place: Place, { path }: PluginSocket): Promise<void> {
    const { client, handlers, log } = this.#parts
    const { type, name, endpoint, supportedVersions } = await client.getInfo(path)
    const plugin: Plugin = { name, supportedVersions, socketPath: path, endpoint: endpoint || path }
    const handler = Object.hasOwn(handlers, type) ? handlers[type as PluginKind] : undefined
    try {
      if (!handler) throw new Error(`no handler registered for plugin type: ${type}`)
      handler.validate(plugin)
    } catch (error) {
      // Nothing that time changes: whoever mends the plugin starts it anew.
      const reason = `RegisterPlugin error -- ${messageOf(error)} at socket ${path}`
      log.warn('a plugin was refused', { plugin: name, error: reason })
      return client.notify(path, reason)
    }
    try {
      await handler.register(plugin)
    } catch (error) {
      const reason = `RegisterPlugin error -- plugin registration failed with err: ${messageOf(error)}`
      await client.notify(path, reason).catch(() => {})
      throw new Error(reason)
    }
    place.registered = { plugin, handler }
    log.info('a plugin is registered', { plugin: name, type, endpoint: plugin.endpoint })
    // Registered it is, whether or not it hears of it.
    await client.notify(path).catch(error =>
      log.warn('a plugin was not told that it is registered', {
        ...{ plugin: name, error: messageOf(error) },
      }),
    )
  }
}
