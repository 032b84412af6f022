import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnyContainer, Probe } from '../pod-types.ts'
import { afterAnswer, initialState, type ProbeKind } from './probe-state.ts'
import { httpTarget, portOf } from './target.ts'

/** `+` well, `-` not; gives the verdict behind each answer. */
function verdicts(kind: ProbeKind, answers: string, probe: object): string {
  let state = initialState(kind)
  let text = ''
  for (const answer of answers) {
    state = afterAnswer(state, answer === '+', probe as Probe)
    text += state.verdict === 'success' ? '+' : '-'
  }
  return text
}

test('thresholds', () => {
  const cases: readonly (readonly [ProbeKind, object, string, string])[] = [
    ['liveness', {}, '--+---+', '+++++-+'],
    ['liveness', { failureThreshold: 1 }, '+-+', '+-+'],
    ['readiness', { successThreshold: 2 }, '+-++---+', '---+++--'],
    ['readiness', { successThreshold: 1, failureThreshold: 2 }, '+-+--', '++++-'],
    ['startup', { failureThreshold: 2 }, '-+--', '-++-'],
  ]
  for (const [kind, probe, answers, expected] of cases)
    assert.equal(verdicts(kind, answers, probe), expected, `${kind} ${answers}`)
})

test('a verdict changes only after its threshold of equal answers', () => {
  const threshold = fc.integer({ min: 1, max: 4 })
  fc.assert(
    fc.property(
      fc.constantFrom<ProbeKind>('liveness', 'readiness', 'startup'),
      fc.array(fc.boolean(), { maxLength: 40 }),
      threshold,
      threshold,
      (kind, answers, successThreshold, failureThreshold) => {
        let state = initialState(kind)
        for (const [index, ok] of answers.entries()) {
          const before = state.verdict
          state = afterAnswer(state, ok, { successThreshold, failureThreshold } as Probe)
          const needed = ok ? successThreshold : failureThreshold
          const row = answers.slice(Math.max(0, index + 1 - needed), index + 1)
          const enough = row.length === needed && row.every(answer => answer === ok)
          const expected = enough ? (ok ? 'success' : 'failure') : before
          assert.equal(state.verdict, expected)
          if (enough) assert.equal(state.decided, true)
        }
      },
    ),
  )
})

test('where a probe goes', () => {
  const container = { name: 'c', ports: [{ name: 'web', containerPort: 8080 }] } as AnyContainer
  assert.equal(portOf('web', container), 8080)
  assert.equal(portOf(81, container), 81)
  assert.equal(portOf('82', container), 82)
  for (const wrong of ['none', 0, 65_536, -1, 1.5])
    assert.throws(() => portOf(wrong, container), /couldn't find port/)
  const target = (action: object) =>
    httpTarget({ port: 'web', ...action } as never, container, '10.0.0.9', 'agent')
  assert.deepEqual(target({}), {
    scheme: 'HTTP',
    host: '10.0.0.9',
    port: 8080,
    path: '/',
    headers: [
      { name: 'User-Agent', value: 'agent' },
      { name: 'Accept', value: '*/*' },
    ],
  })
  assert.equal(target({ path: 'x' }).path, '/x')
  const own = target({
    host: 'h',
    scheme: 'HTTPS',
    httpHeaders: [
      { name: 'user-agent', value: 'mine' },
      { name: 'ACCEPT', value: 'a' },
    ],
  })
  assert.deepEqual([own.host, own.scheme, own.headers.length], ['h', 'HTTPS', 2])
})
