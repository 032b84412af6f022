/** A scope of spans whose every span is sampled and kept, for tests. */
import { type EndedSpan, Tracer } from '#base/tracing/span.ts'
import { SpanScope } from '#base/tracing/span-scope.ts'

export function toldSpans() {
  const spans: EndedSpan[] = []
  let number = 0
  const tracer = new Tracer({
    clock: { now: () => 0, monotonicMs: () => 0, after: () => () => {} },
    random: {
      integer: () => 0,
      bytes: length => {
        number++
        return Uint8Array.from({ length }, (_, at) => (at < length - 4 ? 1 : number >> (8 * at)))
      },
      uuid: () => '',
    },
    samplingRatePerMillion: 1_000_000,
    sink: span => spans.push(span),
  })
  const nameOf = (id: string | undefined) =>
    spans.find(({ context }) => context.spanId === id)?.name
  return {
    scope: new SpanScope(tracer),
    spans,
    /** Each as `name < name of what it is a part of`. */
    tree: () => spans.map(({ name, parentSpanId }) => `${name} < ${nameOf(parentSpanId) ?? '-'}`),
    attributesOf: (name: string) =>
      Object.fromEntries(spans.find(each => each.name === name)?.attributes ?? []),
  }
}
