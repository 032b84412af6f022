import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import { openMachine } from '#host/machine/machine.ts'
import { openSystemLogs } from './system-logs.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-logs-'))
after(() => rmSync(root, { recursive: true }))
const directory = join(root, 'log')
const { files } = await openMachine(root)
mkdirSync(join(directory, 'pods/a&b <c>'), { recursive: true })
writeFileSync(join(directory, 'syslog'), 'one\ntwo\n')
writeFileSync(join(directory, 'page.html'), '<script>')
writeFileSync(join(directory, 'pods/a&b <c>/0.log'), 'deep')
writeFileSync(join(root, 'secret'), 'secret')

function ask(path: string): Promise<ApiResponse> {
  const segments = path.split('/').filter(Boolean).map(decodeURIComponent)
  return openSystemLogs({ files, directory }, segments.slice(1), path)
}

async function textOf({ body }: ApiResponse): Promise<string> {
  if (body.kind === 'bytes') return Buffer.from(body.bytes).toString()
  assert.equal(body.kind, 'stream')
  return new Promise((resolve, reject) => {
    let text = ''
    if (body.kind !== 'stream') return
    body.stream.subscribe({
      next: chunk => {
        text += Buffer.from(chunk).toString()
      },
      end: error => (error ? reject(error) : resolve(text)),
    })
  })
}

const linksOf = (page: string) =>
  [...page.matchAll(/<a href="(.*)">(.*)<\/a>/g)].map(found => found.slice(1))

test('a directory is a page of links to what is in it', async () => {
  const page = await ask('/logs/')
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  assert.deepEqual(linksOf(await textOf(page)), [
    ['page.html', 'page.html'],
    ['pods/', 'pods/'],
    ['syslog', 'syslog'],
  ])
  assert.deepEqual(linksOf(await textOf(await ask('/logs/pods/'))), [
    ['a%26b%20%3Cc%3E/', 'a&amp;b &lt;c&gt;/'],
  ])
  // A browser reads these from what is above.
  assert.deepEqual(linksOf(await textOf(await ask('/logs/pods'))), [
    ['pods/a%26b%20%3Cc%3E/', 'a&amp;b &lt;c&gt;/'],
  ])
  const none = await openSystemLogs({ files, directory: join(root, 'none') }, [], '/logs/')
  assert.deepEqual(linksOf(await textOf(none)), [])
})

test('a file is text, whatever its name, up to where it ended when it was asked for', async () => {
  const answer = await ask('/logs/syslog')
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
  appendFileSync(join(directory, 'syslog'), 'three\n')
  assert.equal(await textOf(answer), 'one\ntwo\n')
  assert.equal((await ask('/logs/page.html')).headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(await textOf(await ask('/logs/pods/a%26b%20%3Cc%3E/0.log')), 'deep')
  writeFileSync(join(directory, 'wtmp'), Buffer.alloc(200_000))
  const binary = await ask('/logs/wtmp')
  assert.equal(binary.headers['content-type'], 'application/octet-stream')
  assert.equal((await textOf(binary)).length, 200_000)
  writeFileSync(join(directory, 'empty'), '')
  assert.equal(await textOf(await ask('/logs/empty')), '')
})

test('links lead anywhere within, and nowhere else', async () => {
  mkdirSync(join(directory, 'containers'))
  const link = (name: string, target: string) =>
    symlinkSync(target, join(directory, 'containers', name))
  link('relative', '../syslog')
  link('absolute', join(directory, 'pods'))
  link('twice', 'absolute/a&b <c>/0.log')
  link('root', directory)
  assert.match(await textOf(await ask('/logs/containers/relative')), /^one/)
  assert.equal(await textOf(await ask('/logs/containers/twice')), 'deep')
  assert.equal(linksOf(await textOf(await ask('/logs/containers/absolute/'))).length, 1)
  assert.match(await textOf(await ask('/logs/containers/root/syslog')), /^one/)
  link('up', '../../secret')
  link('far', join(root, 'secret'))
  link('beside', `${directory}/../secret`)
  link('similar', `${directory}s`)
  link('parent', '../..')
  link('round', 'round')
  link('gone', 'gone-too')
  spawnSync('mkfifo', [join(directory, 'pipe')])
  for (const path of [
    ...['up', 'far', 'beside', 'similar', 'parent', 'parent/secret', 'round', 'gone'].map(
      name => `containers/${name}`,
    ),
    ...[
      'missing',
      'missing/deep',
      'syslog/deep',
      'pipe',
      '..',
      '../secret',
      '..%2Fsecret',
      '%2e%2e/secret',
      'a%00',
      '.',
    ],
  ])
    await assert.rejects(ask(`/logs/${path}`), error => isStatus(error, 'NotFound'), path)
})
