/** Random pods on two nodes of containers at once, one with upstream's kubelet and one with Proa's: what they do, and what is told of them. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { event as eventKind } from '#api/core/v1/event.ts'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { silentLog as log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { remoteContext } from '../../../src/cluster/remote-context.ts'
import { eventually, whyNotHere } from '../proa-process.ts'
import {
  kubeletProgram,
  type Node,
  withCluster,
  withNode,
  withProa,
  withUpstream,
} from './kubelet-days.ts'
import { type MadePod, makePods } from './kubelet-made-pods.ts'

const reason =
  whyNotHere() ??
  (kubeletProgram() ? undefined : 'there is no kubelet here; TEST_ASSET_KUBELET may name one')
if (reason) console.log(`# skipped: ${reason}`)

const SEEDS = (process.env.SEEDS ?? '1').split(',').map(Number)
/** So often a pod lives whose lives differed. */
const TURNS = 3
const AMOUNT = Number(process.env.PODS ?? 8)
const namespace = 'default'
const NO_FILES = { read: async () => '', resolve: (file: string) => file }

const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('random pods on two kubelets', { skip: reason !== undefined, timeout: 580_000 }, () => {
  test('live, end and are told of alike', async () => {
    await withCluster(async cluster => {
      const kubeconfig = readFileSync(join(cluster.directory, 'admin.conf'), 'utf8')
      const remote = remoteContext(await connectionFromKubeconfig(kubeconfig, NO_FILES), log)
      const { client } = remote.context
      const differences: string[] = []
      try {
        await withNode('theirs', theirs =>
          withNode(
            'ours',
            ours =>
              withUpstream(
                cluster,
                theirs,
                () =>
                  withProa(cluster, ours, async () => {
                    for (const node of [theirs, ours]) await ready(client, node)
                    for (const seed of SEEDS)
                      differences.push(...(await compare(client, seed, [theirs, ours])))
                  }),
                { configuration: { clusterDNS: ['10.96.0.10'] } },
              ),
            '198.18.32.0/24',
          ),
        )
      } finally {
        await remote.stop()
      }
      assert.deepEqual(differences, [])
    })
  })
})

async function ready(client: Client, node: Node): Promise<void> {
  await eventually(async () => {
    const found = await client.get(nodeKind, node.name).catch(() => undefined)
    return found?.status.conditions?.some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    )
  })
}

/** What differs each time: starts and ends that fall close together are no differences. */
async function compare(client: Client, seed: number, nodes: readonly Node[]): Promise<string[]> {
  let pods = makePods(seed, AMOUNT)
  let found = new Map<string, readonly Difference[]>()
  for (let turn = 0; turn < TURNS && pods.length > 0; turn++) {
    const lives = await Promise.all(
      pods.map(made =>
        Promise.all(nodes.map(node => lifeOf(client, made, { node, turn: `t${turn}` }))),
      ),
    )
    const again = new Map<string, readonly Difference[]>()
    for (const [index, { name }] of pods.entries()) {
      const [theirs, ours] = inGeneral(lives[index] ?? [])
      const before = found.get(name)
      const lines = differing(theirs, ours).filter(
        ({ what }) => !before || before.some(other => other.what === what),
      )
      if (lines.length > 0) again.set(name, lines)
    }
    found = again
    pods = pods.filter(({ name }) => found.has(name))
  }
  for (const made of pods) console.log(`# ${JSON.stringify(made)}`)
  return [...found].flatMap(([name, lines]) => lines.map(({ words }) => `${name} ${words}`))
}

interface Difference {
  readonly what: string
  readonly words: string
}

type Life = Readonly<Record<string, unknown>>

function differing(theirs: Life = {}, ours: Life = {}): Difference[] {
  return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].flatMap(what => {
    if (what === 'events') {
      const only = (some: unknown, others: unknown) =>
        (some as string[]).filter(
          each => !(others as string[]).includes(each) && !BY_CHANCE.test(each),
        )
      return [
        ...only(theirs.events, ours.events).map(each => `theirs ${each}`),
        ...only(ours.events, theirs.events).map(each => `ours ${each}`),
      ].map(words => ({ what: words, words }))
    }
    const [a, b] = [JSON.stringify(theirs[what]), JSON.stringify(ours[what])]
    return a === b ? [] : [{ what, words: `${what}: theirs ${a}, ours ${b}` }]
  })
}

