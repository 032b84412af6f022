/** The etcd engine keeps the promises of every store over each etcd that is supported, and what only several servers need. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { CommitFailedError, CompactedError, type Store, StoreUnavailableError } from '#store'
import { type EtcdStoreOptions, openEtcdStore } from '#store/etcd/etcd-store.ts'
import { issueAuthority, issueLeaf } from '../../../src/base/pki/certificate.ts'
import { storeSuite } from '../../../src/store/store.suite.ts'
import { EtcdProcess } from '../../../src/store/testing/etcd-process.ts'
import { rebased } from '../../../src/store/testing/rebased.ts'
import { decode, encode, put, recorder, remove, show } from '../../../src/store/testing/recorder.ts'
import { etcdBuilds } from './builds.ts'
import { Line } from './line.ts'
import { Keys } from './servers.ts'

/** Four times as long as a connection that is gone without a word may stay unnoticed. */
const PATIENCE_MS = 40_000

let opened = 0
const readIndex = async (store: Store) => (await store.shared?.readIndex()) ?? -1

async function open(
  context: TestContext,
  url: string,
  options: Partial<EtcdStoreOptions> = {},
): Promise<Store> {
  const store = await openEtcdStore({
    servers: [url],
    root: '',
    prefix: `store-${++opened}.`,
    openTimeoutMs: 5000,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    ...options,
  })
  context.after(() => store.close())
  return store
}

/** `state` is told where it does not come to pass. */
async function eventually(look: () => boolean, state = () => ''): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`it did not come to pass ${state()}`)
    await sleep(20)
  }
}

