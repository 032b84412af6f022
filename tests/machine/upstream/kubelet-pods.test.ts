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

async function compare(client: Client, seed: number, nodes: readonly Node[]): Promise<string[]> {
  const pods = makePods(seed, AMOUNT)
  const lives = await Promise.all(
    pods.map(made => Promise.all(nodes.map(node => lifeOf(client, made, node)))),
  )
  return pods.flatMap((made, index) => {
    const [theirs, ours] = lives[index] ?? []
    const lines = differing(theirs, ours)
    if (lines.length === 0) return []
    console.log(`# ${made.name} ${JSON.stringify(made)}`)
    for (const line of lines) console.log(`#    ${line}`)
    return lines.map(line => `${made.name} ${line}`)
  })
}

type Life = Readonly<Record<string, unknown>>

function differing(theirs: Life = {}, ours: Life = {}): string[] {
  return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].flatMap(key => {
    if (key === 'events') {
      const only = (some: unknown, others: unknown) =>
        (some as string[]).filter(each => !(others as string[]).includes(each))
      return [
        ...only(theirs.events, ours.events).map(each => `theirs ${each}`),
        ...only(ours.events, theirs.events).map(each => `ours ${each}`),
      ]
    }
    const [a, b] = [JSON.stringify(theirs[key]), JSON.stringify(ours[key])]
    return a === b ? [] : [`${key}: theirs ${a}`, `${key}: ours   ${b}`]
  })
}

async function lifeOf(client: Client, made: MadePod, node: Node): Promise<Life> {
  const name = `${made.name}-${node.name}`
  const directory = join(node.directory, 'lines', made.name)
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