/**
 * Where containers start again and again a moment shows one of them anywhere on its way, the more so as upstream looks at a back-off that is over only
 * some seconds later: then it counts what was said and told at all.
 */
function inGeneral(lives: readonly Life[]): readonly Life[] {
  if (!lives.some(({ restarts }) => Number(restarts) > 0)) return lives
  return lives.map(({ lines, events }) => ({
    lines: [...new Set(lines as string[])].sort(),
    events: (events as string[]).filter(each => !/ (BackOff|Killing|FailedP\w+Hook) /.test(each)),
  }))
}

/** A probe met the end of its container, or of what asked it. */
const BY_CHANCE = /errored and resulted in unknown state/

async function lifeOf(
  client: Client,
  made: MadePod,
  { node, turn }: { node: Node; turn: string },
): Promise<Life> {
  const name = `${made.name}-${turn}-${node.name}`
  const directory = join(node.directory, 'lines', name)
  mkdirSync(directory, { recursive: true })
  const volume = { name: 'lines', hostPath: { path: directory } }
  const created = await client.create(podKind, {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace } },
    spec: { nodeName: node.name, volumes: [volume], ...made.spec },
  } as unknown as Partial<Pod>)
  await wait(made.deleteAfter * 1000)
  const plain = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value ?? null)
        .replaceAll(created.metadata.uid ?? '-', 'UID')
        .replaceAll(name, made.name)
        .replaceAll(node.name, 'NODE')
        .replace(/\b[0-9a-f]{64}\b/g, 'ID')
        .replace(/sandbox: \\"ID\\"/g, 'sandbox'),
    )
  const get = () => client.get(podKind, name, namespace).catch(() => undefined)
  const before = await get()
  const told: Record<string, unknown> = {
    ...flat('before', plain(statusOf(before))),
    beforeLines: linesIn(directory),
  }
  const { graceSeconds } = made
  const asked = Date.now()
  await client
    .delete(
      podKind,
      { name, namespace },
      graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds },
    )
    .catch(error => console.log(`# ${name} ${error}`))
  let last = before
  await eventually(async () => {
    const pod = await get()
    if (pod) last = pod
    return pod === undefined
  }, 60_000)
  const took = Date.now() - asked
  await wait(4000)
  if (graceSeconds !== 0) Object.assign(told, flat('last', plain(statusOf(last))))
  told.lines = linesIn(directory)
  told.restarts = [before, last]
    .flatMap(pod => [
      ...(pod?.status?.initContainerStatuses ?? []),
      ...(pod?.status?.containerStatuses ?? []),
    ])
    .reduce((sum, { restartCount }) => sum + restartCount, 0)
  told.took = Math.round(took / 2000)
  const { items } = await client.list(eventKind, { namespace })
  told.events = plain(
    [
      ...new Set(
        items
          .filter(({ involvedObject }) => involvedObject.uid === created.metadata.uid)
          .map(({ type, reason, message, involvedObject: { fieldPath } }) =>
            [type, reason, fieldPath, message].join(' '),
          ),
      ),
    ].sort(),
  )
  return told
}

const flat = (prefix: string, value: Life): Life =>
  Object.fromEntries(Object.entries(value ?? {}).map(([key, each]) => [`${prefix}.${key}`, each]))

function linesIn(directory: string): string[] {
  try {
    return readFileSync(join(directory, 'said'), 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

function statusOf(pod: Pod | undefined): Life {
  const { status } = pod ?? {}
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return {
    phase: status?.phase,
    reason: status?.reason,
    message: status?.message,
    qosClass: status?.qosClass,
    fields: Object.keys(status ?? {}).sort(),
    ...Object.fromEntries(
      (status?.conditions ?? []).map(({ type, status: is, reason: why, message }) => [
        type,
        [is, why, message],
      ]),
    ),
    ...Object.fromEntries(
      all.map(({ name, state, lastState, ready: isReady, started, restartCount }) => [
        name,
        [told(state), told(lastState), isReady, started, restartCount],
      ]),
    ),
  }
}

function told(state: unknown): unknown {
  return JSON.parse(
    JSON.stringify(state ?? null, (key, value) =>
      /^(startedAt|finishedAt|containerID)$/.test(key) ? 'x' : value,
    ),
  )
}