for (const { name, binary, missing } of etcdBuilds())
  describe(name, { skip: missing }, () => {
    let etcd: EtcdProcess
    before(async () => {
      etcd = await EtcdProcess.start({ binary })
    })
    after(() => etcd.remove())

    storeSuite(name, async context => rebased(await open(context, etcd.url)))

    /** Two servers' stores over the same keys. */
    const openTwo = async (context: TestContext) => {
      const prefix = `both-${++opened}.`
      return [
        await open(context, etcd.url, { prefix }),
        await open(context, etcd.url, { prefix }),
      ] as const
    }

    test('what one server has acknowledged the other one reads at once', async t => {
      const [one, other] = await openTwo(t)
      for (let i = 0; i < 200; i++) {
        const revision = await put(one, '/a', `${i}`)
        if (i % 3 === 0) assert.equal(decode((await other.get('/a'))?.value), `${i}`)
        else if (i % 3 === 1) assert.deepEqual(show(await other.list('/')), [`/a=${i}`])
        else assert.equal((await other.latest('/a'))?.modRevision, revision)
      }
    })

    test('keys of others move the revision and are not seen', async t => {
      const [one] = await openTwo(t)
      const foreign = await open(t, etcd.url)
      const sink = recorder()
      one.watch('', one.revision, sink)
      const revision = await put(foreign, '/theirs', 'x')
      assert.ok((await readIndex(one)) >= revision)
      assert.ok(one.revision >= revision)
      assert.deepEqual(sink.groups, [])
      assert.ok((sink.progressed.at(-1) ?? 0) >= revision)
    })

    test('of two servers that write the same revision one wins', async t => {
      const [one, other] = await openTwo(t)
      let expected = await put(one, '/a', 'start')
      for (let i = 0; i < 30; i++) {
        const results = await Promise.all(
          [one, other].map(store => store.commit([{ key: '/a', expected, value: encode(`${i}`) }])),
        )
        assert.deepEqual(results.map(({ ok }) => ok).sort(), [false, true])
        for (const result of results) if (result.ok) expected = result.revision
        for (const result of results)
          if (!result.ok) assert.equal(result.current?.modRevision, expected)
      }
    })

    test('history from before this server began is told by etcd, until that has compacted it', async t => {
      const prefix = `past-${++opened}.`
      const one = await open(t, etcd.url, { prefix })
      const first = await put(one, '/a', '1')
      await put(one, '/b', '1')
      await remove(one, '/a')
      const last = await put(one, '/c', '1')
      const late = await open(t, etcd.url, { prefix })
      assert.deepEqual(show(await late.list('/', { revision: first + 1 })), ['/a=1', '/b=1'])
      const page = await late.list('/', { revision: first + 1, limit: 1 })
      assert.deepEqual([show(page), page.remaining], [['/a=1'], 1])
      const sink = recorder()
      late.watch('/', first, sink)
      const next = await put(one, '/d', '1')
      await eventually(() => sink.groups.length === 4)
      assert.deepEqual(
        sink.groups.map(group => group.map(event => [event.type, event.revision])),
        [[['put', first + 1]], [['delete', first + 2]], [['put', last]], [['put', next]]],
      )
      assert.equal(decode(sink.groups[1]?.[0]?.previous?.value), '1')
      await one.compact(last)
      await assert.rejects(late.list('/', { revision: first + 1 }), CompactedError)
      const refused = recorder()
      late.watch('/', first, refused)
      await eventually(() => refused.ended.length > 0)
      assert.ok(refused.ended[0] instanceof CompactedError)
    })

    test('a key goes by itself with its lease', async t => {
      const [one, other] = await openTwo(t)
      const sink = recorder()
      other.watch('', other.revision, sink)
      await one.commit([{ key: '/event', value: encode('x'), ttlMs: 1000 }])
      await one.commit([{ key: '/event', value: encode('y'), ttlMs: 1000 }])
      await eventually(() => sink.groups.at(-1)?.[0]?.type === 'delete')
      assert.equal(await one.get('/event'), undefined)
    })

    test('a request that is too large is told from other failures', async t => {
      const store = await open(t, etcd.url)
      // The second one does not even get through gRPC.
      for (const bytes of [1_700_000, 2 * 1024 * 1024])
        await assert.rejects(
          store.commit([{ key: '/a', value: new Uint8Array(bytes) }]),
          error => error instanceof CommitFailedError && error.failure === 'TooLarge',
        )
      assert.equal(await store.get('/a'), undefined)
      await put(store, '/a', 'small')
    })

    test('an etcd that stands still fails reads and writes in time, and nothing is lost', async t => {
      const [one, other] = await openTwo(t)
      const sink = recorder()
      other.watch('', other.revision, sink)
      await put(one, '/a', '1')
      etcd.signal('SIGSTOP')
      await sleep(200)
      try {
        await assert.rejects(one.get('/a'), StoreUnavailableError)
        await assert.rejects(one.shared?.check() ?? Promise.resolve(), StoreUnavailableError)
        await assert.rejects(put(one, '/b', '1'), CommitFailedError)
      } finally {
        etcd.signal('SIGCONT')
      }
      await eventuallyWritten(one, '/c')
      assert.ok(await other.get('/c'))
      await one.shared?.check()
      assert.deepEqual(sink.ended, [])
      const told = sink.groups.flatMap(group => group.map(({ revision }) => revision))
      assert.deepEqual(
        told,
        [...new Set(told)].sort((a, b) => a - b),
      )
    })

    test('an etcd that went and came back is followed without a gap', async t => {
      const [one, other] = await openTwo(t)
      const sink = recorder()
      other.watch('', other.revision, sink)
      const revisions = [await put(one, '/a', '1')]
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        // Told before etcd goes: 3.4 may end without having sent what it had acknowledged.
        await eventually(() => sink.groups.length === revisions.length)
        await etcd.stop(signal)
        await assert.rejects(one.get('/a'), StoreUnavailableError)
        await assert.rejects(put(one, '/a', 'never'), CommitFailedError)
        await etcd.start()
        revisions.push(await eventuallyWritten(one, `/${signal}`))
        revisions.push(await put(one, '/a', signal))
      }
      await eventually(() => sink.groups.length === revisions.length)
      assert.deepEqual(
        sink.groups.map(group => group[0]?.revision),
        revisions,
      )
      assert.deepEqual(sink.ended, [])
      await other.shared?.check()
    })

    test('a server that was away for longer than history reads everything anew', async t => {
      const line = await Line.to(etcd.url)
      t.after(() => line.close())
      const prefix = `away-${++opened}.`
      const one = await open(t, etcd.url, { prefix })
      const other = await open(t, line.url, { prefix })
      await put(one, '/a', '1')
      await put(one, '/gone', '1')
      const sink = recorder()
      other.watch('', await readIndex(other), sink)
      line.cut()
      await remove(one, '/gone')
      await one.compact(await put(one, '/b', '2'))
      const newest = await put(one, '/c', '3')
      line.join()
      await eventually(() => sink.ended.length > 0)
      assert.match(sink.ended[0]?.message ?? '', /changes were missed/)
      assert.deepEqual(sink.groups, [], 'nothing is told rather than a part')
      assert.equal(await readIndex(other), newest)
      assert.deepEqual(show(await other.list('/')), ['/a=1', '/b=2', '/c=3'])
      const again = recorder()
      other.watch('', newest, again)
      await put(one, '/c', '4')
      await eventually(() => again.groups.length === 1)
    })

    test('a line that is cut again and again loses and repeats no event', async t => {
      const line = await Line.to(etcd.url)
      t.after(() => line.close())
      const prefix = `cut-${++opened}.`
      const one = await open(t, etcd.url, { prefix })
      const other = await open(t, line.url, { prefix })
      const sink = recorder()
      other.watch('', other.revision, sink)
      const revisions: number[] = []
      for (let round = 0; round < 10; round++) {
        for (let i = 0; i < 20; i++) {
          revisions.push(await put(one, `/${i % 7}`, `${round}.${i}`))
          if (i === round) line.cut()
          if (i === round + 5) line.join()
        }
      }
      await eventually(
        () => sink.groups.length >= revisions.length || sink.ended.length > 0,
        () => `${sink.groups.length} of ${revisions.length}; at ${other.revision}`,
      )
      assert.deepEqual(sink.ended, [])
      assert.deepEqual(
        sink.groups.map(group => group[0]?.revision),
        revisions,
      )
    })

    test('a full etcd refuses writes, says so, and recovers', async t => {
      const small = await EtcdProcess.start({ binary, flags: ['--quota-backend-bytes=1000000'] })
      t.after(() => small.remove())
      const store = await open(t, small.url)
      const value = encode('x'.repeat(300_000))
      const fill = async () => {
        for (let i = 0; i < 50; i++) await store.commit([{ key: `/${i}`, value }])
      }
      await assert.rejects(
        fill(),
        error => error instanceof CommitFailedError && error.failure === 'NoSpace',
      )
      assert.ok(await store.get('/0'), 'reads go on')
    })

    async function eventuallyWritten(store: Store, key: string): Promise<number> {
      for (let tries = 0; ; tries++) {
        try {
          return await put(store, key, 'x')
        } catch (error) {
          if (tries > 50 || !(error instanceof CommitFailedError)) throw error
          await sleep(200)
        }
      }
    }
  })

