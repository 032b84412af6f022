/** Spans as OTLP has them on the wire: opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest. */
import type { AttributeValue, EndedSpan, SpanKind } from '#base/tracing/span.ts'

export const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

/** Who tells: its attributes, such as `service.name`. */
export interface Resource {
  readonly attributes: Readonly<Record<string, string>>
  /** Whose spans they are within it. */
  readonly scope: string
}

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

const KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 }
const ERROR = 2
const SAMPLED = 1

export function encodeSpans(spans: readonly EndedSpan[], { attributes, scope }: Resource): Buffer {
  const resource = Object.entries(attributes).map(([key, value]) => bytes(1, keyValue(key, value)))
  const scoped = [bytes(1, bytes(1, text(scope))), ...spans.map(span => bytes(2, encodeSpan(span)))]
  return bytes(
    1,
    Buffer.concat([bytes(1, Buffer.concat(resource)), bytes(2, Buffer.concat(scoped))]),
  )
}

function encodeSpan(span: EndedSpan): Buffer {
  const { context, parentSpanId, link, attributes, error } = span
  const parts = [
    bytes(1, hex(context.traceId)),
    bytes(2, hex(context.spanId)),
    ...(parentSpanId ? [bytes(4, hex(parentSpanId))] : []),
    bytes(5, text(span.name)),
    varintField(6, KINDS[span.kind]),
    fixed64(7, span.startNs),
    fixed64(8, span.endNs),
    ...[...attributes].map(([key, value]) => bytes(9, keyValue(key, value))),
    ...(link
      ? [bytes(13, Buffer.concat([bytes(1, hex(link.traceId)), bytes(2, hex(link.spanId))]))]
      : []),
    ...(error === undefined
      ? []
      : [bytes(15, Buffer.concat([bytes(2, text(error)), varintField(3, ERROR)]))]),
    fixed32(16, SAMPLED),
  ]
  return Buffer.concat(parts)
}

function keyValue(key: string, value: AttributeValue): Buffer {
  return Buffer.concat([bytes(1, text(key)), bytes(2, anyValue(value))])
}

function anyValue(value: AttributeValue): Buffer {
  if (typeof value === 'string') return bytes(1, text(value))
  if (typeof value === 'boolean') return varintField(2, value ? 1 : 0)
  if (Number.isSafeInteger(value)) return varintField(3, value)
  const double = Buffer.alloc(8)
  double.writeDoubleLE(value)
  return Buffer.concat([tag(4, FIXED64), double])
}

/** Text that is no Unicode would spoil all that goes with it. */
const text = (value: string) => Buffer.from(value.toWellFormed())
const hex = (value: string) => Buffer.from(value, 'hex')

function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value))
  const parts: number[] = []
  while (rest >= 0x80n) {
    parts.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  return Buffer.from([...parts, Number(rest)])
}

const tag = (field: number, wireType: number) => varint(field * 8 + wireType)
const varintField = (field: number, value: number) =>
  Buffer.concat([tag(field, VARINT), varint(value)])
const bytes = (field: number, content: Uint8Array) =>
  Buffer.concat([tag(field, BYTES), varint(content.length), content])

function fixed64(field: number, value: bigint): Buffer {
  const content = Buffer.alloc(8)
  content.writeBigUInt64LE(value)
  return Buffer.concat([tag(field, FIXED64), content])
}

function fixed32(field: number, value: number): Buffer {
  const content = Buffer.alloc(4)
  content.writeUInt32LE(value)
  return Buffer.concat([tag(field, FIXED32), content])
}
