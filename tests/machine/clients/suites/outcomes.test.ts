import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counted, differences, outcomesInReport, outcomesInText } from './outcomes.ts'

test('of Go’s tests each is told by its name, and one that never ended failed', () => {
  const text = `=== RUN   TestA
=== RUN   TestA/x
    a_test.go:1: --- PASS: nothing
=== RUN   TestB
--- PASS: TestA (0.01s)
    --- SKIP: TestA/x (0.00s)
=== RUN   TestC
--- FAIL: TestC (1.00s)
panic: boom`
  const outcomes = outcomesInText(text)
  assert.deepEqual(Object.fromEntries(outcomes), {
    TestA: 'passed',
    'TestA/x': 'skipped',
    TestB: 'failed',
    TestC: 'failed',
  })
  assert.equal(counted(outcomes), '1 passed, 2 failed, 1 skipped')
})

test('of Ginkgo’s tests the worst of those of one name counts, and of others what fails', () => {
  const spec = (text: string, State: string, LeafNodeType = 'It') => ({
    ContainerHierarchyTexts: ['Boats', 'in the harbour'],
    LeafNodeType,
    LeafNodeText: text,
    State,
  })
  const report = [
    { SpecReports: [spec('float', 'passed'), spec('float', 'timedout'), spec('sink', 'pending')] },
    { SpecReports: [spec('', 'passed', 'BeforeSuite'), spec('', 'panicked', 'AfterSuite')] },
    {},
  ]
  assert.deepEqual(Object.fromEntries(outcomesInReport(JSON.stringify(report))), {
    'Boats in the harbour float': 'failed',
    'Boats in the harbour sink': 'skipped',
    'Boats in the harbour AfterSuite': 'failed',
  })
})

test('two runs differ in what fails in one of them', () => {
  const one = new Map([
    ['a', 'passed'],
    ['b', 'failed'],
    ['c', 'failed'],
    ['d', 'skipped'],
  ] as const)
  const other = new Map([
    ['a', 'passed'],
    ['b', 'passed'],
    ['c', 'failed'],
    ['d', 'passed'],
    ['e', 'failed'],
  ] as const)
  assert.deepEqual(differences(one, other), [
    { name: 'b', one: 'failed', other: 'passed' },
    { name: 'e', one: 'not run', other: 'failed' },
  ])
})
