/** The README's library example, run as it stands there. Its terminal session is run in `tests/machine`, since it needs real containers. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../tidy/sources.ts'

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8')

const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```\n\nprints (.*)/g)]

test('the library examples print what the README says', () => {
  assert.equal(examples.length, readme.split('```ts').length - 1, 'one says not what it prints')
  for (const [, example = '', promise = ''] of examples) {
    const program = example.replace("'proa'", "'#index'").replace(/'proa\/(api\/.*)'/, "'#$1.ts'")
    const words = ['--input-type=module-typescript', '--eval', program]
    const result = spawnSync(process.execPath, words, {
      cwd: projectRoot,
      encoding: 'utf8',
      timeout: 300_000,
    })
    assert.equal(result.stderr, '')
    // Each printed line stands between backticks, up to the end of the sentence.
    const promised = [...(/^.*?\.(?= |$)/.exec(promise)?.[0] ?? '').matchAll(/`(.*?)`/g)]
    assert.deepEqual(
      result.stdout.trim().split('\n'),
      promised.map(([, line]) => line),
    )
  }
})

test('every command that the README names exists', async () => {
  const { commands } = await import('../../src/cli/commands.ts')
  const named = [...readme.matchAll(/npx proa ([a-z][a-z -]*[a-z])/g)].map(match => match[1] ?? '')
  assert.ok(named.length > 3)
  for (const words of named)
    assert.ok(words === 'help' || Object.keys(commands).some(name => words.startsWith(name)), words)
})

test('every flag in the README’s table is one of up', async () => {
  const { commands } = await import('../../src/cli/commands.ts')
  const known = Object.values(commands.up.flags).map(flag => `--${flag.name}`)
  for (const [, row = ''] of readme.matchAll(/^\| (`--.*?) \|/gm))
    for (const [flag] of row.matchAll(/--[a-z-]+/g)) assert.ok(known.includes(flag), flag)
})
