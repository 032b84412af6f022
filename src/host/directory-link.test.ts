import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { linkDirectory, unlinkDirectory } from './directory-link.ts'

function withDirectory(body: (path: string, own: string, directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'proa-link-'))
  try {
    const own = join(directory, 'own')
    mkdirSync(own)
    body(join(directory, 'lib', 'kubelet'), own, directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('a path that nobody has leads to the directory, until that is taken back', () =>
  withDirectory((path, own) => {
    assert.equal(linkDirectory(path, own), true)
    assert.equal(linkDirectory(path, own), true)
    assert.equal(readlinkSync(path), own)
    unlinkDirectory(path, '/elsewhere')
    assert.equal(readlinkSync(path), own)
    unlinkDirectory(path, own)
    assert.equal(existsSync(path), false)
  }))

test('an empty directory and a link that leads nowhere give way', () =>
  withDirectory((path, own, directory) => {
    mkdirSync(path, { recursive: true })
    assert.equal(linkDirectory(path, own), true)
    rmSync(path)
    symlinkSync(join(directory, 'gone'), path)
    assert.equal(linkDirectory(path, own), true)
  }))

test("another's directory, link and file stay as they are", () =>
  withDirectory((path, own, directory) => {
    mkdirSync(join(path, 'pods'), { recursive: true })
    assert.equal(linkDirectory(path, own), false)
    assert.equal(lstatSync(path).isDirectory(), true)
    rmSync(path, { recursive: true })
    symlinkSync(directory, path)
    assert.equal(linkDirectory(path, own), false)
    assert.equal(readlinkSync(path), directory)
    rmSync(path)
    writeFileSync(path, '')
    assert.equal(linkDirectory(path, own), false)
    unlinkDirectory(path, own)
    assert.equal(existsSync(path), true)
  }))
