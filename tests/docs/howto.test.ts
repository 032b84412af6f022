/** docs/howto.md: the commands and flags that it names are there, and its unit is one that systemd takes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { helpText, parseCommandLine } from '#cli'
import { projectRoot } from '../tidy/sources.ts'

const guide = readFileSync(join(projectRoot, 'docs/howto.md'), 'utf8')

test('the commands are there, with their flags', () => {
  const lines = [
    ...guide.matchAll(/(?:npx |\/)?\bproa ((?:up|snapshot|image|check|reset|dashboard)[^`\n]*)/g),
  ]
  const words = lines.map(([, line = '']) =>
    line
      .replace(/[,;(].*/, '')
      .trim()
      .split(' '),
  )
  assert.ok(words.length > 10)
  for (const line of words.filter(line => line.every(word => /^[\w./:-]+$/.test(word))))
    try {
      parseCommandLine(line)
    } catch (error) {
      assert.doesNotMatch(String(error), /unknown/, line.join(' '))
    }
  const known = helpText(['up', '--help'])
  const others = new Set([
    '--all',
    '--flatten',
    '--from',
    '--global',
    '--image',
    '--install',
    '--now',
    '--port',
    '--previous',
    '--raw',
    '--target',
    '--type',
  ])
  for (const [flag] of guide.matchAll(/--[a-z][a-z-]+/g))
    assert.ok(others.has(flag) || known.includes(flag), flag)
})

const hasSystemd = !spawnSync('systemd-analyze', ['--version']).error
test('the unit is one that systemd takes', {
  skip: hasSystemd ? false : 'there is no systemd-analyze on this machine',
}, () => {
  const [, unit = ''] = /<!-- unit -->\n```ini\n([\s\S]*?)```/.exec(guide) ?? []
  assert.match(unit, /ExecStart=\/usr\/local\/bin\/proa up\n/)
  const directory = mkdtempSync(join(tmpdir(), 'proa-unit-'))
  try {
    const file = join(directory, 'proa.service')
    const complaints = (text: string) => {
      writeFileSync(file, text)
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
        encoding: 'utf8',
      })
      return stderr.split('\n').filter(line => line.includes('proa.service'))
    }
    const here = unit.replace('/usr/local/bin/proa', '/bin/true')
    assert.deepEqual(complaints(here), [])
    assert.equal(complaints(here.replace('KillMode=', 'KillMood=')).length, 1)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
