/** The README's library example, run as it stands there. Its terminal session is run in `tests/machine`, since it needs real containers. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../tidy/sources.ts'

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8')

test('the library example prints what the README says', () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]?.replace("'proa'", "'#index'")
  const promised = /^prints `(.*?)`/m.exec(readme)?.[1]
  assert.ok(example && promised)
  const words = ['--input-type=module-typescript', '--eval', example]
  const result = spawnSync(process.execPath, words, {
    cwd: projectRoot,
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.equal(result.stderr, '')
  assert.equal(result.stdout.trim(), promised)
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
