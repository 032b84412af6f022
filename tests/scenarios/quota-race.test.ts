/** Fifty clients race for a quota, kubectl among them; all that they were told is recorded and judged. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { configMap } from '#api/core/v1/config-map.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { type ResourceQuota, resourceQuota } from '#api/core/v1/resource-quota.ts'
import { isStatus } from '#api/machinery/status.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { systemClock } from '#host/clock.ts'
import { kubectlMissing } from '../tools/kubectl.ts'
import { until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'
import {
  type Amounts,
  type Answer,
  amountsOf,
  complaintsAbout,
  type QuotaHistory,
  type SeenUsage,
} from './quota-history.ts'

const CLIENTS = 50
/** Of the fifty that make and delete again and again; a process each time, which is most of what two cores can do. */
const KUBECTLS = 6
/** So many are asked for in the race, however long it takes beside other work; but never longer than this. */
const ASKED = 600
const LONGEST_MS = 60_000
const HARD = { pods: '12', 'requests.cpu': '2', 'count/configmaps': '15' }

describe('the judge of a race for a quota', () => {
  const said = 'exceeded quota: race, requested: pods=1, used: pods=2, limited: pods=2'
  const told = (number: number, atMs: number, more: Partial<Answer> = {}): Answer => ({
    verb: 'create',
    object: `pods/${number}`,
    asks: { pods: 1_000 },
    sentMs: atMs,
    answeredMs: atMs + 5,
    code: 201,
    message: '',
    ...more,
  })
  const refused = { code: 403, message: `pods "x" is forbidden: ${said}` }
  const seenAs = (...used: [number, number][]): SeenUsage[] =>
    used.map(([atMs, pods]) => ({ atMs, used: { pods: pods * 1_000 } }))
  const good: QuotaHistory = {
    quota: 'race',
    hard: { pods: 2_000 },
    answers: [
      told(1, 0),
      told(2, 10),
      told(3, 20, refused),
      told(1, 30, { verb: 'delete', code: 200 }),
      told(4, 50),
    ],
    seen: seenAs([-1, 0], [3, 1], [12, 2], [40, 1], [52, 2]),
  }
  const judge = (more: Partial<QuotaHistory>) => complaintsAbout({ ...good, ...more }).join('\n')

  test('has nothing to say of what was right', () => {
    assert.equal(judge({}), '')
  })
  test('notices one acceptance too many', () => {
    assert.match(judge({ answers: [...good.answers, told(5, 60)] }), /with pods\/5.*3000 of 2000/)
    const early = good.answers.map(each => (each.object === 'pods/3' ? told(3, 20) : each))
    assert.match(judge({ answers: early }), /with pods\/3/)
  })
  test('notices more in use than the quota allows', () => {
    assert.match(judge({ seen: [...good.seen, ...seenAs([60, 3])] }), /seen at 60: pods is 3000/)
  })
  test('notices a refusal though there was room', () => {
    const late = [...good.answers.slice(0, -1), told(6, 41, refused)]
    const empty = { answers: late, seen: good.seen.slice(0, -1) }
    assert.match(judge(empty), /pods\/6 was refused though there was room, 1000 in use/)
    const roomy = said.replace('used: pods=2', 'used: pods=1')
    const inItsOwnWords = told(3, 20, { code: 403, message: roomy })
    assert.match(judge({ answers: [...good.answers, inItsOwnWords] }), /though there was room/)
  })
  test('does not complain where the room was taken by one that was asked for beside it', () => {
    const answers = [told(1, 0), told(2, 10), told(3, 11, refused)]
    assert.equal(judge({ answers, seen: seenAs([-1, 0], [3, 1], [70, 1]) }), '')
  })
  test('does not complain where events of the quota come long after the answers', () => {
    const answers = [told(1, 0), told(2, 10), told(3, 20, refused)]
    assert.equal(judge({ answers, seen: seenAs([-1, 0], [70, 1], [71, 2]) }), '')
  })
  test('notices refusals in other words, for other things and with other codes', () => {
    for (const more of [
      { code: 403, message: 'forbidden' },
      { code: 409, message: refused.message },
      { code: 403, message: refused.message.replace('quota: race', 'quota: other') },
      { code: 403, message: refused.message.replace('requested: pods=1', 'requested: pods=2') },
    ])
      assert.notEqual(judge({ answers: [...good.answers, told(7, 20, more)] }), '', more.message)
  })
})

