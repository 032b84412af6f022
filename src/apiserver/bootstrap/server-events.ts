/** Events that the server itself records; what that takes is loaded with the first of them, as most servers never have any. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { EventRecorder } from '#client/events.ts'
import type { Transport } from '#client/transport.ts'
import type { ServerContext } from '../server-context.ts'

export interface Finding {
  readonly about: KubernetesObject
  readonly reason: string
  readonly action: string
  readonly message: string
}

export class ServerEvents {
  readonly #server: ServerContext
  readonly #transport: Transport
  readonly #recorders = new Map<string, Promise<EventRecorder>>()
  #isOver = false

  /** The transport is that of whoever may write events everywhere. */
  constructor(server: ServerContext, transport: Transport) {
    this.#server = server
    this.#transport = transport
  }

  /** Warns people of what was found; `component` is upstream's name of whoever found it. */
  warn(component: string, { about, reason, action, message }: Finding): void {
    if (this.#isOver) return
    void this.#recorder(component).then(recorder =>
      recorder.record(about, 'Warning', reason, { message, action }),
    )
  }

  async stop(): Promise<void> {
    this.#isOver = true
    for (const recorder of await Promise.all(this.#recorders.values())) recorder.stop()
  }

  #recorder(component: string): Promise<EventRecorder> {
    const known = this.#recorders.get(component)
    if (known) return known
    const made = this.#make(component)
    this.#recorders.set(component, made)
    return made
  }

  async #make(component: string): Promise<EventRecorder> {
    const [{ createClient }, { createEventRecorder }] = await Promise.all([
      import('#client/api-client.ts'),
      import('#client/events.ts'),
    ])
    const { clock, random, log } = this.#server
    const client = createClient(this.#transport, { userAgent: 'kube-apiserver' })
    return createEventRecorder(client, { clock, random, log, component })
  }
}
