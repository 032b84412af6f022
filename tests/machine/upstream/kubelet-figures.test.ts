/** What a kubelet of upstream tells of its day, name by name, type by type and label by label, Proa's tells of the same day. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { whyNotHere } from '../proa-process.ts'
import { GAPS, OWN } from './kubelet-accepted.ts'
import {
  kubeletProgram,
  type Path,
  proaDay,
  type Told,
  upstreamDay,
  withCluster,
} from './kubelet-days.ts'

const reason =
  whyNotHere() ??
  (kubeletProgram() ? undefined : 'there is no kubelet here; TEST_ASSET_KUBELET may name one')
if (reason) console.log(`# skipped: ${reason}`)

interface Shape {
  readonly type: string
  readonly labels: string
  /** Upper ends of a histogram's buckets. */
  readonly bounds: string
}

/** By the names of families. */
function shapesIn(text: string): Map<string, Shape> {
  const shapes = new Map<string, { type: string; labels: Set<string>; bounds: Set<string> }>()
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (name && type) shapes.set(name, { type, labels: new Set(), bounds: new Set() })
    const [, sample = '', labels = ''] = /^([a-z]\w*)(?:\{(.*)\})? \S+/.exec(line) ?? []
    const shape = shapes.get(sample) ?? shapes.get(sample.replace(/_(bucket|sum|count)$/, ''))
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      if (label === 'le') shape?.bounds.add(value)
      else shape?.labels.add(label)
  }
  return new Map(
    [...shapes].map(([name, { type, labels, bounds }]) => [
      name,
      { type, labels: [...labels].sort().join(), bounds: [...bounds].join() },
    ]),
  )
}

/** Paths of the keys of an answer, of lists those of all that is in them. */
function keysIn(value: unknown, at = ''): Set<string> {
  if (typeof value !== 'object' || value === null) return new Set([at])
  const children = Array.isArray(value)
    ? value.map(each => keysIn(each, `${at}[]`))
    : Object.entries(value).map(([key, each]) => keysIn(each, at ? `${at}.${key}` : key))
  return new Set(children.flatMap(each => [...each]))
}

const isAccepted = (list: Readonly<Record<string, string>>, name: string) =>
  Object.keys(list).some(each =>
    each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each,
  )

describe('a day of two kubelets', { skip: reason !== undefined, timeout: 400_000 }, () => {
  let theirs: Told
  let ours: Told
  before(async () => {
    await withCluster(async cluster => {
      theirs = await upstreamDay(cluster)
      ours = await proaDay(cluster)
    })
  })

  for (const path of [
    '/metrics',
    '/metrics/cadvisor',
    '/metrics/resource',
    '/metrics/probes',
    '/metrics/slis',
  ] as const)
    test(path, () => compare(path))

  function compare(path: Path): void {
    const [wanted, told] = [shapesIn(theirs[path]), shapesIn(ours[path])]
    assert.ok(wanted.size > 0, theirs[path].slice(0, 500))
    const problems: string[] = []
    for (const [name, shape] of wanted) {
      const own = told.get(name)
      const isGap = isAccepted(GAPS[path] ?? {}, name)
      if (!own && !isGap) problems.push(`${name} is missing`)
      else if (own && isGap && !isAccepted(OWN[path] ?? {}, name))
        problems.push(`${name} is told, and accepted as missing`)
      else if (own)
        for (const part of ['type', 'labels', 'bounds'] as const)
          if (own[part] !== shape[part])
            problems.push(`${name}: ${part} ${own[part]}, upstream ${shape[part]}`)
    }
    for (const name of told.keys())
      if (!wanted.has(name) && !isAccepted(OWN[path] ?? {}, name))
        problems.push(`${name} is not upstream’s`)
    assert.deepEqual(problems, [])
  }

  test('/stats/summary', () => {
    const [wanted, told] = [theirs, ours].map(each => keysIn(JSON.parse(each['/stats/summary'])))
    const gaps = GAPS['/stats/summary'] ?? {}
    const isGap = (key: string) => Object.keys(gaps).some(each => key.includes(each))
    assert.deepEqual(
      [...(wanted ?? [])].filter(key => !told?.has(key) && !isGap(key)),
      [],
    )
    const own = OWN['/stats/summary'] ?? {}
    assert.deepEqual(
      [...(told ?? [])].filter(
        key => !wanted?.has(key) && !Object.keys(own).some(each => key.includes(each)),
      ),
      [],
    )
  })

  test('what was measured is alike', () => {
    const busy = (told: Told) =>
      Number(
        /^container_cpu_usage_seconds_total\{container="c",namespace="default",pod="burst-\w+"\} (\S+)/m.exec(
          told['/metrics/resource'],
        )?.[1],
      )
    // It may use 0.15 of a processor, and wants more.
    for (const told of [theirs, ours])
      assert.ok(busy(told) > 2 && busy(told) < 15, String(busy(told)))
    const { pods } = JSON.parse(ours['/stats/summary'])
    const of = (name: string) =>
      pods.find(({ podRef }: { podRef: { name: string } }) => podRef.name.startsWith(name))
    const rate = of('burst').cpu.usageNanoCores
    assert.ok(rate > 0.05e9 && rate < 0.3e9, String(rate))
    assert.ok(of('web').network.rxBytes > 0)
    assert.equal(of('host').network, undefined, 'the node’s network is not the pod’s')
    assert.ok(of('web').memory.rssBytes > 0)
  })
})
