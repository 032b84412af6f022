/** Whatever containers ask for: each has its devices while it runs, and no pod gets more of them than it needs at any moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { podRequestsOf } from '../state/pod-requests.ts'
import { podOf } from '../testing/world.ts'
import { deviceRequests } from './dynamic-resources.requests.ts'

const RESOURCES = ['a.example/x', 'b.example/y']
const KINDS = ['init', 'sidecar', 'regular'] as const
type Kind = (typeof KINDS)[number]

interface Part {
  readonly kind: Kind
  readonly amounts: readonly number[]
}
const part = fc.record({
  kind: fc.constantFrom(...KINDS),
  amounts: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 2 }),
})

function podWith(parts: readonly Part[]): Pod {
  const made = parts.map(({ kind, amounts }, i) => ({
    kind,
    container: {
      name: `${kind}${i}`,
      image: 'i',
      ...(kind === 'sidecar' ? { restartPolicy: 'Always' } : {}),
      resources: {
        requests: {
          cpu: '1',
          ...Object.fromEntries(RESOURCES.map((name, at) => [name, String(amounts[at])])),
        },
      },
    },
  }))
  const of = (isWanted: (kind: Kind) => boolean) =>
    made.flatMap(({ kind, container }) => (isWanted(kind) ? [container] : []))
  return podOf('p', {
    initContainers: of(kind => kind !== 'regular'),
    containers: of(kind => kind === 'regular'),
  } as never)
}

test('as many devices as the pod needs at its peak, each container has its own', () => {
  let reused = 0
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), parts => {
      const pod = podWith(parts)
      const { requests, mappings } = deviceRequests(pod, RESOURCES, name => `class of ${name}`)
      const counts = new Map(requests.map(({ name, exactly }) => [name, exactly.count]))
      assert.equal(counts.size, requests.length, 'names are unique')
      const wanted = podRequestsOf(pod).requests
      for (const [at, resource] of RESOURCES.entries()) {
        const total = requests
          .filter(({ exactly }) => exactly.deviceClassName === `class of ${resource}`)
          .reduce((sum, { exactly }) => sum + exactly.count, 0)
        assert.equal(total, wanted.get(resource) ?? 0)
        for (const [i, { kind, amounts }] of parts.entries()) {
          const own = mappings.filter(
            each => each.containerName === `${kind}${i}` && each.resourceName === resource,
          )
          const given = own.reduce((sum, each) => sum + (counts.get(each.requestName) ?? NaN), 0)
          if (kind === 'init') assert.ok(given >= (amounts[at] ?? 0))
          else assert.equal(given, amounts[at])
          if (kind === 'init' && own.length > 1) reused++
        }
      }
      assertApart(parts, mappings)
    }),
    { numRuns: 300 },
  )
  assert.ok(reused > 20, `init containers used several requests only ${reused} times`)
})

/** Who runs beside others shares no device with them: an init container runs beside the side-cars that started before it. */
function assertApart(
  parts: readonly Part[],
  mappings: readonly { containerName: string; requestName: string }[],
): void {
  const of = (name: string) =>
    new Set(mappings.flatMap(each => (each.containerName === name ? [each.requestName] : [])))
  for (const [i, one] of parts.entries())
    for (const [j, other] of parts.entries()) {
      const lasts = one.kind !== 'init'
      const runsBeside =
        i !== j && lasts && (other.kind !== 'init' || (one.kind === 'sidecar' && i < j))
      if (!runsBeside) continue
      const others = of(`${other.kind}${j}`)
      const shared = [...of(`${one.kind}${i}`)].filter(name => others.has(name))
      assert.deepEqual(shared, [])
    }
}
