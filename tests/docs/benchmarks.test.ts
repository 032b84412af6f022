/** Whoever mistypes an option of a benchmark is told so in a sentence, and no hour is spent on something else. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../tidy/sources.ts'

const directory = join(projectRoot, 'benchmarks')
const names = readdirSync(directory)
  .filter(file => file.endsWith('.ts') && file !== 'run.ts')
  .map(file => file.slice(0, -3))
const run = (...words: string[]) =>
  spawnSync(process.execPath, [join(directory, 'run.ts'), ...words], { encoding: 'utf8' })

for (const name of names)
  test(`${name} has no option that nobody wrote`, () => {
    const { status, stdout, stderr } = run(name, '--nonsense')
    assert.match(
      stderr,
      new RegExp(`^npm run bench -- ${name} has no option --nonsense; it has .*\\n$`),
    )
    assert.deepEqual([status, stdout], [1, ''])
  })

const mistakes: readonly (readonly [words: readonly string[], sentence: RegExp])[] = [
  [['nonsense'], /^npm run bench -- NAME, where NAME is one of: api, .*\n$/],
  [['controllers', 'nonsense'], /^there is no part nonsense; there are rollout, .*\n$/],
  [['controllers', '--nodes', 'many'], /^--nodes is a number from 1 on, not many\n$/],
  [['controllers', '--nodes'], /^Option '--nodes <value>' argument missing\n$/],
  [['store', 'nonsense'], /^there is no part nonsense; there are writes, .*\n$/],
]
for (const [words, sentence] of mistakes)
  test(`npm run bench -- ${words.join(' ')}`, () => {
    const { status, stdout, stderr } = run(...words)
    assert.match(stderr, sentence)
    assert.deepEqual([status, stdout], [1, ''])
  })
