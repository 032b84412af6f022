/** Writers that race: none is lost, preconditions hold, a dry run leaves no trace, and made-up names never meet. */
import assert from 'node:assert/strict'
import type { ClientHttp2Session } from 'node:http2'
import { after, before, describe, test } from 'node:test'
import { type Asked, ask2 } from '../../src/client/testing/serving.ts'
import { configMaps, createConfigMap } from './hostile-cases.ts'
import { jsonBody, Target } from './target.ts'

const CLIENTS = 64
const INCREMENTS_EACH = 5
/** With five letters from 27, some are made up twice. */
const MADE_UP_NAMES = 10_000
/** Each way to write is tried so often. */
const DRY_RUNS_EACH = 200

describe('racing writers', () => {
  let target: Target
  let sessions: ClientHttp2Session[]
  before(async () => {
    target = await Target.start({ nodes: 0 })
    sessions = Array.from({ length: CLIENTS }, () => target.session())
  })
  after(async () => {
    for (const session of sessions) session.destroy()
    await target.assertHealthy()
    assert.deepEqual((await target.report()).errors, [])
    await target.stop()
  })
  /** Opened anew where the server ended it for being idle: on a busy machine each of these tests takes minutes. */
  const sessionOf = (client: number): ClientHttp2Session => {
    const known = sessions[client % CLIENTS]
    if (known && !known.closed && !known.destroyed) return known
    const opened = target.session()
    sessions[client % CLIENTS] = opened
    return opened
  }
  const ask = async (client: number, asked: Asked) => {
    const { status, body } = await ask2(sessionOf(client), asked)
    return { status, json: JSON.parse(body.toString()) }
  }

  test(`${CLIENTS} clients count in one object; every conflict is told, no step is lost`, async context => {
    const counter = await createConfigMap(target, 'counter', { data: { count: '0' } })
    const path = `${configMaps}/counter`
    let conflicts = 0
    const revisions = new Set<string>([counter.metadata.resourceVersion])
    const count = async (client: number) => {
      for (let done = 0; done < INCREMENTS_EACH; ) {
        const { json } = await ask(client, { path })
        json.data.count = String(Number(json.data.count) + 1)
        const written = await ask(client, jsonBody('PUT', path, json))
        if (written.status === 200) {
          done++
          assert.ok(!revisions.has(written.json.metadata.resourceVersion), 'a revision twice')
          revisions.add(written.json.metadata.resourceVersion)
          continue
        }
        conflicts++
        assert.equal(written.status, 409)
        assert.equal(written.json.reason, 'Conflict')
        assert.equal(
          written.json.message,
          'Operation cannot be fulfilled on configmaps "counter": the object has been modified; please apply your changes to the latest version and try again',
        )
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => count(client)))
    const { json } = await ask(0, { path })
    assert.equal(json.data.count, String(CLIENTS * INCREMENTS_EACH))
    assert.ok(conflicts > 0, 'nobody raced')
    context.diagnostic(`${CLIENTS * INCREMENTS_EACH} increments, ${conflicts} conflicts`)
  })

  test('patches without a revision all count, too', async () => {
    await createConfigMap(target, 'patched')
    const patches = Array.from({ length: 200 }, (_, index) =>
      ask(index, {
        method: 'PATCH',
        path: `${configMaps}/patched`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify({ data: { [`key${index}`]: 'here' } }),
      }),
    )
    for (const { status } of await Promise.all(patches)) assert.equal(status, 200)
    const { json } = await ask(0, { path: `${configMaps}/patched` })
    assert.equal(Object.keys(json.data).length, 201)
  })

  test('a write that changes nothing keeps the revision and is no event', async () => {
    const made = await createConfigMap(target, 'still')
    const again = await ask(0, jsonBody('PUT', `${configMaps}/still`, made))
    assert.equal(again.json.metadata.resourceVersion, made.metadata.resourceVersion)
    const events = await target.ask({
      path: `${configMaps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=still&resourceVersion=${made.metadata.resourceVersion}`,
    })
    assert.equal(events.text, '')
  })

  test('of many deletions under a condition exactly one wins, and none without it', async () => {
    const made = await createConfigMap(target, 'condemned')
    const path = `${configMaps}/condemned`
    const { uid, resourceVersion } = made.metadata
    const remove = (client: number, preconditions: object) =>
      ask(client, jsonBody('DELETE', path, { preconditions }))
    for (const [preconditions, why] of [
      [
        { uid: 'another' },
        `the UID in the precondition (another) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      ],
      [
        { resourceVersion: '1' },
        `the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
      ],
    ] as const) {
      const { status, json } = await remove(0, preconditions)
      assert.equal(status, 409)
      assert.equal(json.message, `Operation cannot be fulfilled on ConfigMap "condemned": ${why}`)
    }
    const results = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) => remove(client, { uid, resourceVersion })),
    )
    const codes = results.map(({ status }) => status)
    assert.equal(codes.filter(code => code === 200).length, 1)
    assert.ok(codes.every(code => [200, 404, 409].includes(code)))
    const namesake = await createConfigMap(target, 'condemned')
    assert.equal((await remove(0, { uid })).status, 409, 'the namesake is another object')
    assert.equal((await remove(0, { uid: namesake.metadata.uid })).status, 200)
  })

  test('a dry run stores nothing, by every way to write', async () => {
    await createConfigMap(target, 'dry')
    const all = async () => (await target.ask({ path: configMaps })).json
    const path = `${configMaps}/dry?dryRun=All`
    const body = { metadata: { name: 'dry' }, data: { a: 'changed' } }
    const patch = (type: string, text: string, more = ''): Asked => ({
      ...{ method: 'PATCH', path: `${path}&fieldManager=test${more}`, body: text },
      headers: { 'content-type': type },
    })
    const asked: [Asked, number][] = [
      [jsonBody('POST', `${configMaps}?dryRun=All`, { metadata: { name: 'new' } }), 201],
      [jsonBody('POST', `${configMaps}?dryRun=All`, { metadata: { generateName: 'new-' } }), 201],
      [jsonBody('PUT', path, body), 200],
      [patch('application/merge-patch+json', '{"data":{"a":"changed"}}'), 200],
      [patch('application/strategic-merge-patch+json', '{"data":{"a":"changed"}}'), 200],
      [patch('application/json-patch+json', '[{"op":"remove","path":"/data/a"}]'), 200],
      [
        patch(
          'application/apply-patch+yaml',
          'apiVersion: v1\nkind: ConfigMap\ndata: {a: changed}\n',
          '&force=true',
        ),
        200,
      ],
      [{ method: 'DELETE', path }, 200],
      [jsonBody('DELETE', `${configMaps}/dry`, { dryRun: ['All'] }), 200],
      [{ method: 'DELETE', path: `${configMaps}?dryRun=All` }, 200],
    ]
    // Others write now and then, such as their leases; what a dry run would store comes back each time.
    for (const [one, code] of asked)
      for (let tries = 1; ; tries++) {
        const what = `${one.method} ${one.path}`
        const before_ = await all()
        const runs = Array.from({ length: DRY_RUNS_EACH }, (_, client) => ask(client, one))
        for (const { status } of await Promise.all(runs)) assert.equal(status, code, what)
        const after_ = await all()
        assert.deepEqual(after_.items, before_.items, what)
        if (after_.metadata.resourceVersion === before_.metadata.resourceVersion) break
        assert.ok(tries < 10, `${what} stores something`)
      }
  })

  test(`${MADE_UP_NAMES} made-up names: no two alike, none refused`, async context => {
    const started = performance.now()
    const made = await Promise.all(
      Array.from({ length: MADE_UP_NAMES }, (_, index) =>
        ask(index, jsonBody('POST', configMaps, { metadata: { generateName: 'made-up-' } })),
      ),
    )
    const ms = performance.now() - started
    assert.ok(made.every(({ status }) => status === 201))
    assert.equal(new Set(made.map(({ json }) => json.metadata.name)).size, MADE_UP_NAMES)
    for (const { json } of made) assert.match(json.metadata.name, /^made-up-[a-z0-9]{5}$/)
    context.diagnostic(`${ms.toFixed()} ms, ${((MADE_UP_NAMES * 1000) / ms).toFixed()} a second`)
  })
})
