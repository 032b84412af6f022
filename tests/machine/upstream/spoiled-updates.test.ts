/**
 * Stored objects of all kinds with one thing put otherwise at a time, at the object and at its subresources, are answered by both servers alike:
 * what a change may not be, what it is set back to, and what the object is then. Chosen as the spoiled creates are, with titles such as
 * `v1 Pod` and `v1 Pod status`.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { besides } from './accepted.ts'
import { differing, isChosen, SHARE, type Way } from './held-together.ts'
import { inGeneral } from './in-general.ts'
import { type Asked, Pair } from './pair.ts'
import { otherwise, type Part, partsOf } from './respoiled.ts'
import { acceptedOfUpdates } from './respoiled-accepted.ts'
import { collectionOf, MERGE, served } from './served.ts'
import { sorted } from './sorted.ts'
import { type Beginning, beginningsOf } from './variants/variants.ts'

/** What upstream stores as it came, and takes for changed in another order. */
const COMPARED_AS_BYTES = ['opaque']
/** Of a PUT that another write came before. */
const ATTEMPTS = 5

describe('spoiled updates of', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  for (const part of served.flatMap(partsOf)) {
    const { title } = part
    if (!isChosen(title)) continue
    test(title, async () => {
      const seen = new Set<string>()
      const lines: string[] = []
      for (const [at, begun] of beginningsOf(part.kind).entries()) {
        const path = `${collectionOf(part.kind)}/${begun.name}`
        const read = `${path}${part.readPath}`
        const compare = (way: Way) => compared(pair, read, way)
        try {
          await make(pair, part.kind, begun)
          const ways = waysOf(part, `${path}${part.path}`, {
            seen,
            title: begun.title,
            isFirst: at === 0,
            shown: await shown(pair, read),
          })
          lines.push(...(await differing(pair, title, ways, compare)))
        } finally {
          await remove(pair, path, part.kind)
        }
      }
      assert.ok(lines.length === 0, `\n${lines.join('\n')}`)
    })
  }
})

/** Stores it at both, with its status. */
async function make(pair: Pair, kind: AnyKind, begun: Beginning): Promise<void> {
  const { name, content, status } = begun
  const path = collectionOf(kind)
  const body = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name }, ...content }
  await both(pair, { method: 'POST', path, body })
  if (kind.kind === 'CustomResourceDefinition') await established(pair, `${path}/${name}`)
  if (!status || !kind.subresources.status) return
  await both(pair, {
    method: 'PATCH',
    path: `${path}/${name}/status`,
    headers: MERGE,
    body: { status },
  })
}

/** What may be changed of a definition depends on it, and either server takes its time. */
async function established(pair: Pair, path: string): Promise<void> {
  const isTold = ({ text }: { text: string }) =>
    /"type":\s*"Established",\s*"status":\s*"True"/.test(text)
  for (let tries = 0; tries < 100; tries++) {
    if ((await both(pair, { method: 'GET', path })).every(isTold)) return
    await sleep(100)
  }
}

async function remove(pair: Pair, path: string, { kind }: AnyKind): Promise<void> {
  const options = { propagationPolicy: 'Background', gracePeriodSeconds: 0 }
  await pair.both({ method: 'DELETE', path, body: options })
  const body = { metadata: { finalizers: null } }
  await pair.both({ method: 'PATCH', path, body, headers: MERGE })
  if (kind !== 'Namespace') return
  const empty = { apiVersion: 'v1', kind, metadata: { name: path.split('/').at(-1) } }
  await pair.both({ method: 'PUT', path: `${path}/finalize`, body: empty })
}

async function both(pair: Pair, asked: Asked) {
  const told = await pair.both(asked)
  for (const { status, text } of told)
    assert.ok(status < 300, `${asked.method} ${asked.path}: ${status} ${text}`)
  return told
}

async function shown(pair: Pair, path: string): Promise<readonly [PlainObject, PlainObject]> {
  const [upstream, proa] = await both(pair, { method: 'GET', path })
  return [upstream, proa].map(({ text }) => sorted(JSON.parse(text), COMPARED_AS_BYTES)) as [
    PlainObject,
    PlainObject,
  ]
}

interface Shown {
  readonly seen: Set<string>
  readonly title: string
  readonly isFirst: boolean
  readonly shown: readonly [PlainObject, PlainObject]
}

/** Each only once, though several objects of a kind have much in common. */
function* waysOf(part: Part, at: string, of: Shown): Generator<Way> {
  const { seen, isFirst } = of
  const path = `${at}?dryRun=All`
  const [upstream, proa] = of.shown
  const own = new Map<string, PlainObject>()
  for (const { title, content } of otherwise(part, proa, isFirst)) own.set(title, content)
  for (const { title, content } of otherwise(part, upstream, isFirst)) {
    const ofProa = own.get(title)
    // Where upstream shows a null, Proa shows nothing.
    if (!ofProa) continue
    const text = part.written(content)
    if (seen.has(text) && !isFirst) continue
    seen.add(text)
    if (seen.size % SHARE !== 0) continue
    yield {
      title: `${of.title}: ${title}`,
      asked: { method: 'PUT', path, body: content },
      ofProa: { method: 'PUT', path, body: ofProa },
    }
  }
}

/** Of some kinds the servers write the status themselves, maybe just now: then once more, over what is there by now. */
async function compared(pair: Pair, path: string, { title, asked, ofProa = asked }: Way) {
  let bodies = [asked.body, ofProa.body] as [PlainObject, PlainObject]
  for (let attempt = 1; ; attempt++) {
    const [upstream, proa] = bodies
    const found = await pair.compare(
      { ...asked, body: upstream },
      { ...ofProa, body: proa },
      inGeneral,
    )
    const isOvertaken =
      !title.includes('resourceVersion') && found.some(line => / status: .*\b409\b/.test(line))
    if (!isOvertaken || attempt === ATTEMPTS) return besides(acceptedOfUpdates, found)
    const now = await shown(pair, path)
    bodies = bodies.map((body, at) => overtaking(body, now[at] as PlainObject)) as typeof bodies
  }
}

const overtaking = (body: PlainObject, { metadata }: PlainObject): PlainObject => ({
  ...body,
  metadata: {
    ...(body.metadata as PlainObject),
    resourceVersion: (metadata as PlainObject).resourceVersion,
  },
})
