/** `npm test`: the house's own checks, types, and every test that needs no preparation of the machine. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './tidy/sources.ts'
import { closingLine, runTests, testFiles } from './tools/run-tests.ts'

const wanted = process.argv.slice(2)
const checks =
  wanted.length > 0
    ? []
    : [
        check('typescript/bin/tsc', '--noEmit'),
        check('typescript/bin/tsc', '--noEmit', '-p', 'src/dashboard/pages'),
        check('@biomejs/biome/bin/biome', 'check'),
      ]
/** V8 decides by the time that passes how large its heap may become: beside four others at work it decides otherwise. */
const MEASURING = testFiles('src/host/heap-bounds.test.ts')
const AT_ONCE = availableParallelism() > 1 ? 2 : 1
const queues =
  wanted.length > 0
    ? [testFiles(...wanted)]
    : [
        // These compute most of the time…
        testFiles('src/**/*.test.ts', 'tests/tidy/*.test.ts', 'tests/facts/*.test.ts').filter(
          file => !MEASURING.includes(file),
        ),
        // … and these mostly wait, for processes and for what takes its time; the longest come first.
        testFiles('tests/torture/**/*.test.ts').concat(
          testFiles('tests/{clients,scenarios,docs,fuzz}/*.test.ts'),
        ),
      ]
const tests = await runTests([
  { files: wanted.length > 0 ? [] : MEASURING, atOnce: 1, isFirst: true },
  ...queues.map(files => ({ files, atOnce: AT_ONCE })),
])
// What the tools find counts as failed tests; the others run all the same, so that one run tells everything.
const counts = { ...tests, failed: tests.failed + checks.filter(passed => !passed).length }
process.stdout.write(`${closingLine(counts)}\n`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

/** Runs a development tool of the project. */
function check(tool: string, ...words: string[]): boolean {
  const result = spawnSync(process.execPath, [join(projectRoot, 'node_modules', tool), ...words], {
    cwd: projectRoot,
    stdio: 'inherit',
  })
  if (result.status !== 0) process.stdout.write(`✖ ${tool} found errors\n`)
  return result.status === 0
}
