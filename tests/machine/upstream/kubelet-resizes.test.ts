/**
 * Pods that are resized at random on two nodes of containers, one with upstream's kubelet and one with Proa's: what is told of them after each step, and
 * the events, are the same. `PROA_RESIZED_LIVES=10,7` has ten lives from seed 7.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { event as eventKind } from '#api/core/v1/event.ts'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { priorityClass } from '#api/scheduling/v1/priority-class.ts'
import { silentLog as log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { remoteContext } from '../../../src/cluster/remote-context.ts'
import { Dice } from '../../fuzz/random.ts'
import { busyboxImage } from '../../tools/busybox-image.ts'
import { eventually, whyNotHere } from '../proa-process.ts'
import { differences } from './differences.ts'
import {
  kubeletProgram,
  type Node,
  withCluster,
  withNode,
  withProa,
  withUpstream,
} from './kubelet-days.ts'

const [COUNT = 1, SEED = 1] = (process.env.PROA_RESIZED_LIVES ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const reason =
  whyNotHere() ??
  (kubeletProgram() ? undefined : 'there is no kubelet here; TEST_ASSET_KUBELET may name one')
if (reason) console.log(`# skipped: ${reason}`)

const namespace = 'default'
const NO_FILES = { read: async () => '', resolve: (file: string) => file }
const STEPS = 8
const PODS = 4
/** Nothing has changed for so long: what is still to come, comes by itself after more than that, if ever. */
const QUIET_MS = 6_000
const LONGEST_MS = 60_000

type Amounts = Record<string, string>
interface Step {
  readonly pod: string
  /** Strategic merge patch of the resize; undefined deletes the pod. */
  readonly spec?: object
}
interface Plan {
  readonly pods: Readonly<Record<string, object>>
  readonly steps: readonly Step[]
}

const CPU = ['100m', '300m', '600m', '900m', '1500m']
const MEMORY = ['32Mi', '64Mi', '100M', '128Mi']

const VOLUMES = [
  { name: 'empty', emptyDir: {} },
  {
    name: 'about',
    downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] },
  },
]
const MOUNTS = [
  { name: 'empty', mountPath: '/empty' },
  { name: 'empty', mountPath: '/part', subPath: 'part', readOnly: true },
  { name: 'about', mountPath: '/about', readOnly: true, recursiveReadOnly: 'IfPossible' },
  { name: 'about', mountPath: '/again', readOnly: true, recursiveReadOnly: 'Disabled' },
  { name: 'about', mountPath: '/more' },
]

/** Which this runtime may not be able to. */
const WHOLLY_READ_ONLY = {
  containers: [
    {
      ...{ name: 'a', image: busyboxImage, imagePullPolicy: 'Never', command: ['sleep', '1000'] },
      volumeMounts: [
        { name: 'empty', mountPath: '/e', readOnly: true, recursiveReadOnly: 'Enabled' },
      ],
    },
  ],
  volumes: VOLUMES,
}

function planOf(seed: number): Plan {
  const dice = new Dice(seed)
  const pods = Object.fromEntries(
    Array.from({ length: PODS }, (_, at) => [`p${at}`, podSpec(dice, at)]),
  )
  const steps: Step[] = []
  for (let step = 0; step < STEPS; step++) {
    const pod = dice.pick(Object.keys(pods))
    const { containers, initContainers } = pods[pod] as {
      containers: Named[]
      initContainers?: Named[]
    }
    if (dice.below(6) === 0) steps.push({ pod })
    else {
      const list = initContainers && dice.below(3) === 0 ? initContainers : containers
      const { name, resources } = dice.pick(list)
      const key = list === initContainers ? 'initContainers' : 'containers'
      steps.push({ pod, spec: { [key]: [{ name, resources: changed(dice, resources) }] } })
    }
  }
  return { pods: { ...pods, whole: WHOLLY_READ_ONLY }, steps }
}

interface Resources {
  readonly requests?: Amounts
  readonly limits?: Amounts
}
interface Named {
  readonly name: string
  readonly resources: Resources
}

