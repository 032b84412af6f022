/** What starts keep of sources, so that they need not read and strip hundreds of files. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { projectRoot } from '../tidy/sources.ts'

interface Pack {
  sourceOf(path: string): string
  save(): void
}
const { sourcePack } = (await import(
  pathToFileURL(join(projectRoot, 'bin', 'source-pack.js')).href
)) as { sourcePack: (directory: string, root: string) => Pack }

const directory = mkdtempSync(join(tmpdir(), 'proa-pack-'))
const cache = join(directory, 'cache')
const module = join(directory, 'a.ts')
after(() => rmSync(directory, { recursive: true }))
beforeEach(() => rmSync(cache, { recursive: true, force: true }))

const open = () => sourcePack(cache, directory)
const packFile = () => join(cache, readdirSync(cache)[0] ?? assert.fail('there is no pack'))

function savedWith(text: string): void {
  writeFileSync(module, text)
  const pack = open()
  pack.sourceOf(module)
  pack.save()
}

test('types go, places stay, and what was saved is what is given later', () => {
  savedWith("export const ünlike: string = 'ä'\n")
  const text = open().sourceOf(module)
  assert.equal(text, "export const ünlike         = 'ä'\n")
  assert.equal(readdirSync(cache).length, 1)
  assert.equal(statSync(packFile()).mode & 0o777, 0o600)
})

test('a saved source is given without reading the file again', () => {
  savedWith('export const a = 1\n')
  const bytes = readFileSync(packFile())
  const pack = open()
  // Only what was read anew is written.
  rmSync(packFile())
  pack.sourceOf(module)
  pack.save()
  assert.deepEqual(readdirSync(cache), [])
  assert.ok(bytes.includes('export const a = 1\n'))
})

test('a source that was changed is read anew, also where its length is the same', () => {
  savedWith('export const a = 1\n')
  writeFileSync(module, 'export const a = 2\n')
  const pack = open()
  assert.equal(pack.sourceOf(module), 'export const a = 2\n')
  pack.save()
  assert.equal(open().sourceOf(module), 'export const a = 2\n')
})

test('a pack that is damaged anywhere is not believed', () => {
  savedWith('export const a = 1\n')
  const whole = readFileSync(packFile())
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] as number) ^ 1
    writeFileSync(packFile(), damaged)
    assert.equal(open().sourceOf(module), 'export const a = 1\n', `byte ${at}`)
    writeFileSync(packFile(), whole.subarray(0, at))
    assert.equal(open().sourceOf(module), 'export const a = 1\n', `cut at ${at}`)
  }
})

test('a cache that cannot be written does not matter, and what is gone is not kept', () => {
  writeFileSync(cache, '')
  savedWith('export const a = 1\n')
  assert.equal(open().sourceOf(module), 'export const a = 1\n')
  rmSync(cache)
  savedWith('export const a = 1\n')
  const other = join(directory, 'b.ts')
  writeFileSync(other, 'export {}\n')
  rmSync(module)
  const pack = open()
  pack.sourceOf(other)
  pack.save()
  assert.ok(!readFileSync(packFile()).includes('const a'))
})
