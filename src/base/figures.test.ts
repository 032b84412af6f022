import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFigureBook, exponentialBounds, figuresText } from './figures.ts'

test('counters, gauges and histograms have the text that Prometheus reads', () => {
  const book = createFigureBook()
  book.counter('a_total', 'Counts.', ['code']).add(['200'])
  book.counter('a_total', 'Counts.', ['code']).add(['200'], 2)
  book.gauge('b', 'Is.', () => [{ labels: { name: 'x"y' }, value: 7 }])
  const seconds = book.histogram('c_seconds', 'Takes.', [0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 3]) seconds.observe([], value)
  assert.equal(
    figuresText([book.source]),
    `# HELP a_total Counts.
# TYPE a_total counter
a_total{code="200"} 3
# HELP b Is.
# TYPE b gauge
b{name="x\\"y"} 7
# HELP c_seconds Takes.
# TYPE c_seconds histogram
c_seconds_bucket{le="0.1"} 2
c_seconds_bucket{le="1"} 3
c_seconds_bucket{le="+Inf"} 4
c_seconds_sum 3.65
c_seconds_count 4
`,
  )
})

test('bounds are written as Go writes numbers', () => {
  const book = createFigureBook()
  book.histogram('a', 'Is.', [5e-6, 2.5e-5, 1e-4, 0.25, 100_000, 1e6, 12_345_678])
  const bounds = [...figuresText([book.source]).matchAll(/le="(.*?)"/g)].map(([, le]) => le)
  const expected = ['5e-06', '2.5e-05', '0.0001', '0.25', '100000', '1e+06', '1.2345678e+07']
  assert.deepEqual(bounds, [...expected, '+Inf'])
})

test('series beyond the limit are left out', () => {
  const book = createFigureBook()
  const counter = book.counter('a_total', 'Counts.', ['name'])
  for (let index = 0; index < 2000; index++) counter.add([String(index)])
  assert.equal(book.source()[0]?.values.length, 1000)
})

test('bounds grow by their factor', () => {
  assert.deepEqual(exponentialBounds(1e-6, 10, 3), [1e-6, 1e-5, 1e-4])
})
