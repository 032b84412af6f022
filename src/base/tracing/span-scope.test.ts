import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type EndedSpan, LONGEST_VALUE, Tracer } from './span.ts'
import { SpanScope } from './span-scope.ts'

function scopeOf(rates: number[]) {
  const spans: EndedSpan[] = []
  let number = 0
  const tracer = new Tracer({
    clock: { now: () => 0, monotonicMs: () => 0, after: () => () => {} },
    random: {
      // A rate of half of all: what is drawn decides.
      integer: () => rates.shift() ?? 0,
      bytes: length => Uint8Array.from({ length }, () => ++number),
      uuid: () => '',
    },
    samplingRatePerMillion: 500_000,
    sink: span => spans.push(span),
  })
  return { scope: new SpanScope(tracer), spans }
}

const nothing = async () => {}
const namesOf = (spans: readonly EndedSpan[]) => {
  const byId = new Map(spans.map(span => [span.context.spanId, span.name]))
  return spans.map(({ name, parentSpanId }) => [name, parentSpanId && byId.get(parentSpanId)])
}

test('what is done within something is a part of it, and a root is of nothing', async () => {
  const { scope, spans } = scopeOf([])
  await scope.run('outer', async () => {
    assert.match(scope.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    await scope.run('inner', nothing)
    await scope.run('root', nothing, { isRoot: true })
  })
  assert.equal(scope.traceparent, undefined)
  assert.deepEqual(namesOf(spans), [
    ['inner', 'outer'],
    ['root', undefined],
    ['outer', undefined],
  ])
})

test('of what is not sampled no part is, and what comes after it draws anew', async () => {
  const { scope, spans } = scopeOf([999_999, 0])
  let later = nothing()
  await scope.run('unsampled', async () => {
    await scope.run('inner', nothing)
    later = setImmediate().then(() => scope.run('later', nothing))
  })
  await later
  assert.deepEqual(namesOf(spans), [['later', undefined]])
})

test('whoever asks from outside decides', async () => {
  const { scope, spans } = scopeOf([999_999])
  const parent = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), isSampled: true }
  await scope.run('outer', () => scope.run('asked', nothing, { parent }))
  assert.deepEqual(
    spans.map(({ name, parentSpanId, context }) => [name, parentSpanId, context.traceId]),
    [['asked', parent.spanId, parent.traceId]],
  )
})

test('a failure is told and passed on', async () => {
  const { scope, spans } = scopeOf([])
  await assert.rejects(
    scope.run('fails', () => Promise.reject(new Error('woe'))),
    /woe/,
  )
  assert.equal(spans[0]?.error, 'woe')
})

test('names and values are cut off, and there are not more of them than anybody reads', async () => {
  const { scope, spans } = scopeOf([])
  const long = 'x'.repeat(LONGEST_VALUE)
  const attributes = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`a${at}`, at]))
  await assert.rejects(
    scope.run(
      `${long}more`,
      async span => {
        span?.set('a0', `${long}more`)
        throw new Error(`${long}more`)
      },
      { attributes },
    ),
  )
  const [told] = spans
  assert.deepEqual([told?.name, told?.error, told?.attributes.get('a0')], [long, long, long])
  assert.equal(told?.attributes.size, 128)
})
