import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { answerZpage, type ZpageQuestion, zpagesOf } from './zpages.ts'

const startedMs = Date.UTC(2026, 10, 7, 3, 4, 5)
const subject = {
  component: 'kube-scheduler',
  startedMs,
  paths: ['/healthz', '/statusz'],
  flags: new Map([
    ['v', '0'],
    ['bind-address', '::'],
  ]),
}
const random = { integer: () => 1, uuid: () => '', bytes: () => new Uint8Array() }

async function ask(path: string, accept?: string, more: Partial<ZpageQuestion> = {}) {
  const nowMs = startedMs + 3_723_900
  const answer = await answerZpage(path, subject, { accept, pretty: false, nowMs, random, ...more })
  const bytes = answer?.body.kind === 'bytes' ? answer.body.bytes : new Uint8Array()
  return { headers: answer?.headers ?? {}, text: new TextDecoder().decode(bytes) }
}

const structured = (as: string, version = 'v1beta1', type = 'json') =>
  `application/${type};v=${version};g=config.k8s.io;as=${as}`

test('people are told in text', async () => {
  const { headers, text } = await ask('/statusz')
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  const [first, title, warning, blank, ...rows] = text.split('\n')
  assert.deepEqual([first, title, blank], ['', 'kube-scheduler statusz', ''])
  assert.match(warning ?? '', /^Warning: .* for debugging purposes only\.$/)
  assert.deepEqual(rows, [
    'Started:  Sat Nov  7 03:04:05 UTC 2026',
    'Up:  1 hr 02 min 03 sec',
    `Go version:  node ${process.version}`,
    'Binary version:  1.36',
    'Emulation version:  1.36',
    'Paths:  /healthz /statusz',
    '',
  ])
  const flags = await ask('/flagz', 'text/*')
  assert.deepEqual(flags.text.split('\n').slice(3), ['bind-address ::', 'v 0', ''])
})

test('programs name an object and get it', async () => {
  const { headers, text } = await ask('/statusz', `${structured('Statusz')},text/plain`)
  assert.equal(headers['content-type'], 'application/json;g=config.k8s.io;v=v1beta1;as=Statusz')
  assert.equal(
    text,
    `{"kind":"Statusz","apiVersion":"config.k8s.io/v1beta1","metadata":{"name":"kube-scheduler"},"startTime":"2026-11-07T03:04:05Z","uptimeSeconds":3723,"goVersion":"node ${process.version}","binaryVersion":"1.36","emulationVersion":"1.36","paths":["/healthz","/statusz"]}\n`,
  )
  const pretty = await ask('/flagz', structured('Flagz'), { pretty: true })
  assert.match(pretty.text, /"flags": {\n {4}"bind-address": "::",\n {4}"v": "0"\n {2}}\n}$/)
  const yaml = await ask('/flagz', structured('Flagz', 'v1alpha1', 'yaml'))
  assert.match(yaml.text, /^apiVersion: config.k8s.io\/v1alpha1\nflags:\n {2}bind-address: '::'\n/)
  assert.match(yaml.headers.warning ?? '', /^299 - "This version of the flagz endpoint is depre/)
})

test('what is not named in full is not acceptable', async () => {
  for (const accept of [
    'application/json',
    'application/*',
    structured('Flagz'),
    structured('Statusz', 'v1'),
    structured('Statusz', 'v1beta1', 'cbor'),
    'application/json;as=Statusz',
    'text/plain;as=Statusz;g=config.k8s.io;v=v1beta1',
    'text/html',
  ])
    await assert.rejects(ask('/statusz', accept), error => isStatus(error, 'NotAcceptable'), accept)
  const mixed = await ask('/statusz', 'application/json,text/plain')
  assert.equal(mixed.headers['content-type'], 'text/plain; charset=utf-8')
})

test('each page has its gate', () => {
  assert.deepEqual(zpagesOf(new Map()), ['/flagz', '/statusz'])
  assert.deepEqual(zpagesOf(new Map([['ComponentFlagz', false]])), ['/statusz'])
  assert.deepEqual(zpagesOf(new Map([['AllBeta', false]])), [])
})