for (const { name, binary, missing } of etcdBuilds().slice(0, 2))
  describe(`three members of ${name}`, { skip: missing }, () => {
    test('any one of them may go, and come back, and no event is lost or told twice', async t => {
      const members = await EtcdProcess.startCluster(3, { binary })
      t.after(() => Promise.all(members.map(member => member.remove())))
      const servers = members.map(({ url }) => url)
      const [one, other] = [
        await open(t, '', { servers, prefix: 'three.', openTimeoutMs: 20_000 }),
        await open(t, '', { servers: servers.toReversed(), prefix: 'three.' }),
      ]
      const [sink, second] = [recorder(), recorder()]
      const from = other.revision
      other.watch('', from, sink)
      one.watch('', from, second)
      const revisions: number[] = []
      let refused = 0
      // etcd itself takes up to seven seconds to say that it had no leader.
      const writeMore = async (count: number) => {
        const end = performance.now() + 90_000
        for (const until = revisions.length + count; revisions.length < until; ) {
          assert.ok(performance.now() < end, 'two of three go on')
          try {
            const key = `/${revisions.length}`
            revisions.push(await put(one, key, 'x'))
            assert.ok(await other.get(key))
          } catch (error) {
            const isOutage =
              error instanceof CommitFailedError || error instanceof StoreUnavailableError
            if (!isOutage) throw error
            refused++
            await sleep(100)
          }
        }
      }
      for (const member of members) {
        await writeMore(50)
        await member.stop('SIGKILL')
        await writeMore(50)
        await member.start()
      }
      await writeMore(50)
      await eventually(() => other.revision >= (revisions.at(-1) ?? 0))
      for (const { groups, ended } of [sink, second]) {
        const told = groups.map(group => group[0]?.revision ?? 0)
        assert.deepEqual(ended, [])
        assert.deepEqual(
          told,
          [...new Set(told)].sort((a, b) => a - b),
        )
        // A write that nobody answered may have been made; every one that was answered was told.
        const unseen = revisions.filter(revision => !told.includes(revision))
        assert.deepEqual(unseen, [])
      }
      t.diagnostic(`${revisions.length} writes, ${refused} refused while a member was away`)
    })
  })

describe('TLS', { skip: etcdBuilds()[0]?.missing }, () => {
  test('both sides show certificates; without one the door stays shut', async t => {
    const keys = new Keys()
    const now = Date.now()
    const validity = { notBefore: now - 60_000, notAfter: now + 3_600_000 }
    const authority = issueAuthority('etcd-ca', validity, systemRandom)
    const leafFor = (...names: string[]) => {
      const subject = { commonName: 'etcd' }
      const request = { subject, usages: ['server', 'client'] as const, names, validity }
      return issueLeaf(request, authority, systemRandom)
    }
    const leaf = leafFor('127.0.0.1', 'localhost')
    const write = (name: string, text: string) => {
      writeFileSync(join(keys.directory, name), text)
      return join(keys.directory, name)
    }
    const tls = {
      ca: write('etcd-ca.crt', authority.certificate),
      cert: write('etcd.crt', leaf.certificate),
      key: write('etcd.key', leaf.key),
    }
    const etcd = await EtcdProcess.start({ tls })
    t.after(async () => {
      await etcd.remove()
      keys.remove()
    })
    const ca = Buffer.from(authority.certificate)
    const cert = Buffer.from(leaf.certificate)
    const store = await open(t, etcd.url, { tls: { ca, cert, key: Buffer.from(leaf.key) } })
    await put(store, '/a', '1')
    assert.equal(decode((await store.get('/a'))?.value), '1')
    for (const wrong of [{}, { ca }])
      await assert.rejects(
        open(t, etcd.url, { tls: wrong, openTimeoutMs: 1 }),
        /no etcd answers at/,
      )
  })
})
