import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ApiResponse } from '#client/transport.ts'
import { openMachine } from '#host/machine/machine.ts'
import type { Journal } from '../../host-access.ts'
import { answerLogQuery } from './answer.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-log-query-'))
after(() => rmSync(root, { recursive: true }))
const directory = join(root, 'log')
const { files } = openMachine(root)
mkdirSync(join(directory, 'etcd'), { recursive: true })
writeFileSync(join(directory, 'cron'), 'cron itself\n')
writeFileSync(join(directory, 'cron.log'), 'not this one\n')
writeFileSync(join(directory, 'proxy.log'), 'proxy\n')
writeFileSync(join(directory, 'etcd/etcd.log'), 'etcd\n')
writeFileSync(join(directory, 'long.log'), 'x'.repeat(300_000))
writeFileSync(join(root, 'secret.log'), 'secret')
symlinkSync('../secret.log', join(directory, 'out.log'))

type Asked = Parameters<Journal['read']>[0]

function journalOf(...units: string[]) {
  const asked: Asked[] = []
  let ended = 0
  const journal: Journal = {
    units: async () => new Set(units),
    async *read(query) {
      asked.push(query)
      try {
        for (const unit of query.units) yield Buffer.from(`of ${unit}\n`)
      } finally {
        ended++
      }
    },
  }
  return { journal, asked, ended: () => ended }
}

async function ask(search: string, journal?: Journal, segments: string[] = []) {
  const answer = await answerLogQuery({ files, directory, journal }, segments, search)
  return answer ? `${answer.status} ${await textOf(answer)}` : undefined
}

function textOf({ body }: ApiResponse): Promise<string> {
  return new Promise((resolve, reject) => {
    if (body.kind === 'bytes') return resolve(Buffer.from(body.bytes).toString())
    if (body.kind !== 'stream') return reject(new Error(body.kind))
    let text = ''
    body.stream.subscribe({
      next(chunk) {
        text += Buffer.from(chunk).toString()
      },
      end: error => (error ? reject(error) : resolve(text)),
    })
  })
}

test('services that the journal knows are read there, together, and the others behind them', async () => {
  const { journal, asked } = journalOf('kubelet.service', 'containerd.service')
  assert.equal(
    await ask('query=kubelet&query=none&query=containerd', journal),
    '200 of kubelet\nof containerd\n\nlog not found for none\n',
  )
  assert.deepEqual(asked[0]?.units, ['kubelet', 'containerd'])
  await ask('query=kubelet&tailLines=5&boot=-1&pattern=x&sinceTime=2023-01-01T00:00:00Z', journal)
  assert.deepEqual(asked[1], {
    units: ['kubelet'],
    sinceMs: Date.parse('2023-01-01T00:00:00Z'),
    untilMs: undefined,
    lastLines: 5,
    pattern: 'x',
    boot: -1,
  })
  // Part of a name is another unit.
  assert.equal(await ask('query=d', journal), '200 \nlog not found for d\n')
})

test('without the journal a service is found by its files, if nothing of them is to be left out', async () => {
  assert.equal(await ask('query=cron'), '200 cron itself\n')
  assert.equal(await ask('query=proxy&query=etcd'), '200 proxy\netcd\n')
  assert.equal(await ask('query=proxy.log'), '200 proxy\n')
  assert.equal((await ask('query=long'))?.length, '200 '.length + 300_000)
  assert.equal(await ask('query=out'), '200 \nlog not found for out\n', 'it leads outside')
  assert.equal(
    await ask('query=cron&query=etcd&tailLines=1'),
    '200 \noptions present and query resolved to log files for [cron etcd]\ntry without specifying options\n',
  )
})

test('one file is shown, and nothing outside of the directory', async () => {
  assert.equal(await ask('query=/etcd/etcd.log'), '200 etcd\n')
  assert.equal(await ask('query=etcd/etcd.log'), '200 etcd\n')
  for (const path of [
    '../secret.log',
    '/../secret.log',
    '/etcd/../../secret.log',
    '/out.log',
    '/etcd',
    '/',
    '//',
    '/none',
  ])
    assert.match(
      (await ask(`query=${encodeURIComponent(path)}`)) ?? '',
      /^406 query: Invalid value: \[".*"\]: statat .*: no such file or directory\n$/,
    )
})

test('what is wrong is refused before anything runs', async () => {
  const { journal, asked } = journalOf('kubelet.service')
  assert.equal(
    await ask('query=kubelet&pattern=f(oo', journal),
    '406 pattern: Invalid value: "f(oo": error parsing regexp: missing closing ): `f(oo`\n',
  )
  assert.equal(
    await ask('query=kubelet', journal, ['dpkg.log']),
    '406 path not allowed in query mode\n',
  )
  assert.equal(
    await ask('query=kubelet&boot=1', journal),
    '406 boot: Invalid value: 1: must be less than 1\n',
  )
  assert.equal(await ask('follow=true', journal), undefined)
  assert.deepEqual(asked, [])
})

test('whoever leaves ends what runs for him', async () => {
  const { journal, ended } = journalOf('a.service', 'b.service')
  const answer = await answerLogQuery({ files, directory, journal }, [], 'query=a&query=b')
  assert.equal(answer?.body.kind, 'stream')
  if (answer?.body.kind !== 'stream') return
  const { stream } = answer.body
  await new Promise<void>(resolve => {
    const cancel = stream.subscribe({
      next() {
        cancel()
        resolve()
      },
      end: () => assert.fail('nothing is told to one that left'),
    })
  })
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(ended(), 1)
})
