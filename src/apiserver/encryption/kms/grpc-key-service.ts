/** A plugin behind a unix socket: service v2.KeyManagementService of kubernetes/kubernetes, staging/src/k8s.io/kms/apis/v2/api.proto. */
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { bytes, bytesMap, type Message, message, string } from '#base/protobuf.ts'
import { type KeyService, KeyServiceError } from './key-service.ts'

export const statusRequest = message({})
export const statusResponse = message({ version: string(1), healthz: string(2), keyId: string(3) })
export const encryptRequest = message({ plaintext: bytes(1), uid: string(2) })
export const encryptResponse = message({
  ciphertext: bytes(1),
  keyId: string(2),
  annotations: bytesMap(3),
})
export const decryptRequest = message({
  ciphertext: bytes(1),
  uid: string(2),
  keyId: string(3),
  annotations: bytesMap(4),
})
export const decryptResponse = message({ plaintext: bytes(1) })

const SERVICE = '/v2.KeyManagementService'

/** Called for each call that was answered or failed. */
export type CallWatcher = (method: string, seconds: number, error: unknown) => void

export interface GrpcKeyServiceOptions {
  /** Of the socket; one that begins with @ is in Linux' abstract name space. */
  readonly path: string
  readonly timeoutMs: number
  readonly clock: Clock
  readonly watch: CallWatcher
}

/** Connects with the first call; a plugin that is away is waited for as long as a call may take. */
export function grpcKeyService(options: GrpcKeyServiceOptions): KeyService {
  const { path, timeoutMs, clock, watch } = options
  const client = new Client(`unix:${path.replace(/^@/, '\0')}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    // One that was started anew is found at once, and not after minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
  })
  const call = <Request, Response>(
    name: string,
    [requests, responses]: readonly [Message<Request>, Message<Response>],
    request: Partial<Request>,
  ) => {
    const method = `${SERVICE}/${name}`
    const startMs = clock.monotonicMs()
    return new Promise<Response>((resolve, reject) => {
      const metadata = new Metadata({ waitForReady: true })
      client.makeUnaryRequest(
        method,
        (value: Partial<Request>) => Buffer.from(requests.encode(value)),
        encoded => responses.decode(encoded),
        request,
        metadata,
        { deadline: clock.now() + timeoutMs },
        (failure, response) => {
          const error = failure ? errorOf(failure) : undefined
          watch(method, (clock.monotonicMs() - startMs) / 1000, error)
          if (error) reject(error)
          else resolve(response as Response)
        },
      )
    })
  }
  return {
    status: () => call('Status', [statusRequest, statusResponse], {}),
    encrypt: (uid, plaintext) =>
      call('Encrypt', [encryptRequest, encryptResponse], { uid, plaintext }),
    decrypt: async (uid, key) =>
      (await call('Decrypt', [decryptRequest, decryptResponse], { uid, ...key })).plaintext,
    close: () => client.close(),
  }
}

function errorOf(error: ServiceError): KeyServiceError {
  const { code, details } = error
  // Ours would tell addresses and steps of the library.
  if (code === status.DEADLINE_EXCEEDED)
    return new KeyServiceError('DeadlineExceeded', 'context deadline exceeded')
  return new KeyServiceError(goName(code), details || messageOf(error))
}

/** `FAILED_PRECONDITION` → `FailedPrecondition`; Go spells one of them otherwise. */
function goName(code: number): string {
  if (code === status.CANCELLED) return 'Canceled'
  const name = status[code] ?? `CODE_${code}`
  return name.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
