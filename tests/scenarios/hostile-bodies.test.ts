/** Bodies meant to hurt: too large, too deep, too many, bombs, prototypes. Each is answered rightly, quickly and in bounded memory. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Asked } from '../../src/client/testing/serving.ts'
import { type Case, configMaps, createConfigMap, tryCases } from './hostile-cases.ts'
import { jsonBody, Target, type Version, versions } from './target.ts'

const MEBIBYTES_3 = 3 * 1024 * 1024
/** How long nobody else was served; JSON is what clients send. */
const LONGEST_STALL_MS = 200
/** YAML is read ten times slower, and only people send it. */
const LONGEST_YAML_STALL_MS = 1000
const MAXIMUM_GROWTH_BYTES = 200 * 1024 * 1024
/** Other work on the machine looks like a stall; what the body causes comes back each time. */
const ATTEMPTS = 4

const deployments = '/apis/apps/v1/namespaces/default/deployments?dryRun=All'
const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json'
const APPLY = 'application/apply-patch+yaml'

const object = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
const list = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

describe('hostile bodies', () => {
  let target: Target
  let before_: number
  before(async () => {
    target = await Target.start()
    await createConfigMap(target, 'there')
    // What is loaded and compiled with the first of each kind is not what is measured.
    for (const type of [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY])
      await target.ask(patchOf(type, type === JSON_PATCH ? '[]' : '{}'))
    await target.ask(yamlOf('a: 1'))
    await target.ask(jsonBody('POST', configMaps, `{"x":"${'x'.repeat(2_000_000)}"}`))
    await target.reset()
    before_ = (await target.report()).residentBytes
  })
  after(async () => {
    await target.assertHealthy()
    const { residentBytes } = await target.report()
    assert.ok(residentBytes - before_ < MAXIMUM_GROWTH_BYTES, `grew to ${residentBytes} bytes`)
    await target.stop()
  })

  const patchOf = (type: string, body: string): Asked => ({
    method: 'PATCH',
    path: `${configMaps}/there?dryRun=All${type === APPLY ? '&fieldManager=test' : ''}`,
    headers: { 'content-type': type },
    body,
  })
  const yamlOf = (body: string): Asked => ({
    method: 'POST',
    path: configMaps,
    headers: { 'content-type': 'application/yaml' },
    body,
  })

  /** Whatever comes of it is a right answer, as long as it is no 5xx, comes soon and is one of these. */
  async function survives(
    what: string,
    asked: Asked,
    codes: readonly number[],
    longestStallMs = LONGEST_STALL_MS,
  ): Promise<void> {
    const version: Version = versions[asked.body?.length ? asked.body.length % 2 : 0] ?? 'HTTP/2'
    let longest = 0
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await target.reset()
      const { status, json, text } = await target.ask(asked, version)
      assert.ok(codes.includes(status), `${what}: ${status} ${text.slice(0, 300)}`)
      if (status >= 400) assert.equal(json?.kind, 'Status', what)
      const report = await target.report()
      assert.deepEqual(report.errors, [], what)
      longest = report.longestStallMs
      if (longest <= longestStallMs) return
    }
    assert.fail(`${what}: stalled everybody for ${longest.toFixed()} ms`)
  }

  test('3 MiB is the limit, to the byte, for every way to write', async () => {
    const sized = (bytes: number) => {
      const [head, tail] = ['{"metadata":{"name":"there"},"data":{"a":"', '"}}']
      return head + 'x'.repeat(bytes - head.length - tail.length) + tail
    }
    const padded = (bytes: number, text: string) => ' '.repeat(bytes - text.length) + text
    const ways: [string, (bytes: number) => Asked, number][] = [
      ['create', bytes => jsonBody('POST', configMaps, sized(bytes)), 422],
      ['update', bytes => jsonBody('PUT', `${configMaps}/there`, sized(bytes)), 422],
      ['delete', bytes => jsonBody('DELETE', `${configMaps}/gone`, padded(bytes, '{}')), 404],
      ['JSON patch', bytes => patchOf(JSON_PATCH, padded(bytes, '[]')), 200],
      ['merge patch', bytes => patchOf(MERGE_PATCH, padded(bytes, '{}')), 200],
      ['strategic patch', bytes => patchOf(STRATEGIC_PATCH, padded(bytes, '{}')), 200],
      ['apply', bytes => patchOf(APPLY, padded(bytes, '{}')), 400],
    ]
    for (const [what, asked, code] of ways) {
      for (const bytes of [MEBIBYTES_3 - 1, MEBIBYTES_3])
        await survives(`${what} of ${bytes}`, asked(bytes), [code])
      await tryCases(target, [
        {
          what,
          asked: asked(MEBIBYTES_3 + 1),
          code: 413,
          reason: 'RequestEntityTooLarge',
          message: `Request entity too large: limit is ${MEBIBYTES_3}`,
        },
      ])
      await survives(`${what} of 4 MiB`, asked(4 * 1024 * 1024), [413])
    }
  })

  test('an object that would outgrow what a write may bring is refused, not stored', async () => {
    const keys = Object.fromEntries(
      Array.from({ length: 24_000 }, (_, index) => [`${'k'.repeat(60)}${index}`, 'v']),
    )
    await tryCases(target, [
      {
        what: 'many long keys, each told in managedFields as well',
        asked: jsonBody('POST', configMaps, { metadata: { name: 'fat' }, data: keys }),
        code: 413,
        reason: 'RequestEntityTooLarge',
        message:
          /^Request entity too large: with its managed fields the object would have \d+ bytes/,
      },
    ])
  })

  test('nesting, from 10 to 1.5 million levels', async () => {
    for (const levels of [10, 100, 999, 1_001, 10_000, 100_000, 1_500_000]) {
      const fits = levels * 6 < MEBIBYTES_3
      const codes = [200, 400, 409, 422]
      const json = [list(levels), '['.repeat(levels), ...(fits ? [object(levels)] : [])]
      for (const text of json) {
        await survives(`JSON ${levels}`, jsonBody('POST', configMaps, text), codes)
        for (const type of [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY])
          await survives(`${type} ${levels}`, patchOf(type, text), codes)
      }
      if (!fits) continue
      const inData = `{"metadata":{"name":"there"},"data":${object(levels)}}`
      await survives(`data ${levels}`, jsonBody('PUT', `${configMaps}/there`, inData), codes)
      const added = `[{"op":"add","path":"/x","value":${object(levels)}}]`
      await survives(`add ${levels}`, patchOf(JSON_PATCH, added), codes)
    }
    await tryCases(target, [
      {
        what: 'the sentence',
        asked: jsonBody('POST', configMaps, list(20_000)),
        code: 400,
        reason: 'BadRequest',
        message: /exceeded max depth of 1000/,
      },
    ])
  })

  test('YAML: nesting, bombs and texts that are slow to read', async () => {
    const codes = [400, 413, 422]
    const letters = 'abcdefghij'.split('')
    const bomb = letters.map((letter, index) => {
      const parts = index === 0 ? '"lol"' : `*${letters[index - 1]}`
      return `${letter}: &${letter} [${Array(9).fill(parts).join(',')}]`
    })
    const texts: Readonly<Record<string, string>> = {
      'flow lists': list(100_000),
      'open flow lists': '['.repeat(1_500_000),
      'open flow maps': '{a: '.repeat(700_000),
      'lists of lists': '- '.repeat(1_500_000),
      'keys of keys': '? '.repeat(1_500_000),
      'indented maps': Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'billion laughs': bomb.join('\n'),
      'an alias of itself': 'a: &a [*a]',
      'aliases side by side': `a: &a [x]\nb: [${'*a,'.repeat(100_000)}]`,
      'merges of merges': `a: &a {x: 1}\n${Array.from({ length: 900 }, (_, i) => `k${i}: &k${i}\n  <<: [*a, *${i ? `k${i - 1}` : 'a'}]\n  n${i}: 1`).join('\n')}`,
      'wide merges': `a: &a {${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join(', ')}}\n${Array.from({ length: 900 }, (_, i) => `z${i}: {<<: *a}`).join('\n')}`,
      anchors: Array.from({ length: 50_000 }, (_, i) => `a${i}: &a${i} 1`).join('\n'),
      documents: '---\na: 1\n'.repeat(300_000),
      'empty documents': '---\n'.repeat(700_000),
      'the same key': 'a: 1\n'.repeat(600_000),
      'line breaks': '\n'.repeat(3_000_000),
      spaces: ' '.repeat(3_000_000),
      folds: `a: >\n${' b\n'.repeat(900_000)}`,
      escapes: `"${'\\x41'.repeat(700_000)}"`,
      digits: '1_'.repeat(1_500_000),
      comments: '#'.repeat(3_000_000),
      directives: '%TAG ! tag:a\n'.repeat(200_000),
      'a tag that makes functions': 'a: !!js/function "x"',
    }
    for (const [what, text] of Object.entries(texts)) {
      await survives(what, yamlOf(text), codes, LONGEST_YAML_STALL_MS)
      await survives(`${what}, applied`, patchOf(APPLY, text), codes, LONGEST_YAML_STALL_MS)
    }
  })

  test('more values than any object needs', async () => {
    const many = (count: number, each: (index: number) => string) =>
      Array.from({ length: count }, (_, index) => each(index)).join(',')
    const pod = (fields: string) =>
      jsonBody(
        'POST',
        '/api/v1/namespaces/default/pods?dryRun=All',
        `{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i",${fields}}]}}`,
      )
    const configMap = (fields: string) =>
      jsonBody('POST', `${configMaps}?dryRun=All`, `{"metadata":{"name":"m"},${fields}}`)
    const bodies: Readonly<Record<string, Asked>> = {
      'the same key': configMap(`"data":{${many(400_000, () => '"a":""')}}`),
      keys: configMap(`"data":{${many(250_000, i => `"${i}":""`)}}`),
      'bad keys': configMap(`"data":{${many(250_000, i => `"/${i}":""`)}}`),
      'unknown fields': configMap(many(250_000, i => `"u${i}":0`)),
      environment: pod(`"env":[${many(60_000, i => `{"name":"E${i}","value":"1"}`)}]`),
      ports: pod(`"ports":[${many(80_000, () => '{"containerPort":80}')}]`),
    }
    for (const [what, asked] of Object.entries(bodies)) {
      await survives(what, asked, [413])
    }
    const labels = many(20_000, i => `"/${i}":"-"`)
    const wrong = await target.ask(
      jsonBody('POST', configMaps, `{"metadata":{"name":"l","labels":{${labels}}}}`),
    )
    assert.equal(wrong.status, 422)
    assert.match(wrong.json.message, /and \d+ more errors\]$/)
    assert.ok(wrong.text.length < 200_000)
  })

  test('JSON patches: too many operations, doubling copies, endless paths', async () => {
    const refused = (what: string, operations: object[], code: number, why: RegExp): Case => ({
      what,
      asked: patchOf(JSON_PATCH, JSON.stringify(operations)),
      code,
      reason: code === 413 ? 'RequestEntityTooLarge' : code === 400 ? 'BadRequest' : 'Invalid',
      message: why,
    })
    const holds = { op: 'test', path: '/data/a', value: '1' }
    const base = { op: 'add', path: '/b', value: ['y'.repeat(100)] }
    const copies = Array(40).fill({ op: 'copy', from: '/b', path: '/b/-' })
    const nested = (levels: number) => ({
      op: 'add',
      path: '/b',
      value: JSON.parse(object(levels)),
    })
    const into = (levels: number) => ({ op: 'copy', from: '/b', path: `/b${'/a'.repeat(levels)}` })
    await tryCases(target, [
      refused(
        '10,001',
        Array(10_001).fill(holds),
        413,
        /^Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001$/,
      ),
      refused('doubling', [base, ...copies], 413, /add up to more than 3145728 bytes/),
      refused(
        'a path of a million steps',
        [{ op: 'test', path: '/a'.repeat(1_000_000), value: 1 }],
        400,
        /exceeded max depth/,
      ),
      refused(
        'deeper with each copy',
        [nested(900), into(900), into(900), into(900)],
        400,
        /exceeded max depth/,
      ),
      refused(
        'a test that fails',
        [{ ...holds, value: '2' }],
        422,
        /^the server rejected our request due to an error in our request/,
      ),
    ])
    await survives('10,000', patchOf(JSON_PATCH, JSON.stringify(Array(10_000).fill(holds))), [200])
  })

  test('compressed bodies are not unpacked', async () => {
    for (const size of [1_000, 200_000_000])
      await survives(
        `gzip of ${size}`,
        {
          ...jsonBody('POST', configMaps, gzipSync(Buffer.alloc(size))),
          headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        },
        [400],
      )
  })

  test('protobuf that is none', async () => {
    const messages = [
      '',
      '{}',
      'k8s\0',
      `k8s\0${'\xff'.repeat(100)}`,
      'k8s\0\x0a\xff\xff\xff\xff\x0f',
    ]
    for (const text of [...messages, `k8s\0${'\x0b'.repeat(1_000_000)}`])
      await survives(
        'protobuf',
        {
          ...jsonBody('POST', configMaps, Buffer.from(text, 'latin1')),
          headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
        },
        [400, 422],
      )
  })

  test('prototype names are data, and change nothing (by every way to write)', async () => {
    const keys = ['constructor', 'prototype', 'toString', 'hasOwnProperty', '__proto__']
    const values = keys.map(key => `"${key}":"mine"`).join(',')
    const name = 'prototypes'
    const created = await target.ask(
      jsonBody(
        'POST',
        configMaps,
        `{"metadata":{"name":"${name}","annotations":{"constructor":"a"},"labels":{"toString":"b"}},"data":{${values}}}`,
      ),
    )
    assert.equal(created.status, 201, created.text)
    assert.deepEqual(Object.keys(created.json.data).sort(), [...keys].sort())
    const path = `${configMaps}/${name}`
    const patches: [string, string][] = [
      [MERGE_PATCH, '{"data":{"__proto__":"merged"},"__proto__":{"polluted":"yes"}}'],
      [MERGE_PATCH, '{"constructor":{"prototype":{"polluted":"yes"}}}'],
      [STRATEGIC_PATCH, '{"data":{"__proto__":"merged"},"__proto__":{"polluted":"yes"}}'],
      [JSON_PATCH, '[{"op":"add","path":"/data/__proto__","value":"merged"}]'],
    ]
    for (const [type, body] of patches) {
      const patched = await target.ask({
        method: 'PATCH',
        path,
        headers: { 'content-type': type },
        body,
      })
      assert.equal(patched.status, 200, patched.text)
      assert.equal(
        Object.getOwnPropertyDescriptor(patched.json.data, '__proto__')?.value,
        body.includes('merged') || type === MERGE_PATCH ? 'merged' : 'mine',
      )
      assert.equal(patched.json.polluted, undefined)
    }
    for (const pointer of ['/__proto__/polluted', '/constructor/prototype/polluted']) {
      const refused = await target.ask({
        method: 'PATCH',
        path,
        headers: { 'content-type': JSON_PATCH },
        body: JSON.stringify([{ op: 'add', path: pointer, value: 'yes' }]),
      })
      assert.equal(refused.status, 422)
    }
    const applied = await target.ask({
      method: 'PATCH',
      path: `${path}?fieldManager=test&force=true`,
      headers: { 'content-type': APPLY },
      body: 'apiVersion: v1\nkind: ConfigMap\ndata:\n  __proto__: applied\n  valueOf: applied\n',
    })
    assert.equal(applied.status, 200, applied.text)
    assert.match(applied.text, /"__proto__":"applied"/)
    assert.match(applied.text, /"f:__proto__":\{\}/)
    assert.deepEqual((await target.report()).prototypeKeys, [])
    const listed = await target.ask({ path: `${configMaps}?labelSelector=constructor` })
    assert.deepEqual(listed.json.items, [])
  })

  test('unknown and repeated fields: Strict refuses, Warn tells, Ignore is silent', async () => {
    const body = '{"metadata":{"name":"f","name":"g"},"foo":1,"data":{"a":"1","a":"2"}}'
    const ask = (mode: string, version: Version) =>
      target.ask(
        jsonBody('POST', `${configMaps}?dryRun=All&fieldValidation=${mode}`, body),
        version,
      )
    for (const version of versions) {
      const strict = await ask('Strict', version)
      assert.equal(strict.status, 400)
      assert.equal(
        strict.json.message,
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "metadata.name", unknown field "foo", duplicate field "data.a"',
      )
      const warn = await ask('Warn', version)
      assert.equal(warn.status, 201)
      assert.equal(warn.json.data.a, '2')
      assert.match(String(warn.headers.warning), /299 - "unknown field \\"foo\\"".*duplicate field/)
      assert.equal((await ask('Ignore', version)).headers.warning, undefined)
    }
  })

  test('wrong types and numbers that do not fit are refused, never rounded', async () => {
    const refused = (what: string, asked: Asked, why: RegExp): Case => ({
      what,
      asked,
      code: 400,
      reason: 'BadRequest',
      message: why,
    })
    const deployment = (spec: string) =>
      jsonBody('POST', deployments, `{"metadata":{"name":"d"},"spec":{${spec}}}`)
    const wrong = (text: string, why: RegExp) =>
      refused(text || 'nothing', jsonBody('POST', configMaps, text), why)
    await tryCases(target, [
      wrong(
        '',
        /^the object provided is unrecognized \(must be of type ConfigMap\): couldn't get version\/kind; json parse error: .+ \(<empty>\)$/,
      ),
      wrong('{', /json parse error: .+ \(\{\)$/),
      wrong('nul', /json parse error: .+ \(6e756c\)$/),
      wrong('{"metadata":{}} more', /json parse error/),
      wrong('\ufeff{}', /json parse error/),
      wrong('[]', /^the object provided is unrecognized \(must be of type ConfigMap\)/),
      wrong('null', /unrecognized/),
      wrong(
        '{"kind":"Pod","apiVersion":"v1"}',
        /^Pod in version "v1" cannot be handled as a ConfigMap: converting \(v1\.Pod\) to \(core\.ConfigMap\): unknown conversion$/,
      ),
      wrong(
        '{"apiVersion":"v2"}',
        /^ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme /,
      ),
      wrong(
        '{"metadata":[]}',
        /cannot unmarshal array into Go struct field ConfigMap.metadata of type v1.ObjectMeta$/,
      ),
      wrong(
        '{"metadata":{"name":5}}',
        /cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string$/,
      ),
      wrong(
        '{"data":{"a":1}}',
        /cannot unmarshal number into Go struct field ConfigMap.data of type string$/,
      ),
      wrong(
        '{"data":[1]}',
        /cannot unmarshal array into Go struct field ConfigMap.data of type map\[string\]string$/,
      ),
      wrong('{"binaryData":{"a":"%%"}}', /illegal base64 data at input byte 0$/),
      wrong(
        '{"immutable":"yes"}',
        /cannot unmarshal string into Go struct field ConfigMap.immutable of type bool$/,
      ),
      refused(
        '2^32',
        deployment('"replicas":4294967296'),
        /cannot unmarshal number 4294967296 into Go struct field DeploymentSpec.spec.replicas of type int32$/,
      ),
      refused('1.5', deployment('"replicas":1.5'), /cannot unmarshal number 1.5 /),
      refused('1e999', deployment('"replicas":1e999'), /cannot unmarshal number /),
      refused(
        '2^63',
        deployment('"template":{"spec":{"terminationGracePeriodSeconds":9223372036854775808}}'),
        /cannot unmarshal number 9223372036854775808 /,
      ),
      refused(
        'a number of 1,000 digits',
        deployment(`"replicas":${'9'.repeat(1000)}`),
        /cannot unmarshal number 9+…/,
      ),
    ])
  })
})
