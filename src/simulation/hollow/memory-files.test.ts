import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMemoryFiles, type MemoryFiles } from './memory-files.ts'

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
const bytesOf = (of: string) => new TextEncoder().encode(of)

test('symlinks are followed in every part, and circles lead nowhere', async () => {
  const files = createMemoryFiles()
  await files.write('/a/b/file', bytesOf('1'))
  await files.symlink('b', '/a/c')
  await files.symlink('/a/c/file', '/d')
  await files.symlink('round', '/a/round')
  assert.equal(text(await files.read('/a/c/file')), '1')
  assert.equal(text(await files.read('/d')), '1')
  assert.deepEqual(await files.names('/a/c'), ['file'])
  assert.deepEqual(await files.names('/a/round'), [])
  assert.equal(await files.factsOfTarget('/a/round'), undefined)
  assert.equal((await files.facts('/a/round'))?.kind, 'symlink')
})

/** Everything there is, with what it holds. */
async function treeOf(files: MemoryFiles, path = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of await files.names(path || '/')) {
    const at = `${path}/${name}`
    const kind = (await files.facts(at))?.kind
    if (kind === 'directory') Object.assign(found, { [at]: '' }, await treeOf(files, at))
    else found[at] = (await files.readLink(at)) ?? text(await files.read(at)) ?? ''
  }
  return found
}

type Step = readonly ['make' | 'write' | 'remove', string] | readonly ['move', string, string]

async function take(files: MemoryFiles, [what, path, to]: Step): Promise<void> {
  if (what === 'make') await files.makeDirectory(path)
  else if (what === 'write') await files.write(path, bytesOf(path))
  else if (what === 'remove') await files.removeTree(path)
  else await files.rename(path, to ?? '')
}

/** The same by whole paths, with no memory of where it was before. */
function model(steps: readonly Step[]): Record<string, string> {
  const tree = new Map<string, string>()
  const below = (path: string) => [...tree.keys()].filter(at => at.startsWith(`${path}/`))
  const makeParents = (path: string) => {
    for (let cut = path.indexOf('/', 1); cut > 0; cut = path.indexOf('/', cut + 1))
      tree.set(path.slice(0, cut), '')
  }
  const remove = (path: string) => {
    for (const at of [path, ...below(path)]) tree.delete(at)
  }
  for (const [what, path, to = ''] of steps) {
    if (what === 'remove') remove(path)
    else if (what === 'move') {
      const moved = [path, ...below(path)].flatMap(at => {
        const held = tree.get(at)
        return held === undefined ? [] : [[to + at.slice(path.length), held] as const]
      })
      remove(path)
      if (moved.length > 0) remove(to)
      if (moved.length > 0) makeParents(to)
      for (const [at, held] of moved) tree.set(at, held)
    } else {
      makeParents(path)
      if (what === 'write') remove(path)
      tree.set(path, what === 'write' ? path : '')
    }
  }
  return Object.fromEntries(tree)
}

// Files have names of their own, so that none is in the way of a directory.
const directory = fc
  .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 4 })
  .map(parts => `/${parts.join('/')}`)
const file = fc.tuple(directory, fc.constantFrom('x', 'y')).map(parts => parts.join('/'))
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant('make' as const), directory),
  fc.tuple(fc.constant('write' as const), file),
  fc.tuple(fc.constant('remove' as const), fc.oneof(directory, file)),
  fc
    .tuple(fc.constant('move' as const), directory, directory)
    .filter(([, from, to]) => !`${to}/`.startsWith(`${from}/`) && !`${from}/`.startsWith(`${to}/`)),
)

test('whatever was done before, a path leads to what is there', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async steps => {
      const files = createMemoryFiles()
      for (const each of steps) await take(files, each)
      assert.deepEqual(await treeOf(files), model(steps))
    }),
    { numRuns: 500 },
  ))