/** Of the same kind as before: what is asked for and limited stays so. */
function changed(dice: Dice, { requests = {}, limits }: Resources): Resources {
  const isGuaranteed = JSON.stringify(requests) === JSON.stringify(limits)
  const next: Amounts = {}
  for (const name of Object.keys({ ...requests, ...limits }))
    if (dice.below(2) === 0) next[name] = dice.pick(name === 'cpu' ? CPU : MEMORY)
  if (isGuaranteed) return { requests: next, limits: next }
  return limits && dice.below(2) === 0 ? { limits: next } : { requests: next }
}

function resourcesOf(dice: Dice): Resources {
  const low = { cpu: dice.pick(CPU.slice(0, 2)), memory: dice.pick(MEMORY.slice(0, 2)) }
  switch (dice.below(5)) {
    case 0:
      return { requests: low, limits: low }
    case 1:
      return { requests: low }
    case 2:
      return { requests: low, limits: { cpu: '1500m', memory: '128Mi' } }
    case 3:
      return { requests: { cpu: low.cpu as string }, limits: { memory: '128Mi' } }
    default:
      return {}
  }
}

function podSpec(dice: Dice, at: number): object {
  const container = (name: string, more: object = {}) => ({
    ...{ name, image: busyboxImage, imagePullPolicy: 'Never' },
    command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 0.2; done'],
    resources: resourcesOf(dice),
    ...(dice.below(3) === 0
      ? {
          resizePolicy: [
            { resourceName: dice.pick(['cpu', 'memory']), restartPolicy: 'RestartContainer' },
          ],
        }
      : {}),
    volumeMounts: MOUNTS.filter(() => dice.below(2) === 0),
    ...more,
  })
  const init = dice.below(4)
  return {
    containers: ['a', 'b'].slice(0, 1 + dice.below(2)).map(name => container(name)),
    ...(init === 1 ? { initContainers: [container('s', { restartPolicy: 'Always' })] } : {}),
    ...(init === 2
      ? { initContainers: [container('i', { command: ['true'], resizePolicy: undefined })] }
      : {}),
    volumes: VOLUMES,
    ...(at === 0 ? { priorityClassName: 'important' } : {}),
  }
}

