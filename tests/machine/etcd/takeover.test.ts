/** An etcd that upstream's API server wrote is served by Proa as it was, changed, and given back. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { systemClock } from '#host/clock.ts'
import {
  bodyOf,
  fixtureOf,
  nameOf,
  titleOf,
} from '../../../src/apiserver/all-kinds/testing/objects.ts'
import { EtcdConnection } from '../../../src/store/etcd/connection.ts'
import { EntryReader } from '../../../src/store/etcd/entry.ts'
import { readRange } from '../../../src/store/etcd/load.ts'
import { EtcdProcess, etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import {
  type ApiEnd,
  Keys,
  kubeApiServerMissing,
  type Shown,
  startProa,
  startUpstream,
} from './servers.ts'

const skip = etcdMissing() || kubeApiServerMissing()
const stored = kinds.filter(({ ephemeral, storedAs }) => !ephemeral && !storedAs)
/** Written by upstream itself while it runs, so that two looks at it may differ. */
const OWN: ReadonlySet<string> = new Set([
  'events',
  'flowschemas',
  'storageversions',
  'apiservices',
])

/**
 * Without what means nothing to a client: Go shows lists that it has not as null or not at all, depending on where the object came
 * from.
 */
function withoutNothing(value: Shown): Shown {
  if (Array.isArray(value)) return value.map(withoutNothing)
  if (typeof value !== 'object' || value === null) return value
  const isSomething = (part: Shown) => part !== null && part !== '' && part?.length !== 0
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => isSomething(part))
      .map(([name, part]) => [name, withoutNothing(part)]),
  )
}

const merge = 'application/merge-patch+json'
const rootOf = ({ group, version }: AnyKind) => (group ? `/apis/${group}/${version}` : '/api/v1')
/** A LimitRange would hold the pods beside it to what they do not say. */
const namespaceOf = ({ plural }: AnyKind) => (plural === 'limitranges' ? 'kube-public' : 'default')
const collectionOf = (kind: AnyKind) => {
  const namespace = kind.scope === 'Namespaced' ? `/namespaces/${namespaceOf(kind)}` : ''
  return `${rootOf(kind)}${namespace}/${kind.plural}`
}

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'ships.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'ships', singular: 'ship', kind: 'Ship', listKind: 'ShipList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'Mast', type: 'string', jsonPath: '.spec.mast' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { mast: { type: 'string' } } } },
          },
        },
      },
    ],
  },
}
const SHIPS = '/apis/example.com/v1/namespaces/default/ships'
const ship = (name: string) => ({
  apiVersion: 'example.com/v1',
  kind: 'Ship',
  metadata: { name },
  spec: { mast: 'tall' },
})

