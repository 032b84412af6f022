/** The node service of one CSI driver, over its socket. What a driver refuses reads as upstream tells it. */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Histogram } from '#base/figures.ts'
import type { Message } from '#base/protobuf.ts'
import { connectGrpc, GrpcError } from '../../cri/grpc.ts'
import { CsiError } from './csi-error.ts'
import * as messages from './messages.ts'
import type { CsiNodeService } from './node-service.ts'

/** Upstream's; a mount may take its time. */
const TIMEOUT_MS = 120_000

/** By number. */
const CODES = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound'],
  ...['AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted'],
  ...['OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
]

export interface DriverClientOptions {
  readonly name: string
  readonly endpoint: string
  readonly clock: Clock
  /** In seconds, by driver, method, code and whether the volume was of an in-tree plugin once. */
  readonly operations: Histogram
}

export function connectDriver(options: DriverClientOptions): CsiNodeService {
  const { name, endpoint, clock, operations } = options
  const grpc = connectGrpc({ socketPath: endpoint, clock, peer: `the CSI driver ${name}` })
  const ask = async <Q, A>(
    method: string,
    request: [Message<Q>, Partial<Q>],
    response: Message<A>,
  ): Promise<A> => {
    const path = `/csi.v1.Node/${method}`
    const startMs = clock.monotonicMs()
    let code = 'OK'
    try {
      const bytes = request[0].encode(request[1])
      return response.decode(await grpc.call({ path, request: bytes, timeoutMs: TIMEOUT_MS }))
    } catch (error) {
      const known = error instanceof GrpcError ? CODES[error.code] : undefined
      code = known ?? 'Unknown'
      throw new CsiError(code, messageOf(error))
    } finally {
      operations.observe([name, path, code, 'false'], (clock.monotonicMs() - startMs) / 1000)
    }
  }
  const { nothing } = messages
  const tell = async <Q>(method: string, message: Message<Q>, request: Partial<Q>) => {
    await ask(method, [message, request], nothing)
  }
  return {
    getInfo: () => ask('NodeGetInfo', [nothing, {}], messages.getInfoResponse),
    async getCapabilities() {
      const response = messages.getCapabilitiesResponse
      const { capabilities } = await ask('NodeGetCapabilities', [nothing, {}], response)
      return new Set(capabilities.map(({ rpc }) => rpc?.type ?? 0))
    },
    stage: request => tell('NodeStageVolume', messages.stageRequest, request),
    unstage: request => tell('NodeUnstageVolume', messages.unstageRequest, request),
    publish: request => tell('NodePublishVolume', messages.publishRequest, request),
    unpublish: request => tell('NodeUnpublishVolume', messages.unpublishRequest, request),
    async expand(request) {
      const question: [typeof messages.expandRequest, typeof request] = [
        messages.expandRequest,
        request,
      ]
      return (await ask('NodeExpandVolume', question, messages.expandResponse)).capacityBytes
    },
    stats: request =>
      ask('NodeGetVolumeStats', [messages.statsRequest, request], messages.statsResponse),
    close: () => grpc.close(),
  }
}
