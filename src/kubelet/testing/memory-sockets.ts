/** Plugins without a machine: whoever serves a path answers who connects to it, in the same process. */
import { GrpcError, type GrpcStreamSink, grpcCode } from '../cri/grpc.ts'
import type { GrpcMethods } from '../grpc/grpc-server.ts'
import type { GrpcSockets } from '../grpc/grpc-sockets.ts'

export interface MemoryPeer {
  readonly methods: GrpcMethods
  /** Answers by many messages; the returned function hears of the end of its asker. */
  readonly streams?: Readonly<Record<string, (sink: GrpcStreamSink) => () => void>>
}

export function createMemorySockets() {
  const peers = new Map<string, MemoryPeer>()
  const watchers = new Map<string, Set<(isThere: boolean) => void>>()
  const peerAt = (path: string): MemoryPeer => {
    const peer = peers.get(path)
    if (!peer) throw new GrpcError(grpcCode.unavailable, `nobody answers at ${path}`)
    return peer
  }
  const put = (path: string, peer: MemoryPeer | undefined) => {
    if (peer) peers.set(path, peer)
    else peers.delete(path)
    for (const told of watchers.get(path) ?? []) told(peer !== undefined)
  }
  const sockets: GrpcSockets = {
    async serve(path, methods) {
      put(path, { methods })
      return { close: async () => put(path, undefined) }
    },
    connect: path => ({
      async call({ path: method, request }) {
        const answer = peerAt(path).methods[method]
        if (!answer) throw new GrpcError(grpcCode.unimplemented, 'unknown method')
        return answer(request)
      },
      stream({ path: method }, sink) {
        let end = () => {}
        try {
          end = peerAt(path).streams?.[method]?.(sink) ?? end
        } catch (error) {
          queueMicrotask(() => sink.end(error as Error))
        }
        return () => end()
      },
      close() {},
    }),
    watch(path, told) {
      const known = watchers.get(path) ?? new Set()
      watchers.set(path, known.add(told))
      told(peers.has(path))
      return () => void known.delete(told)
    },
  }
  return {
    sockets,
    put,
    ask: (path: string, method: string, request: Uint8Array) =>
      sockets.connect(path, path).call({ path: method, request, timeoutMs: 1000 }),
  }
}
export type MemorySockets = ReturnType<typeof createMemorySockets>
