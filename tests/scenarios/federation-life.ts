/** A life of a federation in which all that may go wrong does, and what must be true of it when it has come to rest. */
import assert from 'node:assert/strict'
import { type Deployment, deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import type { Client } from '#client/client.ts'
import { fastClock } from './fast-clock.ts'
import { MONITOR_PERIOD_MS, TestFederation } from './federation-clusters.ts'
import { judgeServices, somethingExported } from './federation-life-services.ts'

const CLUSTERS = ['east', 'north', 'west']
const NAMES = ['one', 'two', 'three']
const SPACE = 'life'
const PREFERENCES = 'federation.kubernetes.io/deployment-preferences'
const SELECTOR = 'federation.alpha.kubernetes.io/cluster-selector'
const SPEED = 40

/** The same choices for the same seed; what happens meanwhile is up to the machine. */
function dice(seed: number) {
  let state = seed * 2654435761 + 1
  const below = (bound: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
  return { below, of: <T>(list: readonly T[]): T => list[below(list.length)] as T }
}

export async function live(seed: number, steps: number): Promise<void> {
  const clock = fastClock(SPEED)
  const federation = await TestFederation.start({
    members: CLUSTERS,
    clock,
    nodes: 1,
    labels: name => ({ continent: name === 'west' ? 'america' : 'europe' }),
  })
  const story: string[] = []
  try {
    await federation.client.create(namespace, { metadata: { name: SPACE } })
    const { below, of } = dice(seed)
    for (let step = 0; step < steps; step++) {
      const what = await happen(federation, { below, of })
      story.push(what)
      await sleep(clock, below(8) === 0 ? 70_000 : below(2_000))
    }
    for (const { way } of federation.members.values()) way.mend()
    await untilAtRest(federation)
    await untilQuiet(federation)
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\n${story.join('\n')}`, { cause: error })
  } finally {
    await federation.stop()
  }
}

type Dice = ReturnType<typeof dice>

async function happen(federation: TestFederation, { below, of }: Dice): Promise<string> {
  const { client } = federation
  const cluster = of(CLUSTERS)
  const name = of(NAMES)
  const member = federation.member(cluster)
  const at = { name, namespace: SPACE }
  const kind: AnyKind = of([deployment, configMap])
  const quietly = (work: Promise<unknown>) =>
    work.catch(error => {
      if (!isStatus(error)) throw error
    })
  switch (below(17)) {
    case 0:
    case 1:
    case 2:
      await quietly(client.create(deployment, web(name, below(12), wish({ below, of }))))
      return `create deployment ${name}`
    case 3:
      await quietly(client.create(configMap, settings(name, of(['red', 'green']))))
      return `create configmap ${name}`
    case 4: {
      const replicas = below(12)
      await quietly(client.patch(deployment, at, 'merge', { spec: { replicas } }))
      return `scale ${name} to ${replicas}`
    }
    case 5: {
      const annotations = { [PREFERENCES]: null, [SELECTOR]: null, ...wish({ below, of }) }
      await quietly(client.patch(deployment, at, 'merge', { metadata: { annotations } }))
      return `wish of ${name}: ${JSON.stringify(annotations)}`
    }
    case 6:
      await quietly(client.delete(kind, at))
      return `delete ${kind.plural} ${name}`
    case 7:
      member.way.cut()
      return `cut ${cluster}`
    case 8:
      member.way.mend()
      return `mend ${cluster}`
    case 9:
      await quietly(member.client.delete(kind, at))
      return `delete ${kind.plural} ${name} in ${cluster}`
    case 10:
      await quietly(member.client.patch(deployment, at, 'merge', { spec: { replicas: below(9) } }))
      await quietly(member.client.patch(configMap, at, 'merge', { data: { colour: 'blue' } }))
      return `change ${name} in ${cluster}`
    case 11:
      if (below(2) === 0) {
        await member.restart()
        return `kill ${cluster}`
      }
      await federation.restartHost()
      return 'kill the host'
    case 13:
    case 14:
    case 15:
    case 16:
      return `in ${cluster}: ${await somethingExported({ client: member.client, at, below })}`
    default: {
      // In the place of what may come, or beside it.
      const foreign = { ...settings(name, 'foreign'), metadata: { name, namespace: SPACE } }
      await quietly(member.client.create(configMap, foreign))
      return `foreign ${name} in ${cluster}`
    }
  }
}

function wish({ below, of }: Dice): Record<string, string> {
  const preferences = {
    rebalance: below(2) === 0,
    clusters: Object.fromEntries(
      ['*', ...CLUSTERS]
        .filter(() => below(2) === 0)
        .map(name => [
          name,
          { minReplicas: below(3), maxReplicas: 3 + below(6), weight: below(4) },
        ]),
    ),
  }
  const selector = [{ key: 'continent', operator: 'In', values: [of(['europe', 'america'])] }]
  return {
    ...(below(2) === 0 ? { [PREFERENCES]: JSON.stringify(preferences) } : {}),
    ...(below(3) === 0 ? { [SELECTOR]: JSON.stringify(selector) } : {}),
  }
}

export const settings = (name: string, colour: string) => ({
  metadata: { name, namespace: SPACE },
  data: { colour },
})

export const web = (name: string, replicas: number, annotations: Record<string, string>) =>
  ({
    metadata: { name, namespace: SPACE, annotations },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
    },
  }) as object

const QUIET_MS = 30_000
/** Three requests for each probe; a few more, since time goes on in leaps. */
const REQUESTS_PER_PERIOD = 3
const SOME = 12

/** At rest it asks clusters how they are, and nothing else: nobody goes round in circles. */
async function untilQuiet(federation: TestFederation): Promise<void> {
  const requests = () => [...federation.members.values()].map(({ way }) => way.requests)
  const most = (QUIET_MS / MONITOR_PERIOD_MS) * REQUESTS_PER_PERIOD + SOME
  const giveUp = performance.now() + LIMIT_MS
  for (;;) {
    const before = requests()
    await sleep(federation.clock, QUIET_MS)
    const made = requests().map((count, at) => count - (before[at] ?? 0))
    if (made.every(count => count <= most)) return
    if (performance.now() > giveUp) throw new Error(`at rest there are ${made} requests`)
  }
}

const LIMIT_MS = 60_000
const PATIENCE_MS = 50

/** Polls in real time: how long a slow machine takes is no fault of the federation. */
async function untilAtRest(federation: TestFederation): Promise<void> {
  const giveUp = performance.now() + LIMIT_MS
  for (;;) {
    try {
      return await judge(federation)
    } catch (error) {
      if (performance.now() > giveUp) throw error
    }
    await new Promise(resolve => setTimeout(resolve, PATIENCE_MS))
  }
}

type Copies = ReadonlyMap<string, ReadonlyMap<string, KubernetesObject>>

async function copiesOf(federation: TestFederation, kind: AnyKind): Promise<Copies> {
  const named = async (client: Client) => {
    const { items } = await client.list(kind, { namespace: SPACE })
    return new Map(items.map(item => [item.metadata.name ?? '', item as KubernetesObject]))
  }
  const found = CLUSTERS.map(
    async cluster => [cluster, await named(federation.member(cluster).client)] as const,
  )
  return new Map(await Promise.all(found))
}

const isPlaced = ({ metadata }: KubernetesObject) =>
  metadata.labels?.['federation.kubernetes.io/placed-by'] !== undefined

/** Throws what is not as it must be. */
export async function judge(federation: TestFederation): Promise<void> {
  const { client } = federation
  await judgeDeployments(await copiesOf(federation, deployment), client)
  await judgeConfigMaps(await copiesOf(federation, configMap), client)
  const clients = CLUSTERS.map(name => [name, federation.member(name).client] as const)
  await judgeServices(new Map(clients), SPACE)
}

async function judgeDeployments(copies: Copies, client: Client): Promise<void> {
  const { items } = await client.list(deployment, { namespace: SPACE })
  for (const [cluster, found] of copies)
    for (const name of found.keys())
      assert.ok(
        items.some(({ metadata }) => metadata.name === name),
        `${cluster} has ${name}, which the host has not`,
      )
  for (const object of items) judgeDeployment(object, copies)
}

function judgeDeployment(object: Deployment, copies: Copies): void {
  const { name = '', annotations = {}, generation, deletionTimestamp } = object.metadata
  assert.equal(deletionTimestamp, undefined, `${name} does not go`)
  const may = (cluster: string) => {
    const text = annotations[SELECTOR]
    const wanted = text && JSON.parse(text)[0].values[0]
    return !wanted || wanted === (cluster === 'west' ? 'america' : 'europe')
  }
  const { clusters = { '*': { weight: 1 } } } = JSON.parse(annotations[PREFERENCES] ?? '{}') as {
    clusters?: Record<string, { minReplicas?: number; maxReplicas?: number; weight?: number }>
  }
  let total = 0
  let room = 0
  let ready = 0
  for (const [cluster, found] of copies) {
    const copy = found.get(name) as Deployment | undefined
    if (!may(cluster)) assert.equal(copy, undefined, `${name} is in ${cluster}`)
    if (!may(cluster)) continue
    const {
      minReplicas = 0,
      maxReplicas = Infinity,
      weight = 0,
    } = clusters[cluster] ?? clusters['*'] ?? {}
    const most = Math.max(minReplicas, maxReplicas)
    const share = copy?.spec.replicas ?? 0
    total += share
    ready += copy?.status.readyReplicas ?? 0
    if (copy) assert.ok(isPlaced(copy))
    assert.ok(share <= most, `${name} has ${share} of at most ${most} in ${cluster}`)
    room += clusters[cluster] || clusters['*'] ? (weight > 0 ? most : minReplicas) : 0
  }
  const wanted = object.spec.replicas ?? 1
  assert.ok(total <= wanted, `${name}: ${total} of ${wanted}`)
  assert.ok(total >= Math.min(wanted, room), `${name}: ${total} of ${wanted} with room for ${room}`)
  assert.equal(ready, total, `${name}: all run`)
  assert.equal(object.status.readyReplicas ?? 0, total, `${name}: the host tells it`)
  assert.equal(object.status.observedGeneration, generation, `${name}: and of now`)
}

async function judgeConfigMaps(copies: Copies, client: Client): Promise<void> {
  const { items } = await client.list(configMap, { namespace: SPACE })
  for (const [cluster, found] of copies)
    for (const [name, copy] of found) {
      const { data = {} } = copy as KubernetesObject & { data?: Record<string, string> }
      if (name === 'kube-root-ca.crt') continue
      if (!isPlaced(copy))
        assert.equal(
          data.colour,
          data.colour === 'blue' ? 'blue' : 'foreign',
          `${name} of others in ${cluster}`,
        )
      else
        assert.ok(
          items.some(({ metadata }) => metadata.name === name),
          `${cluster} has ${name}`,
        )
    }
  for (const { metadata, data } of items) {
    const { name = '' } = metadata
    assert.equal(metadata.deletionTimestamp, undefined, `configmap ${name} does not go`)
    for (const [cluster, found] of copies) {
      const copy = found.get(name) as (KubernetesObject & { data?: object }) | undefined
      assert.ok(copy, `${cluster} lacks configmap ${name}`)
      if (isPlaced(copy)) assert.deepEqual({ ...copy.data }, { ...data }, `${name} in ${cluster}`)
    }
  }
}