describe('a race for a quota', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const scene = kubectlCluster(2)
  const answers: Answer[] = []
  const seen: SeenUsage[] = []
  const ends: (() => unknown)[] = []
  let http: readonly Client[] = []

  before(async () => {
    const files = { read: async () => '', resolve: (name: string) => name }
    const connection = await connectionFromKubeconfig(scene.cluster.kubeconfig ?? '', files)
    http = Array.from({ length: CLIENTS - KUBECTLS }, () => {
      const transport = createHttpTransport(connection, { clock: systemClock })
      ends.push(() => transport.close())
      return createClient(transport)
    })
    // One after the other: all their handshakes at once, in one process, can take longer than clients wait where the machine is busy.
    for (const client of http) await client.list(configMap, { namespace: 'default' })
  })
  after(async () => {
    for (const end of ends) await end()
  })

  const isPod = (number: number) => number % 2 === 0
  /** Pods ask for different amounts, so that now the one and now the other limit is met first. */
  const cpuOf = (number: number) => `${100 + 100 * (number % 3)}m`
  function manifestOf(name: string, number: number) {
    const metadata = { name, namespace: 'default' }
    if (!isPod(number)) return { apiVersion: 'v1', kind: 'ConfigMap', metadata }
    const resources = { requests: { cpu: cpuOf(number) } }
    const containers = [{ name: 'main', image: 'web:1', resources }]
    const spec = { terminationGracePeriodSeconds: 0, containers }
    return { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  }
  const asksOf = (number: number): Amounts =>
    isPod(number)
      ? amountsOf({ pods: '1', 'requests.cpu': cpuOf(number) })
      : amountsOf({ 'count/configmaps': '1' })

  async function record(
    verb: Answer['verb'],
    name: string,
    number: number,
    ask: () => Promise<Pick<Answer, 'code' | 'message'>>,
  ): Promise<boolean> {
    const object = `${isPod(number) ? 'pods' : 'configmaps'}/${name}`
    const sentMs = performance.now()
    const told = await ask()
    const answeredMs = performance.now()
    answers.push({ verb, object, asks: asksOf(number), sentMs, answeredMs, ...told })
    return told.code < 300
  }

  async function byKubectl(verb: Answer['verb'], name: string, number: number) {
    const force = '--wait=false --grace-period=0 --force'
    const words =
      verb === 'create'
        ? 'create -f - --validate=false'
        : `delete ${isPod(number) ? 'pod' : 'configmap'} ${name} ${force}`
    const input = verb === 'create' ? JSON.stringify(manifestOf(name, number)) : ''
    const { code, stderr } = await scene.kubectl.try(words, { input })
    const forbidden = /^Error from server \(Forbidden\): (?:error when creating .*?: )?(.*)$/ms
    const why = forbidden.exec(stderr)?.[1]
    return code === 0
      ? { code: 200, message: '' }
      : { code: why === undefined ? 500 : 403, message: why ?? stderr }
  }

  async function byHttp(client: Client, verb: Answer['verb'], name: string, number: number) {
    const kind = isPod(number) ? pod : configMap
    const metadata = { name, namespace: 'default' }
    try {
      if (verb === 'create') await client.create(kind, manifestOf(name, number) as never)
      else await client.delete(kind, metadata, { gracePeriodSeconds: 0 })
      return { code: 200, message: '' }
    } catch (error) {
      const code = isStatus(error) ? (error.status.code ?? 0) : 0
      return { code, message: String((error as Error).message) }
    }
  }

  const usedNow = async () =>
    amountsOf((await scene.cluster.client.get(resourceQuota, 'race', 'default')).status.used)

  async function isThere(): Promise<Amounts> {
    const { client } = scene.cluster
    const pods = await client.list(pod, { namespace: 'default' })
    const maps = await client.list(configMap, { namespace: 'default' })
    const cpus = pods.items.map(
      each => amountsOf(each.spec.containers[0]?.resources?.requests as never).cpu ?? 0,
    )
    return {
      pods: pods.items.length * 1_000,
      'requests.cpu': cpus.reduce((sum, cpu) => sum + cpu, 0),
      'count/configmaps': maps.items.length * 1_000,
    }
  }

  const settled = (what: string) =>
    until(`used to be what is there ${what}`, async () => {
      const [used, there] = [await usedNow(), await isThere()]
      return Object.keys(HARD).every(name => used[name] === there[name])
    })

  const judge = (present: Amounts, ...planted: Answer[]) => {
    // What was there before the race takes its room, too.
    const earlier: Answer = {
      ...{ verb: 'create', object: 'what was there', code: 201, message: '' },
      ...{ asks: present, sentMs: 0, answeredMs: 0 },
    }
    const all = [earlier, ...answers, ...planted]
    return complaintsAbout({ quota: 'race', hard: amountsOf(HARD), answers: all, seen })
  }
  const refusalsOf = (name: string) =>
    answers.filter(({ code, message }) => code === 403 && message.includes(`requested: ${name}`))

  test(`${CLIENTS} clients at a time: never too many, and nobody is refused while there is room`, async () => {
    const { client } = scene.cluster
    await until(
      'the root certificate, which is a ConfigMap',
      async () => (await client.list(configMap, { namespace: 'default' })).items.length === 1,
    )
    await scene.kubectl.run([
      ...['create', 'quota', 'race'],
      `--hard=${Object.entries(HARD)
        .map(pair => pair.join('='))
        .join(',')}`,
    ])
    await settled('before')
    const present = await isThere()
    const watch = await client.watch(resourceQuota, { namespace: 'default' })
    ends.push(
      watch.subscribe({
        next({ type, object }) {
          if (type !== 'ADDED' && type !== 'MODIFIED') return
          const { used } = (object as ResourceQuota).status
          seen.push({ atMs: performance.now(), used: amountsOf(used) })
        },
        end() {},
      }),
    )
    await until('the first event', async () => seen.length > 0)

    // Fifty processes at the same time, each with one object.
    await Promise.all(
      Array.from({ length: CLIENTS }, (_, number) =>
        record('create', `first-${number}`, number, () =>
          byKubectl('create', `first-${number}`, number),
        ),
      ),
    )
    assert.deepEqual(judge(present), [])
    assert.equal(answers.length, CLIENTS)
    const last = answers.findLast(({ code, object }) => code < 300 && object.startsWith('config'))
    assert.ok(last)
    // The limit is reached; the judge would notice one more.
    assert.match(judge(present, last).join(), /count\/configmaps is 16000 of 15000/)
    assert.ok(refusalsOf('count/configmaps').length > 0)
    assert.ok(answers.some(({ message }) => /requested: (pods|requests\.cpu)/.test(message)))

    // Then all make and delete, most of them over connections that stay.
    for (const { object, code } of [...answers])
      if (code < 300) {
        const name = object.split('/')[1] ?? ''
        const number = Number(name.split('-')[1])
        await record('delete', name, number, () =>
          byHttp(http[0] as Client, 'delete', name, number),
        )
      }
    const endMs = performance.now() + LONGEST_MS
    let asked = 0
    const race = async (number: number) => {
      const own = http[number - KUBECTLS]
      for (let turn = 0; asked < ASKED && performance.now() < endMs; turn++, asked++) {
        const name = `race-${number}-${turn}`
        const ask = (verb: Answer['verb']) =>
          record(verb, name, number, () =>
            own ? byHttp(own, verb, name, number) : byKubectl(verb, name, number),
          )
        const isMade = await ask('create')
        await pause(number)
        if (isMade && turn % 5 !== 4) await ask('delete')
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => race(number)))
    assert.deepEqual(judge(present), [])
    const raced = answers.filter(
      ({ object, verb }) => verb === 'create' && object.includes('/race'),
    )
    const accepted = raced.filter(({ code }) => code < 300).length
    assert.ok(accepted > 20, `${accepted} of ${raced.length} accepted`)
    assert.ok(raced.length - accepted > 20, `${accepted} of ${raced.length} accepted`)
    await settled('after')

    // All is deleted; the room is there again, all of it and no more.
    await scene.kubectl.run('delete pods --all --grace-period=0 --force')
    for (const { metadata } of (await client.list(configMap, { namespace: 'default' })).items)
      if (metadata.name !== 'kube-root-ca.crt')
        await scene.kubectl.run(`delete configmap ${metadata.name}`)
    await settled('at the end')
    assert.deepEqual(await usedNow(), present)
    for (let number = 1; number <= 14; number++)
      await scene.kubectl.run(`create configmap again-${number}`)
    assert.match(
      await scene.kubectl.fails('create configmap again-15'),
      /is forbidden: exceeded quota: race, requested: count\/configmaps=1, used: count\/configmaps=15, limited: count\/configmaps=15/,
    )
  })
})
