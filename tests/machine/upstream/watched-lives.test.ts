/**
 * What watches tell of the lives of objects of all kinds, in whichever form and through whichever selector, both servers tell alike: the same
 * events in the same order, of the same objects. See chosen-lives.ts.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AnyKind } from '#api/machinery/kind.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Life } from '../../fuzz/lives.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { chosenLives, STEPS, startPairForLives } from './chosen-lives.ts'
import { differences, steady } from './differences.ts'
import { inGeneral } from './in-general.ts'
import type { Pair, Told } from './pair.ts'
import { sorted } from './sorted.ts'

const FORMS = [
  'application/json',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'application/json;as=Table;g=meta.k8s.io;v=v1',
]
const SELECTORS = ['', 'key', '!key', 'key=text', 'key!=text', 'key in (text,a)']

/** Their status is written by the servers themselves, each in steps of its own. */
const OWN_STATUS = [
  'FlowSchema',
  'PriorityLevelConfiguration',
  'APIService',
  'CustomResourceDefinition',
]
const hasOwnStatus = ({ kind }: AnyKind) => OWN_STATUS.includes(kind)

describe('watched lives', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await startPairForLives()
  })
  after(() => pair?.stop())

  for (const { seed, dice, its, resource } of chosenLives(hasOwnStatus)) {
    const [form, selector] = [dice.pick(FORMS), dice.pick(SELECTORS)]
    test(`${resource}, ${form}, ${selector}, seed ${seed}`, async () => {
      const life = new Life(its, dice, seed, ['application/json'])
      const { at } = dice.pick(its)
      const before = await revisions(pair, at)
      if (!(await lived(pair, life))) return
      const query = `watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3D${life.name}&labelSelector=${encodeURIComponent(selector)}`
      const asked = (revision: string) => ({
        method: 'GET' as const,
        path: `${at}?${query}&resourceVersion=${revision}`,
        headers: { accept: form },
      })
      const [upstream, proa] = await pair.both(asked(before[0]), asked(before[1]))
      assert.equal(proa.status, upstream.status, proa.text)
      assert.deepEqual(unexpected(eventDifferences(upstream, proa, at)), [])
    })
  }
})

async function revisions(pair: Pair, path: string): Promise<readonly [string, string]> {
  const told = await pair.both({ method: 'GET', path: `${path}?limit=1` })
  return told.map(({ text }) => JSON.parse(text).metadata.resourceVersion) as [string, string]
}

/** Whether both did the same: nothing can be said of the events of others. */
async function lived(pair: Pair, life: Life): Promise<boolean> {
  const requests = [() => life.first(), ...Array.from({ length: STEPS }, () => () => life.next())]
  for (const next of [...requests, () => life.last()]) {
    const told = await pair.both(next()).catch(() => undefined)
    if (!told || told[0].status !== told[1].status) return false
  }
  return true
}

function eventDifferences(upstream: Told, proa: Told, path: string): string[] {
  const [wanted, given] = [upstream, proa].map(({ text }) => changesIn(text)) as [
    string[],
    string[],
  ]
  const kinds = (lines: string[]) => lines.map(line => JSON.parse(line).type).join()
  if (kinds(wanted) !== kinds(given))
    return [`${path} events: upstream ${kinds(wanted)}, Proa ${kinds(given)}`]
  return wanted.flatMap((line, index) =>
    differences(line, given[index] as string).map(each => `GET ${path} event ${index} ${each}`),
  )
}

/** Upstream writes some objects once more whose bytes differ, though all that they say is the same. */
function changesIn(text: string): string[] {
  const shown = text.split('\n').filter(Boolean).map(inShort)
  return shown.filter(
    (line, index) => objectIn(line) === undefined || objectIn(line) !== objectIn(shown[index - 1]),
  )
}

function inShort(line: string): string {
  const { type, object } = JSON.parse(line)
  return JSON.stringify({ type, object: JSON.parse(inGeneral(JSON.stringify(object))) })
}

/** Of a change, without what is another in each write. */
function objectIn(line: string | undefined): string | undefined {
  if (line === undefined) return undefined
  const { type, object } = JSON.parse(line)
  return type === 'DELETED' ? undefined : steady(JSON.stringify(sorted(object, [])))
}
