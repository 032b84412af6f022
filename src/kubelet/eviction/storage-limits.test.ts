import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../pod-types.ts'
import type { PodUsage } from './local-usage.ts'
import { exceededStorage, limitsStorage } from './storage-limits.ts'

const MEBIBYTE = 2 ** 20
const used = (mebibytes: number) => ({ bytes: mebibytes * MEBIBYTE, inodes: 1 })
const usages = (of: Record<string, number> = {}) =>
  new Map(Object.entries(of).map(([name, mebibytes]) => [name, used(mebibytes)]))

interface Used {
  readonly layers?: Record<string, number>
  readonly logs?: Record<string, number>
  readonly volumes?: Record<string, number>
  readonly total?: number
}
const usage = ({ layers, logs, volumes, total = 0 }: Used): PodUsage => ({
  layers: usages(layers),
  logs: usages(logs),
  volumes: usages(volumes),
  total: used(total),
})

const container = (name: string, limit?: string, more: object = {}) => ({
  name,
  ...(limit && { resources: { limits: { 'ephemeral-storage': limit } } }),
  ...more,
})
const podOf = (spec: object) => ({ metadata: { name: 'p' }, spec }) as unknown as Pod
const scratch = (sizeLimit?: string) => ({ name: 'scratch', emptyDir: { sizeLimit } })

test('an emptyDir that holds more than its limit, and not one that is full', () => {
  const pod = podOf({ containers: [container('a')], volumes: [scratch('10Mi')] })
  assert.equal(exceededStorage(pod, usage({ volumes: { scratch: 10 } })), undefined)
  assert.equal(
    exceededStorage(pod, usage({ volumes: { scratch: 11 } })),
    'Usage of EmptyDir volume "scratch" exceeds the limit "10Mi". ',
  )
  const open = podOf({ containers: [container('a')], volumes: [scratch(), scratch('0')] })
  assert.equal(exceededStorage(open, usage({ volumes: { scratch: 1e6 } })), undefined)
  assert.equal(limitsStorage(open), false)
})

test('the pod as a whole, by the limits of those containers that have one', () => {
  const pod = podOf({ containers: [container('a', '10Mi'), container('b', '5Mi'), container('c')] })
  assert.equal(exceededStorage(pod, usage({ total: 15 })), undefined)
  assert.equal(
    exceededStorage(pod, usage({ total: 16 })),
    'Pod ephemeral local storage usage exceeds the total limit of containers 15Mi. ',
  )
  const sidecar = container('s', '1Mi', { restartPolicy: 'Always' })
  const inits = [sidecar, container('i', '30Mi')]
  const peak = podOf({ initContainers: inits, containers: [container('a', '10Mi')] })
  assert.equal(exceededStorage(peak, usage({ total: 31 })), undefined)
  assert.match(exceededStorage(peak, usage({ total: 32 })) ?? '', /containers 31Mi\. $/)
})

test('one container by what it wrote and logged', () => {
  const pod = podOf({ containers: [container('a', '10Mi'), container('b', '90Mi')] })
  const within = usage({ layers: { a: 6, b: 20 }, logs: { a: 4 }, total: 30 })
  assert.equal(exceededStorage(pod, within), undefined)
  assert.equal(
    exceededStorage(pod, usage({ layers: { a: 6, b: 20 }, logs: { a: 5 }, total: 31 })),
    'Container a exceeded its local ephemeral storage limit "10Mi". ',
  )
})

test('only pods with limits are looked at, and none without which there is no cluster', () => {
  assert.equal(limitsStorage(podOf({ containers: [container('a')] })), false)
  assert.equal(limitsStorage(podOf({ containers: [container('a', '1Mi')] })), true)
  const priority = 2_000_001_000
  assert.equal(limitsStorage(podOf({ priority, containers: [container('a', '1Mi')] })), false)
})
