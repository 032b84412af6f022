/** docs/testing.md: its programs print what they say, every kind is where it says that kinds are, and its first lines compile. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { projectRoot } from '../tidy/sources.ts'

const guide = readFileSync(join(projectRoot, 'docs/testing.md'), 'utf8')
const { exports } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  exports: Record<string, { types: string; default: string }>
}

/** The source of what the package gives under this name, by its `exports`. */
function sourceOf(name: string): string {
  const door = name.replace(/^proa/, '.')
  const wildcard = Object.keys(exports).find(
    key => key.endsWith('*') && door.startsWith(key.slice(0, -1)),
  )
  const target =
    exports[door]?.default ??
    exports[wildcard ?? '']?.default.replace('*', door.slice((wildcard ?? '').length - 1))
  assert.ok(target, `the package gives nothing under ${name}`)
  return target.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
}

const examples = [...guide.matchAll(/```ts\n([\s\S]*?)```\n\nprints (.*)/g)]

test('the programs of the guide print what it says', () => {
  assert.equal(examples.length, guide.split('```ts\n').length - 1, 'one says not what it prints')
  for (const [, example = '', promise = ''] of examples) {
    const program = example.replaceAll(
      /'(proa(\/[a-z0-9/-]+)?)'/g,
      (_, name: string) => `'./${sourceOf(name)}'`,
    )
    const words = ['--input-type=module-typescript', '--eval', program]
    const result = spawnSync(process.execPath, words, {
      cwd: projectRoot,
      encoding: 'utf8',
      timeout: 300_000,
    })
    assert.equal(result.stderr, '')
    const promised = [...promise.matchAll(/`(.*?)`/g)].map(([, line]) => line)
    assert.deepEqual(result.stdout.trim().split('\n'), promised)
  }
})

test('every kind is where the guide says that kinds are', async () => {
  const hyphenated = (kind: string) =>
    kind
      .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
      .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
      .toLowerCase()
  const missing: string[] = []
  for (const kind of kinds) {
    const [first = ''] = kind.group.split('.')
    const group = first === 'internal' ? 'apiserverinternal' : first || 'core'
    const name = `proa/api/${group}/${kind.version}/${hyphenated(kind.kind)}`
    const source = join(projectRoot, sourceOf(name))
    if (!existsSync(source)) missing.push(name)
    else if (!Object.values(await import(source)).includes(kind)) missing.push(`${name}: no kind`)
  }
  assert.deepEqual(missing, [])
})

test('the places of kinds that the guide names are there', () => {
  const named = [...guide.matchAll(/[`'](proa\/api\/[a-z0-9/-]+)[`']/g)].map(
    ([, name = '']) => name,
  )
  assert.ok(named.length > 5)
  for (const name of named) assert.ok(existsSync(join(projectRoot, sourceOf(name))), name)
})
