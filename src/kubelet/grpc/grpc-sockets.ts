/** How the kubelet and what runs on its machine reach each other: gRPC over unix sockets. A node in memory has none. */
import type { Clock } from '#base/clock.ts'
import { connectGrpc, type GrpcConnection } from '../cri/grpc.ts'
import { type GrpcMethods, type GrpcServer, serveGrpc } from './grpc-server.ts'
import { watchPeer } from './peer-watch.ts'

export interface GrpcSockets {
  /** Rejects where nothing can listen there. */
  serve(socketPath: string, methods: GrpcMethods): Promise<GrpcServer>
  /** Connects with the first call; `peer` is how errors call whoever answers. */
  connect(socketPath: string, peer: string): GrpcConnection
  /** Tells whether somebody answers there, at first and whenever it changes; the returned function ends that. */
  watch(socketPath: string, told: (isThere: boolean) => void): () => void
}

export const machineGrpcSockets = (clock: Clock): GrpcSockets => ({
  serve: serveGrpc,
  connect: (socketPath, peer) => connectGrpc({ socketPath, clock, peer }),
  watch: (socketPath, told) => watchPeer(socketPath, clock, told),
})
