/** grpc.health.v1.Health/Check, with its two one-field messages written and read by hand. */
import { Client, credentials, status } from '@grpc/grpc-js'

const SERVING = 1
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']

interface Answer {
  readonly ok: boolean
  readonly output: string
}

export function askHealth(address: string, service: string, timeoutMs: number): Promise<Answer> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'kube-probe/1.36',
    'grpc.use_local_subchannel_pool': 1,
  })
  return new Promise<Answer>(resolve => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (name: string) => encodeRequest(name),
      (bytes: Buffer) => decodeStatus(bytes),
      service,
      { deadline: Date.now() + timeoutMs },
      (error, answer) => {
        if (error)
          resolve({ ok: false, output: sentenceOf(error.code, error.details, address, timeoutMs) })
        else if (answer === SERVING) resolve({ ok: true, output: '' })
        else
          resolve({
            ok: false,
            output: `service unhealthy (responded with "${STATUS_NAMES[answer ?? 0] ?? answer}")`,
          })
      },
    )
  }).finally(() => client.close())
}

function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service)
  if (name.length === 0) return name
  const tag = [0x0a]
  let length = name.length
  for (; length > 127; length >>>= 7) tag.push((length & 127) | 128)
  return Buffer.concat([Buffer.from([...tag, length]), name])
}

const decodeStatus = (bytes: Buffer): number => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0)

function sentenceOf(code: number, details: string, address: string, timeoutMs: number): string {
  if (code === status.DEADLINE_EXCEEDED || code === status.UNAVAILABLE)
    return `timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s: context deadline exceeded`
  if (code === status.UNIMPLEMENTED)
    return 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)'
  return `error: health rpc failed: ${details}`
}
