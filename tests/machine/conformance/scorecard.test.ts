/** From ginkgo's report to the verdict, on reports of the shape that ginkgo writes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomesOf } from './report.ts'
import { isGood, judge, scorecard } from './scorecard.ts'

const spec = (text: string, State: string, more: object = {}) => ({
  ContainerHierarchyTexts: ['[sig-node] Pods', 'when deleted'],
  LeafNodeType: 'It',
  LeafNodeText: text,
  State,
  RunTime: 1_500_000_000,
  ...more,
})
const report = (specs: readonly object[], more: object = {}) =>
  JSON.stringify([{ SpecReports: specs, ...more }])
const named = (text: string) => `[sig-node] Pods when deleted ${text}`

test('tests that focus or skip left out are not told of, those that skipped themselves are', () => {
  const outcomes = outcomesOf(
    report([
      spec('passes', 'passed'),
      spec('is not looked for', 'skipped'),
      spec('wants Windows', 'skipped', { Failure: { Message: 'only on Windows' } }),
      spec('is for later', 'pending'),
    ]),
  )
  assert.deepEqual(outcomes, [
    { name: named('passes'), group: 'sig-node', state: 'passed', message: '', seconds: 1.5 },
    {
      name: named('wants Windows'),
      group: 'sig-node',
      state: 'skipped',
      message: 'only on Windows',
      seconds: 1.5,
    },
  ])
})

test('whatever has not passed has failed: panics, time-outs, interruptions, words of later ginkgos', () => {
  const states = ['failed', 'panicked', 'timedout', 'interrupted', 'aborted', 'new-word']
  const outcomes = outcomesOf(report(states.map(state => spec(state, state))))
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    states.map(() => 'failed'),
  )
})

test('what goes before all tests counts where it fails, and so does a suite that was cut off', () => {
  const before = (State: string) => ({
    ...spec('', State),
    ContainerHierarchyTexts: null,
    LeafNodeType: 'SynchronizedBeforeSuite',
  })
  const outcomes = outcomesOf(
    report([before('passed'), before('failed')], {
      SpecialSuiteFailureReasons: ['Suite Timeout Elapsed'],
    }),
  )
  assert.deepEqual(
    outcomes.map(({ name, group, state }) => [name, group, state]),
    [
      ['[SynchronizedBeforeSuite]', 'suite', 'failed'],
      ['[Suite] Suite Timeout Elapsed', 'suite', 'failed'],
    ],
  )
})

const outcomes = outcomesOf(
  report([
    spec('a', 'passed'),
    spec('b', 'failed', { Failure: { Message: 'expected\n  one thing' } }),
    spec('c', 'failed'),
    { ...spec('d', 'passed'), ContainerHierarchyTexts: ['[sig-apps] Job'] },
  ]),
)
const expecting = (...texts: string[]) =>
  judge(
    outcomes,
    texts.map(text => ({ name: named(text), reason: `${text} has a reason` })),
  )

test('a failure nobody expects is bad, and so is an expected one that passes', () => {
  assert.equal(isGood(outcomes, expecting('b', 'c')), true)
  assert.equal(isGood(outcomes, expecting('b')), false)
  assert.equal(isGood(outcomes, expecting('a', 'b', 'c')), false)
  // A row for what did not run says nothing either way.
  assert.equal(isGood(outcomes, expecting('b', 'c', 'elsewhere')), true)
  assert.equal(isGood([], expecting()), false, 'nothing ran')
})

test('the scorecard counts by SIG and names what failed, with why', () => {
  assert.deepEqual(scorecard(outcomes, expecting('a', 'c')).split('\n'), [
    '              run   passed   failed  skipped',
    'sig-apps        1        1        0        0',
    'sig-node        3        1        2        0',
    'total           4        2        2        0',
    '',
    'Failed:',
    `  ${named('b')}`,
    '      expected one thing',
    '',
    'Failed, as expected:',
    `  ${named('c')}`,
    '      c has a reason',
    '',
    'Passed, though expected to fail: remove from expected.ts:',
    `  ${named('a')}`,
  ])
})
