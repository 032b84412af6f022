/** A collector of traces that keeps what it is told: OTLP over gRPC, read by a decoder of its own. */
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js'
import { EXPORT_PATH } from '../tracing/otlp.ts'

export interface ToldSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number
  readonly startNs: bigint
  readonly endNs: bigint
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly links: readonly string[]
  readonly error: string | undefined
  /** `service.name`. */
  readonly service: string
}

export interface OtlpCollector extends AsyncDisposable {
  readonly endpoint: string
  readonly spans: ToldSpan[]
}

export async function startCollector(): Promise<OtlpCollector> {
  const spans: ToldSpan[] = []
  const server = new Server()
  server.addService(
    {
      export: {
        path: EXPORT_PATH,
        requestStream: false,
        responseStream: false,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    {
      export({ request }: { request: Buffer }, done: sendUnaryData<Buffer>) {
        spans.push(...spansIn(request))
        done(null, Buffer.alloc(0))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  return {
    endpoint: `127.0.0.1:${port}`,
    spans,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  }
}

type Fields = ReadonlyMap<number, readonly (bigint | Buffer)[]>

/** A message as its fields by number; fixed ones are numbers, too. */
function fieldsOf(bytes: Buffer): Fields {
  const fields = new Map<number, (bigint | Buffer)[]>()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const value = (wireType: number): bigint | Buffer => {
    if (wireType === 0) return varint()
    const size = wireType === 1 ? 8 : wireType === 5 ? 4 : Number(varint())
    at += size
    const content = bytes.subarray(at - size, at)
    if (wireType === 2) return content
    return wireType === 1 ? content.readBigUInt64LE() : BigInt(content.readUInt32LE())
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const known = fields.get(tag >> 3) ?? []
    fields.set(tag >> 3, [...known, value(tag & 7)])
  }
  return fields
}

const all = (fields: Fields, number: number) => (fields.get(number) ?? []) as readonly Buffer[]
const one = (fields: Fields, number: number) => all(fields, number)[0] ?? Buffer.alloc(0)
const numberIn = (fields: Fields, number: number) => (fields.get(number)?.[0] ?? 0n) as bigint

function attributesIn(fields: Fields, number: number) {
  const pairs = all(fields, number).map(each => {
    const pair = fieldsOf(each)
    const value = fieldsOf(one(pair, 2))
    const read = value.has(1)
      ? one(value, 1).toString()
      : value.has(2)
        ? numberIn(value, 2) === 1n
        : Number(numberIn(value, 3))
    return [one(pair, 1).toString(), read] as const
  })
  return Object.fromEntries(pairs)
}

function* spansIn(request: Buffer): Iterable<ToldSpan> {
  for (const each of all(fieldsOf(request), 1)) {
    const ofResource = fieldsOf(each)
    const service = String(attributesIn(fieldsOf(one(ofResource, 1)), 1)['service.name'] ?? '')
    for (const scope of all(ofResource, 2))
      for (const span of all(fieldsOf(scope), 2)) {
        const fields = fieldsOf(span)
        yield {
          traceId: one(fields, 1).toString('hex'),
          spanId: one(fields, 2).toString('hex'),
          parentSpanId: one(fields, 4).toString('hex'),
          name: one(fields, 5).toString(),
          kind: Number(numberIn(fields, 6)),
          startNs: numberIn(fields, 7),
          endNs: numberIn(fields, 8),
          attributes: attributesIn(fields, 9),
          links: all(fields, 13).map(link => one(fieldsOf(link), 1).toString('hex')),
          error: fields.has(15) ? one(fieldsOf(one(fields, 15)), 2).toString() : undefined,
          service,
        }
      }
  }
}
