/** A gRPC server that speaks etcd's protocol and says what a test wants it to say, also what no etcd should. */
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type UntypedHandleCall,
} from '@grpc/grpc-js'
import type { Message } from '#base/protobuf.ts'
import {
  type Method,
  methods,
  WATCH_PATH,
  type WatchRequest,
  type WatchResponse,
  watchRequest,
  watchResponse,
} from '../etcd/messages.ts'

export interface Held {
  readonly key: string
  readonly value: string
  readonly version: number
  readonly createRevision: number
  readonly modRevision: number
}

type Stream = ServerDuplexStream<WatchRequest, Partial<WatchResponse>>
const encoder = new TextEncoder()

export const keyValueOf = ({ key, value, ...numbers }: Held) => ({
  key: encoder.encode(key),
  value: encoder.encode(value),
  ...numbers,
})

export class ScriptedEtcd {
  version = '3.6.0'
  revision = 1
  held: readonly Held[] = []
  /** Every `create` that came, oldest first. */
  readonly watches: NonNullable<WatchRequest['create']>[] = []
  progressRequests = 0
  /** Whether it says at once that a watch is created. */
  isPrompt = true
  #server = new Server()
  #stream: Stream | undefined
  url = ''

  async start(): Promise<void> {
    this.#unary(methods.range, () => ({
      header: { revision: this.revision },
      kvs: this.held.map(keyValueOf),
      count: this.held.length,
    }))
    this.#unary(methods.status, () => ({ version: this.version }))
    const watch = (stream: Stream) => {
      this.#stream = stream
      stream.on('data', (request: WatchRequest) => {
        if (request.progress) this.progressRequests++
        if (!request.create) return
        this.watches.push(request.create)
        if (this.isPrompt) this.tell({ created: true })
      })
      stream.on('error', () => {})
      stream.on('end', () => stream.end())
    }
    this.#serve(WATCH_PATH, watchRequest, watchResponse, watch as UntypedHandleCall, true)
    const port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    )
    this.url = `http://127.0.0.1:${port}`
  }

  /** Says something in the newest watch. */
  tell(response: Partial<WatchResponse>): void {
    this.#stream?.write({ header: { revision: this.revision }, ...response })
  }

  stop(): void {
    this.#server.forceShutdown()
  }

  #unary<Q, A>({ path, request, response }: Method<Q, A>, answer: () => Partial<A>): void {
    const handle = (_call: unknown, done: (error: null, value: Partial<A>) => void) =>
      done(null, answer())
    this.#serve(path, request, response, handle as UntypedHandleCall, false)
  }

  #serve<Q, A>(
    path: string,
    request: Message<Q>,
    response: Message<A>,
    handler: UntypedHandleCall,
    isStream: boolean,
  ): void {
    const definition = {
      path,
      requestStream: isStream,
      responseStream: isStream,
      requestSerialize: (value: Q) => Buffer.from(request.encode(value)),
      requestDeserialize: (bytes: Buffer) => request.decode(bytes),
      responseSerialize: (value: A) => Buffer.from(response.encode(value)),
      responseDeserialize: (bytes: Buffer) => response.decode(bytes),
    }
    this.#server.addService({ [path]: definition }, { [path]: handler })
  }
}
