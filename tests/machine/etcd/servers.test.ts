/** Several API servers over one etcd are one API: what one says holds at the other, and any of them may go. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster } from '#index'
import { EtcdProcess } from '../../../src/store/testing/etcd-process.ts'
import { etcdBuilds } from './builds.ts'
import { type ApiEnd, Keys, type Shown, startProa } from './servers.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const map = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

async function eventually(look: () => Promise<boolean> | boolean, ms = 60_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass')
    await sleep(50)
  }
}

/** What a watch over the wire tells. */
async function watch(server: ApiEnd, path: string) {
  const events: Shown[] = []
  const state = { isOver: false }
  const response = await server.transport.request({
    method: 'GET',
    path,
    headers: { accept: 'application/json' },
    objects: true,
  })
  const { body } = response
  if (body.kind !== 'events') throw new Error(`${response.status}: no watch but ${body.kind}`)
  const cancel = body.events.subscribe({
    next: event => void events.push(event),
    end: () => {
      state.isOver = true
    },
  })
  return { events, state, cancel }
}

for (const { name, binary, missing } of etcdBuilds().slice(0, 2))
  describe(`API servers over ${name}`, { skip: missing }, () => {
    let etcd: EtcdProcess
    const keys = new Keys()
    let one: ApiEnd
    let other: ApiEnd
    before(async () => {
      etcd = await EtcdProcess.start({ binary })
      one = await startProa(keys, { servers: [etcd.url] })
      other = await startProa(keys, { servers: [etcd.url] })
    })
    after(async () => {
      await one.stop()
      await other.stop()
      await etcd.remove()
      keys.remove()
    })

    test('writes of one are read at the other, at once and in lists', async () => {
      for (let i = 0; i < 20; i++) {
        const made = await one.want('POST', MAPS, map(`a-${i}`))
        const { body } = await other.ask('GET', `${MAPS}/a-${i}`)
        assert.deepEqual(body, made)
        const { items } = await other.want('GET', `${MAPS}?fieldSelector=metadata.name=a-${i}`)
        assert.equal(items.length, 1)
      }
      await other.want('DELETE', `${MAPS}/a-0`)
      assert.equal((await one.ask('GET', `${MAPS}/a-0`)).status, 404)
      assert.equal((await one.ask('POST', MAPS, map('a-1'))).status, 409)
    })

    test('an update that read at one and writes at the other conflicts with what came between', async () => {
      const made = await one.want('POST', MAPS, map('cas', { n: '0' }))
      const next = await other.want('PUT', `${MAPS}/cas`, { ...made, data: { n: '1' } })
      const late = await one.ask('PUT', `${MAPS}/cas`, { ...made, data: { n: '2' } })
      assert.deepEqual([late.status, late.body.reason], [409, 'Conflict'])
      const right = await one.want('PUT', `${MAPS}/cas`, { ...next, data: { n: '3' } })
      assert.equal((await other.want('GET', `${MAPS}/cas`)).data.n, '3')
      assert.ok(Number(right.metadata.resourceVersion) > Number(next.metadata.resourceVersion))
    })

    test('no increment is lost, whoever takes it', async () => {
      await one.want('POST', MAPS, map('counter', { n: '0' }))
      const count = async (server: ApiEnd) => {
        for (let done = 0; done < 20; ) {
          const read = await server.want('GET', `${MAPS}/counter`)
          const data = { n: String(Number(read.data.n) + 1) }
          const { status } = await server.ask('PUT', `${MAPS}/counter`, { ...read, data })
          if (status === 200) done++
          else assert.equal(status, 409)
        }
      }
      await Promise.all([count(one), count(other), count(one), count(other)])
      assert.equal((await one.want('GET', `${MAPS}/counter`)).data.n, '80')
    })

    test('a watch at one tells writes of both in one order, and goes on at the other', async () => {
      const start = (await one.want('GET', MAPS)).metadata.resourceVersion
      const seen = await watch(one, `${MAPS}?watch=true&resourceVersion=${start}`)
      for (let i = 0; i < 10; i++) await (i % 2 ? one : other).want('POST', MAPS, map(`w-${i}`))
      await eventually(() => seen.events.length === 10)
      const names = seen.events.map(({ object }) => object.metadata.name)
      assert.deepEqual(
        names,
        Array.from({ length: 10 }, (_, i) => `w-${i}`),
      )
      const middle = seen.events[4].object.metadata.resourceVersion
      const resumed = await watch(other, `${MAPS}?watch=true&resourceVersion=${middle}`)
      await eventually(() => resumed.events.length === 5)
      assert.deepEqual(resumed.events, seen.events.slice(5))
      seen.cancel()
      resumed.cancel()
    })

    test('a list that begins at one goes on at the other, and shows one moment', async () => {
      const first = await one.want('GET', `${MAPS}?limit=5`)
      await one.want('POST', MAPS, map('between'))
      let items = first.items
      for (let token = first.metadata.continue; token; ) {
        const query = `limit=5&continue=${encodeURIComponent(token)}`
        const page = await other.want('GET', `${MAPS}?${query}`)
        assert.equal(page.metadata.resourceVersion, first.metadata.resourceVersion)
        items = [...items, ...page.items]
        token = page.metadata.continue
      }
      const names = items.map(({ metadata }: Shown) => metadata.name)
      assert.equal(new Set(names).size, names.length)
      assert.ok(!names.includes('between') && names.includes('w-9'))
    })

    test('addresses and node ports that two servers give out at once are all different', async () => {
      const services = '/api/v1/namespaces/default/services'
      const make = (server: ApiEnd, name: string) =>
        server.want('POST', services, {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name },
          spec: { type: 'NodePort', ports: [{ port: 80 }] },
        })
      const made: Shown[] = await Promise.all(
        Array.from({ length: 30 }, (_, i) => make(i % 2 ? one : other, `s-${i}`)),
      )
      assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, 30)
      assert.equal(new Set(made.map(({ spec }) => spec.ports[0].nodePort)).size, 30)
      const [{ spec }] = made
      const taken = { type: 'ClusterIP', clusterIP: spec.clusterIP, ports: [{ port: 80 }] }
      for (const server of [one, other]) {
        const body = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'late' }, spec: taken }
        assert.equal((await server.ask('POST', services, body)).status, 422)
      }
    })

    test('the endpoints of the API are all servers, and one that goes leaves them', async () => {
      const third = await startProa(keys, { servers: [etcd.url] })
      await third.want('POST', MAPS, map('of-third'))
      await third.stop()
      assert.equal((await one.ask('GET', `${MAPS}/of-third`)).status, 200)
      await one.want('POST', MAPS, map('after-third'))
    })

    test('what is too large for etcd is refused, and the server goes on', async () => {
      const deployments = '/apis/apps/v1/namespaces/default/deployments'
      const of = (bytes: number) => {
        const containers = [{ name: 'a', image: 'b', args: ['x'.repeat(bytes)] }]
        const labels = { app: 'large' }
        return {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'large' },
          spec: {
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers } },
          },
        }
      }
      for (const bytes of [1_700_000, 2_500_000]) {
        const { status, body } = await one.ask('POST', deployments, of(bytes))
        assert.deepEqual([status, body.reason], [413, 'RequestEntityTooLarge'])
      }
      await one.want('POST', deployments, of(1_000_000))
      assert.equal((await other.want('GET', `${deployments}/large`)).metadata.name, 'large')
    })

    test('of two whole clusters one controls, and the other when that one goes', async t => {
      const options = { etcd: { servers: [etcd.url] }, nodes: { kind: 'none' } as const }
      const leader = await startCluster(options)
      const follower = await startCluster(options)
      t.after(() => Promise.all([leader.stop(), follower.stop()]))
      const sets = '/apis/apps/v1/namespaces/default/replicasets'
      const labels = { app: 'led' }
      const containers = [{ name: 'a', image: 'b' }]
      const spec = {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      }
      const set = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'led' }, spec }
      const pods = async () =>
        (await one.want('GET', '/api/v1/namespaces/default/pods?labelSelector=app=led')).items
          .length
      await one.want('POST', sets, set)
      await eventually(async () => (await pods()) === 3)
      await sleep(500)
      assert.equal(await pods(), 3)
      await leader.stop()
      const patch = 'application/merge-patch+json'
      await one.want('PATCH', `${sets}/led`, { spec: { replicas: 5 } }, patch)
      await eventually(async () => (await pods()) === 5, 40_000)
      await sleep(500)
      assert.equal(await pods(), 5)
    })

    test('without etcd requests fail with a Status and /readyz fails; with it all goes on', async () => {
      const start = (await one.want('GET', MAPS)).metadata.resourceVersion
      const seen = await watch(one, `${MAPS}?watch=true&resourceVersion=${start}`)
      await etcd.stop()
      for (const [method, path, body] of [
        ['GET', `${MAPS}/cas`],
        ['GET', MAPS],
        ['POST', MAPS, map('never')],
        ['DELETE', `${MAPS}/cas`],
      ] as const) {
        const answer = await one.ask(method, path, body)
        assert.deepEqual(
          [answer.status, answer.body.kind, answer.body.reason],
          [503, 'Status', 'ServiceUnavailable'],
          `${method} ${path}`,
        )
        assert.match(answer.body.message, /etcd/)
      }
      // What may be old is still told.
      assert.ok((await one.want('GET', `${MAPS}?resourceVersion=0`)).items.length > 10)
      await eventually(async () => (await one.ask('GET', '/readyz')).status === 500)
      assert.match((await one.ask('GET', '/readyz?verbose')).body, /\[-]etcd failed/)
      assert.equal((await one.ask('GET', '/readyz/etcd')).status, 500)
      await etcd.start()
      await eventually(async () => (await one.ask('GET', '/readyz')).status === 200)
      await eventually(async () => (await other.ask('POST', MAPS, map('again'))).status === 201)
      await eventually(() => seen.events.length > 0)
      assert.deepEqual(
        seen.events.map(({ object }) => object.metadata.name),
        ['again'],
      )
      assert.equal(seen.state.isOver, false)
      assert.equal((await one.ask('GET', `${MAPS}/never`)).status, 404)
      seen.cancel()
    })
  })
