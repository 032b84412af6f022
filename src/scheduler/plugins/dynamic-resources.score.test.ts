/** Scores of choices between devices, as kube-scheduler 1.36.3 logs them (there with their weight of 2) for the same devices and claims. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { loadCelEngine } from '#api/cel/engine.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

before(() => loadCelEngine())

const KINDS = ['a', 'b', 'c']
const devicesOn: Readonly<Record<string, string>> = {
  n0: 'aab',
  n1: 'bb',
  n2: 'cc',
  n3: 'abc',
  n4: 'bc',
}
const choice = (name: string, kinds: string) => ({
  name,
  firstAvailable: [...kinds].map(kind => ({
    name: kind,
    deviceClassName: kind,
    allocationMode: 'ExactCount',
    count: 1,
  })),
})
const exactly = (name: string, deviceClassName: string) => ({
  name,
  exactly: { deviceClassName, allocationMode: 'ExactCount', count: 1 },
})

/** The scores of the nodes that can give the claims their devices; undefined if the plugin has nothing to say. */
async function scores(...claims: readonly object[][]) {
  const world = createWorld({
    objects: {
      deviceclasses: KINDS.map(kind => {
        const expression = `device.attributes["d.io"].kind == "${kind}"`
        return { metadata: { name: kind }, spec: { selectors: [{ cel: { expression } }] } }
      }),
      resourceslices: Object.entries(devicesOn).map(([node, kinds]) => ({
        metadata: { name: node },
        spec: {
          driver: 'd.io',
          nodeName: node,
          pool: { name: node, generation: 1, resourceSliceCount: 1 },
          devices: [...kinds].map((kind, i) => ({
            name: `d${i}`,
            attributes: { kind: { string: kind } },
          })),
        },
      })),
      resourceclaims: claims.map((requests, i) => ({
        metadata: { name: `c${i}`, namespace: 'a', uid: `c${i}` },
        spec: { devices: { requests } },
        status: {},
      })),
    },
  })
  for (const name of Object.keys(devicesOn)) world.state.setNode(nodeOf(name))
  const resourceClaims = claims.map((_, i) => ({ name: `c${i}`, resourceClaimName: `c${i}` }))
  const info = podInfoOf(podOf('p', { resourceClaims } as never))
  world.attempt(info)
  await new Promise(resolve => setImmediate(resolve))
  const cycle = new CycleState()
  const { points } = world.profile
  const own = <T extends { name: string }>(plugins: readonly T[]) =>
    plugins.find(({ name }) => name === 'DynamicResources')
  own(points.preFilter)?.preFilter(cycle, info, world.state)
  const nodes = world.state.nodes.filter(
    node => own(points.filter)?.filter(cycle, info, node) === undefined,
  )
  if (own(points.preScore)?.preScore(cycle, info, nodes)) return undefined
  const plugin = own(points.score)
  assert.ok(plugin)
  const found = Float64Array.from(nodes, node => plugin.score(cycle, info, node))
  plugin.normalize?.(cycle, info, found, nodes)
  return Object.fromEntries(nodes.map(({ name }, i) => [name, found[i]]))
}

test('the earlier alternative counts more', async () => {
  assert.deepEqual(await scores([choice('r', 'abc')]), { n0: 100, n1: 87, n2: 75, n3: 100, n4: 87 })
})

test('all choices of all claims count, and what leaves no choice does not', async () => {
  assert.deepEqual(await scores([choice('r', 'ab'), choice('s', 'bc')]), {
    ...{ n0: 100, n1: 93, n3: 100, n4: 87 },
  })
  assert.deepEqual(await scores([choice('r', 'abc')], [choice('r', 'bc')]), {
    ...{ n0: 100, n1: 93, n2: 81, n3: 100, n4: 87 },
  })
  assert.deepEqual(await scores([exactly('r', 'b'), choice('s', 'ac')]), {
    ...{ n0: 100, n3: 100, n4: 87 },
  })
})

test('without a choice there is nothing to say', async () => {
  assert.equal(await scores([exactly('r', 'b')]), undefined)
})