test('upstream’s kubelet and Proa’s resize alike', {
  skip: reason,
  timeout: COUNT * 900_000,
}, async () => {
  await withCluster(async cluster => {
    const kubeconfig = readFileSync(join(cluster.directory, 'admin.conf'), 'utf8')
    const remote = remoteContext(await connectionFromKubeconfig(kubeconfig, NO_FILES), log)
    const { client } = remote.context
    const seeds = Array.from({ length: COUNT }, (_, at) => SEED + at)
    try {
      await client.create(priorityClass, {
        ...{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', value: 1000 },
        metadata: { name: 'important' },
      })
      const lives = async (node: Node) => {
        const told: Record<string, unknown> = { features: await featuresOf(client, node) }
        for (const seed of seeds) told[`seed ${seed}`] = await live(client, node, planOf(seed))
        return told
      }
      const theirs = await withNode('theirs', node =>
        withUpstream(cluster, node, () => lives(node)),
      )
      const ours = await withNode('ours', node => withProa(cluster, node, () => lives(node)))
      assert.deepEqual(differences(JSON.stringify(theirs), JSON.stringify(ours)), [])
    } finally {
      await remote.stop()
    }
  })
})

/** Proa's kubelet answers WebSockets only as far as its own API server asks it to; others get along without. */
const UNDECLARED = ['ExtendWebSocketsToKubelet']

function featuresOf(client: Client, { name }: Node) {
  return eventually(async () => {
    const { status } = await client.get(nodeKind, name).catch(() => ({ status: undefined }))
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    const declared = status?.declaredFeatures?.filter(name => !UNDECLARED.includes(name))
    return ready?.status === 'True' && (declared ?? [])
  }, 90_000)
}

async function live(client: Client, { name: nodeName }: Node, { pods, steps }: Plan) {
  const told: unknown[] = []
  const nameOf = (name: string) => `${name}-${nodeName}`
  const own = async () => {
    const { items } = await client.list(podKind, { namespace })
    return items
      .filter(({ metadata }) => metadata.name?.endsWith(nodeName))
      .filter(({ metadata }) => !metadata.name?.startsWith('static'))
  }
  const look = async () => {
    const shown = (await own()).map(pod => [
      pod.metadata.name?.replace(`-${nodeName}`, ''),
      shownOf(pod),
    ])
    return shown.sort(([one], [other]) => (`${one}` < `${other}` ? -1 : 1))
  }
  for (const [name, spec] of Object.entries(pods)) {
    await client.create(podKind, {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: nameOf(name), namespace } },
      spec: { nodeName, terminationGracePeriodSeconds: 2, ...spec },
    } as unknown as Partial<Pod>)
    // Who comes first is first: the node may not have enough for all.
    const isThere = async () => (await client.get(podKind, nameOf(name), namespace)).status?.phase
    if (name !== 'whole') await eventually(async () => (await isThere()) !== 'Pending', 60_000)
  }
  told.push(await quiet(look))
  for (const { pod, spec } of steps) {
    const at = { name: nameOf(pod), namespace }
    const { status } = await client
      .get(podKind, at.name, namespace)
      .catch(() => ({ status: undefined }))
    // What becomes of one that never ran is not looked at twice.
    if (status?.phase === 'Failed' && spec) {
      told.push('over')
      continue
    }
    const change = spec
      ? client.patch(podKind, at, 'strategic', { spec } as Partial<Pod>, { subresource: 'resize' })
      : client.delete(podKind, at)
    const refusal = await change.then(
      () => '',
      (error: Error) => error.message.replaceAll(nodeName, 'NODE'),
    )
    told.push([{ pod, spec, refusal }, await quiet(look)])
  }
  for (const { metadata } of await own())
    await client.delete(podKind, { name: metadata.name ?? '', namespace }).catch(() => {})
  await eventually(async () => (await own()).length === 0, 60_000)
  const { items } = await client.list(eventKind, { namespace })
  const events = items
    .filter(({ involvedObject }) =>
      Object.keys(pods).some(name => involvedObject.name === nameOf(name)),
    )
    .filter(({ reason = '' }) => /Resiz|Killing/.test(reason))
    .map(
      ({ type, reason, message, involvedObject }) =>
        `${involvedObject.name?.replace(`-${nodeName}`, '')} ${type} ${reason} ${message}`,
    )
  for (const { metadata } of items)
    await client.delete(eventKind, { name: metadata.name ?? '', namespace }).catch(() => {})
  return { told, events: [...new Set(events)].sort() }
}

/** What is there when it has stayed so for a while. */
async function quiet<T>(look: () => Promise<T>): Promise<T> {
  let [last, since] = ['', Date.now()]
  for (const end = Date.now() + LONGEST_MS; ; ) {
    const seen = await look()
    const text = JSON.stringify(seen)
    if (text !== last) [last, since] = [text, Date.now()]
    else if (Date.now() - since > QUIET_MS || Date.now() > end) return seen
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}

function shownOf({ metadata, status = {} }: Pod) {
  const conditions = (status.conditions ?? [])
    .filter(({ type }) => type.startsWith('PodResize') || type === 'Ready')
    .map(({ lastTransitionTime: _, lastProbeTime: __, ...rest }) => rest)
  const containers = [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
  ].map(({ name, resources, allocatedResources, volumeMounts, restartCount, state = {} }) => ({
    ...{ name, resources, allocatedResources, volumeMounts, restartCount },
    state: [Object.keys(state)[0], state.terminated?.reason, state.waiting?.reason],
  }))
  // Left out is what is told of the resources of the pod as a whole: upstream reads it from the control group once a pod was resized, rounded to pages, and
  // as the kernel's largest number where the group has no limit.
  const { phase, reason, message, qosClass, allocatedResources, observedGeneration } = status
  // Of one that was turned away upstream tells nothing else, and Proa how its containers are.
  if (phase === 'Failed') return { phase, reason, message }
  return {
    ...{ generation: metadata.generation, observedGeneration, phase, reason, message, qosClass },
    ...{ allocatedResources, conditions, containers },
  }
}
