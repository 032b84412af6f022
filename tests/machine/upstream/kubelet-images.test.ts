/** Who may use an image that another pod pulled with a password: upstream's kubelet and Proa's, with the same pods, and what both keep on disk. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { event as eventKind } from '#api/core/v1/event.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { secret as secretKind } from '#api/core/v1/secret.ts'
import { silentLog as log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { remoteContext } from '../../../src/cluster/remote-context.ts'
import { busyboxImage, busyboxTarball } from '../../tools/busybox-image.ts'
import { type PrivateRegistry, startPrivateRegistry } from '../../tools/private-registry.ts'
import { eventually, whyNotHere } from '../proa-process.ts'
import {
  type Ask,
  kubeletProgram,
  type Node,
  withCluster,
  withNode,
  withProa,
  withUpstream,
} from './kubelet-days.ts'

const reason =
  whyNotHere() ??
  (kubeletProgram() ? undefined : 'there is no kubelet here; TEST_ASSET_KUBELET may name one')
if (reason) console.log(`# skipped: ${reason}`)

const namespace = 'default'
const NO_FILES = { read: async () => '', resolve: (file: string) => file }

interface Step {
  readonly name: string
  readonly repository: string
  readonly policy: 'IfNotPresent' | 'Never' | 'Always'
  readonly secrets?: readonly string[]
}

/** One after the other. */
const STEPS: readonly Step[] = [
  { name: 'preloaded', repository: '', policy: 'Never' },
  { name: 'first', repository: 'private/a:1', policy: 'IfNotPresent', secrets: ['good'] },
  { name: 'again', repository: 'private/a:1', policy: 'IfNotPresent', secrets: ['good'] },
  { name: 'nobody', repository: 'private/a:1', policy: 'IfNotPresent' },
  { name: 'never-nobody', repository: 'private/a:1', policy: 'Never' },
  { name: 'same', repository: 'private/a:1', policy: 'Never', secrets: ['same'] },
  { name: 'wrong', repository: 'private/a:1', policy: 'IfNotPresent', secrets: ['wrong', 'none'] },
  { name: 'two', repository: 'private/a:1', policy: 'IfNotPresent', secrets: ['wrong', 'good'] },
  { name: 'always', repository: 'private/a:1', policy: 'Always', secrets: ['good'] },
  { name: 'always-nobody', repository: 'private/a:1', policy: 'Always' },
  { name: 'other', repository: 'private/b:1', policy: 'Never', secrets: ['good'] },
  { name: 'other-pulled', repository: 'private/b:1', policy: 'IfNotPresent', secrets: ['good'] },
  { name: 'open', repository: 'open/c:1', policy: 'IfNotPresent' },
  { name: 'open-again', repository: 'open/c:1', policy: 'Never', secrets: ['wrong'] },
  { name: 'missing', repository: 'open/c:2', policy: 'IfNotPresent' },
  // The same image by its id, which was pulled by now.
  { name: 'preloaded-later', repository: '', policy: 'Never' },
]

interface Life {
  readonly pods: Readonly<Record<string, unknown>>
  readonly records: readonly unknown[]
  readonly intents: readonly string[]
  readonly figures: readonly string[]
}

describe('images of two kubelets', { skip: reason !== undefined, timeout: 400_000 }, () => {
  let theirs: Life
  let ours: Life
  before(async () => {
    const registry = await startPrivateRegistry(busyboxTarball() ?? Buffer.alloc(0))
    try {
      await withCluster(async cluster => {
        const kubeconfig = readFileSync(join(cluster.directory, 'admin.conf'), 'utf8')
        const remote = remoteContext(await connectionFromKubeconfig(kubeconfig, NO_FILES), log)
        const { client } = remote.context
        try {
          await makeSecrets(client, registry)
          await withNode('theirs', node =>
            withUpstream(
              ...([cluster, node] as const),
              async ask => {
                theirs = await lifeOf(client, node, { registry, ask })
              },
              { configuration: { clusterDNS: ['10.96.0.10'] } },
            ),
          )
          await withNode('ours', node =>
            withProa(cluster, node, async ask => {
              ours = await lifeOf(client, node, { registry, ask })
            }),
          )
        } finally {
          await remote.stop()
        }
      })
    } finally {
      await registry.stop()
    }
    if (process.env.SHOW) console.log(JSON.stringify({ theirs, ours }, undefined, 1))
  })

  for (const { name } of STEPS)
    test(`${name} gets on alike`, () => {
      assert.ok(theirs.pods[name])
      assert.deepEqual(ours.pods[name], theirs.pods[name])
    })

  test('what is kept on disk could be the other’s', () => {
    assert.equal(theirs.records.length, 1)
    assert.deepEqual(ours.records, theirs.records)
    assert.deepEqual(ours.intents, theirs.intents)
  })

  test('it is counted alike', () => {
    assert.ok(theirs.figures.length > 6)
    assert.deepEqual(ours.figures, theirs.figures)
  })
})

