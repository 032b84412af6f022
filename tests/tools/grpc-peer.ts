/** gRPC servers and clients on unix sockets whose messages are bytes: what a plugin of another make is to the kubelet. */
import {
  Client,
  credentials,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js'

type Bytes = Uint8Array
export type Stream = ServerWritableStream<Bytes, Bytes>

export interface PeerMethods {
  readonly unary?: Readonly<Record<string, (request: Bytes) => Bytes>>
  readonly streams?: Readonly<Record<string, (stream: Stream) => void>>
}

const same = (bytes: Bytes) => Buffer.from(bytes)
const definitionOf = (path: string, responseStream: boolean) => ({
  ...{ path, requestStream: false, responseStream },
  ...{ requestSerialize: same, requestDeserialize: same },
  ...{ responseSerialize: same, responseDeserialize: same },
})

/** Methods by their paths. The returned function ends it at once, as SIGKILL would. */
export async function servePeer(socketPath: string, methods: PeerMethods): Promise<() => void> {
  const server = new Server()
  for (const [path, answer] of Object.entries(methods.unary ?? {})) {
    const handle: handleUnaryCall<Bytes, Bytes> = ({ request }, done) => {
      try {
        done(null, answer(request))
      } catch (error) {
        done(error as ServiceError)
      }
    }
    server.addService({ handle: definitionOf(path, false) } as ServiceDefinition, { handle })
  }
  for (const [path, handle] of Object.entries(methods.streams ?? {}))
    server.addService({ handle: definitionOf(path, true) } as ServiceDefinition, { handle })
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), error =>
      error ? reject(error) : resolve(),
    )
  })
  return () => server.forceShutdown()
}

/** One question. Rejects with a ServiceError, which has a `code` and `details`. */
export async function askPeer(socketPath: string, path: string, request: Bytes): Promise<Bytes> {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure())
  try {
    return await new Promise((resolve, reject) => {
      const deadline = Date.now() + 10_000
      client.makeUnaryRequest(path, same, same, request, { deadline }, (error, answer) =>
        error ? reject(error) : resolve(answer ?? new Uint8Array(0)),
      )
    })
  } finally {
    client.close()
  }
}
