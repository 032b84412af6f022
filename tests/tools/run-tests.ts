/** Runs test files in Node's own runner and prints a closing line that counts them. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { projectRoot } from '../tidy/sources.ts'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Test files that match these patterns, from the project's root. */
export function testFiles(...patterns: string[]): string[] {
  return patterns
    .flatMap(pattern => globSync(pattern, { cwd: projectRoot }))
    .sort()
    .map(path => join(projectRoot, path))
}

/** Runs the files, at most `concurrency` at once, shows every result, and counts. */
export async function runTests(files: readonly string[], concurrency: number): Promise<Counts> {
  const events = run({ files: [...files], concurrency })
  let passed = 0
  let failed = 0
  let skipped = 0
  const isTest = (event: { details: { type?: string } }) => event.details.type !== 'suite'
  events.on('test:pass', event => {
    if (!isTest(event) || files.includes(event.name)) return
    if (event.skip !== undefined) skipped++
    else passed++
  })
  events.on('test:fail', event => {
    if (isTest(event)) failed++
  })
  for await (const line of events.compose(spec)) process.stdout.write(line)
  return { passed, failed, skipped }
}

/** The line by which a reader, or CI, sees how many tests ran. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
