import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { PRIVATE_DIRECTORY, PRIVATE_FILE, removeUnfinished, systemFiles } from './files.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-files-'))
after(() => rmSync(directory, { recursive: true }))

test('writes whole files with the mode that was asked for and leaves nothing beside them', () => {
  const path = join(directory, 'a', 'key')
  systemFiles.makeDirectory(join(directory, 'a'), PRIVATE_DIRECTORY)
  systemFiles.writeAtomically(path, 'one', PRIVATE_FILE)
  systemFiles.writeAtomically(path, 'two', PRIVATE_FILE)
  assert.equal(systemFiles.read(path)?.toString(), 'two')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(join(directory, 'a')).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(join(directory, 'a')), ['key'])
})

test('a file that says the same already is left alone, unless others may read it', () => {
  const path = join(directory, 'same')
  const inode = () => statSync(path).ino
  systemFiles.writeAtomically(path, 'one', PRIVATE_FILE)
  const first = inode()
  systemFiles.writeAtomically(path, Buffer.from('one'), PRIVATE_FILE)
  assert.equal(inode(), first)
  chmodSync(path, 0o644)
  systemFiles.writeAtomically(path, 'one', PRIVATE_FILE)
  assert.notEqual(inode(), first)
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('of several that write a file once the first one wins', () => {
  const path = join(directory, 'once', 'key')
  systemFiles.makeDirectory(dirname(path), PRIVATE_DIRECTORY)
  assert.equal(systemFiles.writeOnce(path, 'one', PRIVATE_FILE), true)
  assert.equal(systemFiles.writeOnce(path, 'two', PRIVATE_FILE), false)
  assert.equal(systemFiles.read(path)?.toString(), 'one')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(dirname(path)), ['key'])
})

test('a link is made, and pointed elsewhere, in one step', () => {
  const path = join(directory, 'link')
  systemFiles.writeAtomically(join(directory, 'first'), 'one', PRIVATE_FILE)
  systemFiles.writeAtomically(join(directory, 'second'), 'two', PRIVATE_FILE)
  systemFiles.point(path, 'first')
  assert.equal(systemFiles.read(path)?.toString(), 'one')
  const before = readdirSync(directory)
  systemFiles.point(path, 'second')
  assert.equal(systemFiles.read(path)?.toString(), 'two')
  assert.deepEqual(readdirSync(directory), before)
})

test('a link in the place of a file is replaced, not followed', () => {
  const victim = join(directory, 'victim')
  writeFileSync(victim, 'precious')
  symlinkSync(victim, join(directory, 'secret'))
  systemFiles.writeAtomically(join(directory, 'secret'), 'x', PRIVATE_FILE)
  assert.equal(systemFiles.writeOnce(join(directory, 'secret'), 'y', PRIVATE_FILE), false)
  assert.equal(readFileSync(victim, 'utf8'), 'precious')
})

test('a file that is not there is undefined; other trouble is one sentence', () => {
  assert.equal(systemFiles.read(join(directory, 'none')), undefined)
  assert.throws(
    () => systemFiles.read(directory),
    /^UserError: Cannot read .*: it is a directory\.$/,
  )
  assert.throws(
    () => systemFiles.writeAtomically(join(directory, 'no', 'x'), '', PRIVATE_FILE),
    /^UserError: Cannot write .*: a part of the path does not exist\.$/,
  )
  assert.throws(
    () => systemFiles.makeDirectory(join(directory, 'victim'), PRIVATE_DIRECTORY),
    /^UserError: Cannot make the directory .*in its place\.$/,
  )
})

test('what a killed process left of a write is removed, and nothing else', () => {
  const place = join(directory, 'killed')
  systemFiles.makeDirectory(place, PRIVATE_DIRECTORY)
  const kept = ['0123456789ab', 'admin.conf', 'notes.new']
  for (const name of [...kept, 'admin.conf.0123456789ab.new']) writeFileSync(join(place, name), '')
  removeUnfinished(place)
  assert.deepEqual(readdirSync(place).sort(), kept)
  removeUnfinished(join(directory, 'nowhere'))
})
