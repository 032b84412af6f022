/** The runner of the tests must notice what a test file can do wrong besides failing. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isBeside } from '../machine/beside.ts'
import { testFiles } from '../tools/run-tests.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-run-tests-'))
after(() => rmSync(directory, { recursive: true }))

const FILES = {
  'good.test.mjs':
    "test('a', () => {}); test('b', { skip: 'why' }, () => {}); describe('c', () => { test('d', () => {}) })",
  'fails.test.mjs': "test('a', () => { throw new Error('no') }); test('b', () => {})",
  'crashes.test.mjs': "test('a', () => {}); process.exit(3)",
  'nonsense.test.mjs': "test('a', () => {",
  'throws-late.test.mjs': "test('a', () => {}); setTimeout(() => { throw new Error('late') }, 50)",
  'leaves-a-timer.test.mjs': "test('a', () => {}); setInterval(() => {}, 1000)",
  'never-ends.test.mjs': 'for (;;);',
  'empty.test.mjs': '',
}

test('counts passed, failed and skipped, whatever a file does', () => {
  const paths = Object.entries(FILES).map(([name, text]) => {
    const path = join(directory, name)
    writeFileSync(path, `import { describe, test } from 'node:test'; ${text}`)
    return path
  })
  // Two have to be ended, beside each other.
  const [waits = '', ...others] = paths.toSorted(path => (path.includes('leaves-a-timer') ? -1 : 1))
  const queues = [
    { files: others, atOnce: 2 },
    { files: [waits], atOnce: 1 },
  ]
  const main = join(directory, 'main.mjs')
  const runner = JSON.stringify(join(import.meta.dirname, '..', 'tools', 'run-tests.ts'))
  writeFileSync(
    main,
    `import { closingLine, runTests } from ${runner}
     console.log(closingLine(await runTests(${JSON.stringify(queues)}, 15_000)))`,
  )
  // Node's runner does nothing where it believes to be inside another.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = spawnSync(process.execPath, [main], { env, encoding: 'utf8' })
  // Passed are a and d of good, b of fails, a of throws-late and of leaves-a-timer; skipped are b of good, and empty.
  assert.match(stdout, /^5 passed, 6 failed, 2 skipped$/m, stdout)
})

test('what runs beside tests that have containers starts none', () => {
  const starts =
    /\bProaProcess\b[^}]*\} from '\.\.?\/proa-process\.ts'|\/(private-containerd|containerd|second-node|cluster)\.ts'/
  const startsContainers = (file: string) =>
    starts.test(readFileSync(file, 'utf8').replace(/^import type .*/gm, ''))
  const [beside, others] = [true, false].map(wanted =>
    testFiles('tests/machine/**/*.test.ts').filter(file => isBeside(file) === wanted),
  )
  assert.ok(beside && beside.length > 20)
  assert.deepEqual(beside.filter(startsContainers), [])
  assert.ok(others?.some(startsContainers), 'the pattern finds none')
})
