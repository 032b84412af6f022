/**
 * Resizes of pods by chance: of containers, of init containers and of the pod as a whole together. Both API servers refuse the same of it in the same words,
 * and store the same of the rest. `PROA_RESIZES=500,7` has five hundred pods from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Asked, Pair } from './pair.ts'
import {
  AMOUNTS,
  type Container,
  type PodSpec,
  podTold,
  RESIZE_POLICIES,
  randomPodSpec,
  randomResources,
  resourcesTold,
} from './random-resources.ts'

const [COUNT = 60, SEED = 1] = (process.env.PROA_RESIZES ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const STEPS = 6
const PODS = '/api/v1/namespaces/default/pods'

/** Of the last nobody knows. */
const NODES = ['large', 'small', 'windows', 'none']
const nodes = [
  { name: 'large', system: 'linux', allocatable: { cpu: '16', memory: '16Gi' } },
  { name: 'small', system: 'linux', allocatable: { cpu: '1500m', memory: '1Gi' } },
  { name: 'windows', system: 'windows', allocatable: { cpu: '16', memory: '16Gi' } },
]

function podSpec(dice: Dice): PodSpec {
  return {
    // Which only Proa's plugin of service accounts would fill in.
    serviceAccountName: 'default',
    automountServiceAccountToken: false,
    ...randomPodSpec(dice),
    ...(dice.below(8) === 0 ? { restartPolicy: 'Never' } : {}),
    ...(dice.below(3) === 0 ? { nodeName: dice.pick(NODES) } : {}),
  }
}

/** Which a kubelet tells that can resize, or one that cannot. */
function runningStatus(dice: Dice, { containers }: PodSpec): object {
  const known = dice.below(3) > 0
  return {
    containerStatuses: containers.map(({ name, resources }) => ({
      ...{ name, image: 'i', imageID: 'i', ready: true, restartCount: 0 },
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      ...(known ? { resources } : {}),
    })),
  }
}

function change(dice: Dice, spec: PodSpec): void {
  const of = dice.pick([...spec.containers, ...(spec.initContainers ?? []), spec, spec])
  of.resources ??= {}
  const now = of.resources
  const field = dice.pick(['requests', 'limits'] as const)
  const name = dice.pick(['cpu', 'cpu', 'memory', 'memory', 'hugepages-2Mi', 'ephemeral-storage'])
  switch (dice.below(9)) {
    case 0:
      of.resources = randomResources(dice)
      break
    case 1:
      delete now[field]?.[name]
      break
    case 2:
      delete now[field]
      break
    case 3:
      if (of === spec) delete spec.resources
      else (of as Container).resizePolicy = dice.pick(RESIZE_POLICIES) ?? []
      break
    case 4:
      if (dice.below(4) === 0) spec.containers.reverse()
      else if (now.limits) now.requests = { ...now.limits }
      break
    default:
      now[field] = { ...now[field], [name]: dice.pick(AMOUNTS[name] ?? []) }
  }
}

function askedOf({ body }: Asked): string {
  const { spec } = body as { spec?: PodSpec }
  return spec ? resourcesTold(spec) : 'a status'
}

describe('resizes', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start(['--disable-admission-plugins=ServiceAccount'])
    for (const { name, system, allocatable } of nodes) {
      const metadata = { name, labels: { 'kubernetes.io/os': system } }
      const body = { apiVersion: 'v1', kind: 'Node', metadata, status: { allocatable } }
      await pair.both({ method: 'POST', path: '/api/v1/nodes', body })
      await pair.both({ method: 'PUT', path: `/api/v1/nodes/${name}/status`, body })
    }
  })
  after(() => pair?.stop())

  test(`${COUNT} pods from seed ${SEED}`, async () => {
    const different: string[] = []
    let [written, refused] = [0, 0]
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
      const name = `p${seed}`
      let before = 'nothing'
      const both = async (asked: Asked): Promise<boolean> => {
        const told = await pair.both(asked)
        if (told[0].status < 300) written++
        else refused++
        const [upstream, proa] = told.map(podTold)
        if (upstream === proa) return told[0].status < 500
        different.push(
          `seed ${seed} ${asked.method} ${asked.path.split('/').at(-1)}\n  from     ${before}\n  asked    ${askedOf(asked)}\n  upstream ${upstream}\n  Proa     ${proa}`,
        )
        return told[0].status === told[1].status
      }
      const dice = new Dice(seed)
      const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: podSpec(dice) }
      if (!(await both({ method: 'POST', path: PODS, body }))) continue
      if (body.spec.nodeName && dice.below(2) === 0) {
        const status = { phase: 'Running', ...runningStatus(dice, body.spec) }
        const path = `${PODS}/${name}/status`
        const headers = { 'content-type': 'application/merge-patch+json' }
        await both({ method: 'PATCH', path, body: { status }, headers })
      }
      for (let step = 0; step < STEPS; step++) {
        const [{ status, text }] = await pair.both({ method: 'GET', path: `${PODS}/${name}` })
        if (status !== 200) break
        const { spec } = JSON.parse(text) as { spec: PodSpec }
        before = resourcesTold(spec)
        for (let left = 1 + dice.below(3); left > 0; left--) change(dice, spec)
        const sent = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
        const path = `${PODS}/${name}${dice.below(8) === 0 ? '' : '/resize'}`
        if (!(await both({ method: 'PUT', path, body: sent }))) break
      }
      await pair.both({ method: 'DELETE', path: `${PODS}/${name}?gracePeriodSeconds=0` })
    }
    assert.deepEqual(different, [])
    assert.ok(
      written > COUNT / 2 && refused > COUNT / 2,
      `${written} were written, ${refused} refused`,
    )
  })
})