describe('an etcd of a real kube-apiserver', { skip }, () => {
  let etcd: EtcdProcess
  const keys = new Keys()
  const made = new Map<AnyKind, Shown>()
  const refused: string[] = []
  let proa: ApiEnd | undefined
  let ofProa: Record<string, Shown> = {}

  before(async () => {
    etcd = await EtcdProcess.start()
    const upstream = await startUpstream(keys, etcd.url)
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
    await upstream.want('POST', '/api/v1/namespaces/default/serviceaccounts', account)
    for (const kind of stored) {
      const body = bodyOf(kind, nameOf(kind, 1), { labels: { made: 'upstream' } })
      const answer = await upstream.ask('POST', collectionOf(kind), body)
      if (answer.status === 201) made.set(kind, answer.body)
      else refused.push(`${titleOf(kind)}: ${answer.status} ${answer.body.message ?? answer.body}`)
    }
    await upstream.want(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      definition,
    )
    await eventually(async () => (await upstream.ask('POST', SHIPS, ship('one'))).status === 201)
    for (const kind of made.keys())
      made.set(kind, await upstream.want('GET', pathOf(kind, made.get(kind))))
    await upstream.stop()
    if (process.env.RECORD) await record(etcd.url)
  })
  after(async () => {
    await proa?.stop()
    await etcd.remove()
    keys.remove()
  })

  test('upstream took an object of every kind', () => {
    assert.deepEqual(refused, [])
  })

  test('Proa serves every object as upstream did', async () => {
    const gates = new Map([['AllAlpha', true]])
    proa = await startProa(keys, { servers: [etcd.url] }, undefined, undefined, gates)
    const differences: string[] = []
    for (const [kind, wanted] of made) {
      const { body } = await proa.ask('GET', pathOf(kind, wanted))
      try {
        assert.deepEqual(withoutNothing(body), withoutNothing(wanted))
      } catch (error) {
        if (!OWN.has(kind.plural)) differences.push(`${titleOf(kind)}: ${(error as Error).message}`)
      }
    }
    assert.equal(differences.join('\n'), '')
    await eventually(async () => (await proa?.ask('GET', `${SHIPS}/one`))?.status === 200)
  })

  test('Proa changes and creates', async () => {
    assert.ok(proa)
    for (const [kind, wanted] of made) {
      const path = pathOf(kind, wanted)
      await proa.want('PATCH', path, fixtureOf(kind).change, merge)
      const name = nameOf(kind, 2)
      if (name !== wanted.metadata.name && fixtureOf(kind).isNamedByContent !== true)
        await proa.want('POST', collectionOf(kind), bodyOf(kind, name))
    }
    await proa.want('PATCH', `${SHIPS}/one`, { spec: { mast: 'short' } }, merge)
    await proa.want('POST', SHIPS, ship('two'))
    ofProa = await everything(proa)
    await proa.stop()
    proa = undefined
  })

  test('upstream reads all of it as Proa told it', async () => {
    const upstream = await startUpstream(keys, etcd.url)
    try {
      await eventually(async () => (await upstream.ask('GET', SHIPS)).status === 200)
      const ofUpstream = await everything(upstream)
      const differences: string[] = []
      for (const [path, wanted] of Object.entries(ofProa)) {
        try {
          assert.deepEqual(withoutNothing(ofUpstream[path]), withoutNothing(wanted))
        } catch (error) {
          differences.push(`${path}: ${(error as Error).message}`)
        }
      }
      assert.equal(differences.join('\n'), '')
    } finally {
      await upstream.stop()
    }
  })

  const pathOf = (kind: AnyKind, { metadata }: Shown) => `${collectionOf(kind)}/${metadata.name}`

  /** Every object that somebody made here, by path. */
  async function everything(server: ApiEnd): Promise<Record<string, Shown>> {
    const found: Record<string, Shown> = {}
    const collections = [...made.keys()].filter(({ plural }) => !OWN.has(plural)).map(collectionOf)
    for (const path of [...collections, SHIPS])
      for (const { metadata } of (await server.want('GET', path)).items)
        found[`${path}/${metadata.name}`] = await server.want('GET', `${path}/${metadata.name}`)
    return found
  }
})

async function eventually(look: () => Promise<boolean | undefined>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** `RECORD=1` writes what upstream stored for tests that need no kube-apiserver. */
async function record(url: string): Promise<void> {
  const connection = new EtcdConnection([url], {}, systemClock)
  const asItIs = {
    toEtcd: (_: string, value: Uint8Array) => value,
    fromEtcd: (_: string, value: Uint8Array) => value,
  }
  const space = { root: '/registry/', prefix: '/registry/' }
  const reader = new EntryReader(space, asItIs)
  const { entries } = await readRange(connection, reader, { prefix: '/registry/' })
  connection.close()
  const lines = entries
    .filter(
      ({ value }) => Buffer.from(value).includes('made') || Buffer.from(value).includes('ship'),
    )
    .map(({ key, value }) => `${key} ${Buffer.from(value).toString('base64')}\n`)
  writeFileSync(join(import.meta.dirname, '..', '..', 'facts', 'etcd-values.txt'), lines.join(''))
}
