/** `npm test`: the house's own checks, types, and every test that needs no preparation of the machine. */
import { spawnSync } from 'node:child_process'
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
const files =
  wanted.length > 0
    ? testFiles(...wanted)
    : testFiles(
        'src/**/*.test.ts',
        'tests/tidy/*.test.ts',
        'tests/facts/*.test.ts',
        'tests/clients/*.test.ts',
        'tests/scenarios/*.test.ts',
        'tests/docs/*.test.ts',
        'tests/fuzz/*.test.ts',
        'tests/torture/**/*.test.ts',
      )
const tests = await runTests([{ files, atOnce: 2 }])
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
