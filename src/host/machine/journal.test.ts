import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { journalWords, machineJournal } from './journal.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-journal-'))
after(() => rmSync(directory, { recursive: true }))

function program(script: string): string {
  const path = join(directory, `journalctl-${Math.random()}`)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

async function textOf(path: string, units: string[], signal = new AbortController().signal) {
  let text = ''
  for await (const bytes of machineJournal(path).read({ units }, signal))
    text += Buffer.from(bytes).toString()
  return text
}

test('nothing that is asked for can be another option', () => {
  const words = journalWords({
    units: ['-u', 'kubelet'],
    sinceMs: Date.parse('2023-01-02T03:04:05.5Z'),
    untilMs: Date.parse('2023-01-02T03:04:05.5Z'),
    lastLines: 3,
    pattern: '--file=/etc/shadow $(reboot)',
    boot: -1,
  })
  assert.deepEqual(words, [
    ...['--utc', '--no-pager', '--output=short-precise'],
    ...['--since=2023-01-02 03:04:05 UTC', '--until=2023-01-02 03:04:06 UTC'],
    ...['--lines=3', '--unit=-u', '--unit=kubelet'],
    ...['--grep=--file=/etc/shadow $(reboot)', '--boot=-1'],
  ])
})

test('units are told, and none where there is no journal', async () => {
  const path = program('[ "$*" = "--field _SYSTEMD_UNIT" ] && echo a.service && echo b.service')
  assert.deepEqual([...(await machineJournal(path).units())], ['a.service', 'b.service'])
  assert.equal((await machineJournal('/nonexistent').units()).size, 0)
  assert.equal((await machineJournal(program('exit 1')).units()).size, 0)
})

test('what is told and what is complained of is read', async () => {
  const path = program('for word in "$@"; do echo "<$word>"; done; echo woe >&2; exit 3')
  const lines = (await textOf(path, ['a'])).split('\n')
  assert.deepEqual(lines, [
    '<--utc>',
    '<--no-pager>',
    '<--output=short-precise>',
    '<--unit=a>',
    'woe',
    '',
  ])
  await assert.rejects(textOf('/nonexistent', ['a']), /ENOENT/)
})

test('who leaves ends the program', async () => {
  const leaving = new AbortController()
  const path = program('exec yes')
  const endless = machineJournal(path).read({ units: ['a'] }, leaving.signal)
  await endless.next()
  leaving.abort()
  for await (const _ of endless);
  assert.equal((await endless.next()).done, true)
})
