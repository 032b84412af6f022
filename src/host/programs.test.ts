import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findProgram, ownCommand } from './programs.ts'

test('finds the first program that can be run', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-path-'))
  try {
    const [one, two, three] = ['one', 'two', 'three'].map(name => join(directory, name)) as [
      string,
      string,
      string,
    ]
    mkdirSync(join(one, 'tool'), { recursive: true })
    for (const [place, mode] of [
      [two, 0o644],
      [three, 0o755],
    ] as const) {
      mkdirSync(place)
      writeFileSync(join(place, 'tool'), '', { mode })
    }
    assert.equal(findProgram('tool', `${one}:${two}:${three}`), join(three, 'tool'))
    assert.equal(findProgram('tool', `${one}:${two}`), undefined)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('knows the words that start itself', () => {
  assert.ok(ownCommand().every(path => existsSync(path)))
})