async function makeSecrets(client: Client, { address, credentials }: PrivateRegistry) {
  const passwords = { good: credentials.password, same: credentials.password, wrong: 'no' }
  for (const [name, password] of Object.entries(passwords)) {
    const auths = { [address]: { username: credentials.username, password } }
    await client.create(secretKind, {
      metadata: { name, namespace },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    })
  }
}

async function lifeOf(
  client: Client,
  node: Node,
  { registry, ask }: { registry: PrivateRegistry; ask: Ask },
): Promise<Life> {
  const plain = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value)
        .replaceAll(registry.address, 'REGISTRY')
        .replaceAll(`-${node.name}`, '')
        .replace(/in [\d.]+m?s \([\d.]+m?s including waiting\)/g, 'in TIME'),
    )
  const pods: Record<string, unknown> = {}
  for (const step of STEPS) pods[step.name] = plain(await podOf(client, node, { step, registry }))
  const directory = join(node.directory, 'kubelet', 'image_manager')
  const files = (name: string) =>
    readdirSync(join(directory, name))
      .sort()
      .map(file => [file, JSON.parse(readFileSync(join(directory, name, file), 'utf8'))])
  const metrics = await ask('/metrics')
  return {
    pods,
    records: plain(
      files('pulled').map(([file, { lastUpdatedTime, ...rest }]) => [
        file,
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(lastUpdatedTime),
        rest,
      ]),
    ),
    intents: files('pulling').map(([file]) => file),
    figures: metrics
      .split('\n')
      .filter(line => /^kubelet_image_?manager_/.test(line) && !/_usage_percent/.test(line))
      // How often is tried again is a matter of time.
      .map(line => line.replace(/(true"|mustAuthenticate"|unknown")} \d+$/, '$1} N'))
      .sort(),
  }
}

async function podOf(
  client: Client,
  node: Node,
  { step, registry }: { step: Step; registry: PrivateRegistry },
) {
  const name = `${step.name}-${node.name}`
  const created = await client.create(podKind, {
    metadata: { name, namespace },
    spec: {
      nodeName: node.name,
      terminationGracePeriodSeconds: 0,
      imagePullSecrets: (step.secrets ?? []).map(name => ({ name })),
      containers: [
        {
          name: 'c',
          image: step.repository ? `${registry.address}/${step.repository}` : busyboxImage,
          imagePullPolicy: step.policy,
          command: ['sleep', '1000'],
        },
      ],
    },
  } as unknown as Partial<Pod>)
  const said = new Set<string>()
  await eventually(async () => {
    const { status } = await client.get(podKind, name, namespace)
    const { state } = status?.containerStatuses?.[0] ?? {}
    const waiting = state?.waiting
    if (waiting && waiting.reason !== 'ContainerCreating')
      said.add(`${waiting.reason}: ${waiting.message}`)
    return state?.running !== undefined || said.size === (step.policy === 'Never' ? 1 : 2)
  }, 60_000)
  const { uid } = created.metadata
  await client.delete(podKind, { name, namespace }, { gracePeriodSeconds: 0 })
  await new Promise(resolve => setTimeout(resolve, 1000))
  const { items } = await client.list(eventKind, { namespace })
  const events = items
    .filter(({ involvedObject }) => involvedObject.uid === uid)
    .map(({ type, reason, message }) => `${type} ${reason} ${message}`)
    .filter(text => !/ (Created|Started|Killing) /.test(text))
  return { said: [...said].sort(), events: [...new Set(events)].sort() }
}
