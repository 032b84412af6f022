/** Objects with as many fields as upstream takes are answered alike by both servers, with all that becomes of their fields’ owners. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AnyKind } from '#api/machinery/kind.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import { titleOf } from '../../../src/apiserver/all-kinds/testing/objects.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { grown, type Verdict } from './grow.ts'
import { hungUp } from './hung-up.ts'
import { accepted, fullest, type Refusal } from './maximal.ts'
import { type Asked, Pair, type Told } from './pair.ts'
import { as, collectionOf, MERGE, served } from './served.ts'
import { sorted } from './sorted.ts'
import { type Beginning, beginningsOf } from './variants/variants.ts'

const APPLY = { 'content-type': 'application/apply-patch+yaml' }
/** Of a PUT that another write came before. */
const ATTEMPTS = 5
/** Written beside a status, where some kinds take no metadata. */
const told = { labels: { told: 'here' }, annotations: { told: 'here' } }

describe('the fullest objects of', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  /** As full as upstream takes it, which is asked by `askedOf`. */
  async function fullestOf(
    kind: AnyKind,
    {
      valid,
      part,
      isThorough,
    }: { valid: PlainObject; part: 'object' | 'status'; isThorough: boolean },
    askedOf: (candidate: PlainObject) => Asked,
  ): Promise<PlainObject> {
    const full = fullest(kind, part, valid)
    const refusals = async (candidate: PlainObject) => {
      const told = await pair.ask(askedOf(candidate)).catch(hungUp)
      return told ? refusalsOf(told, part) : []
    }
    const refused = await pair.ask(askedOf(valid))
    assert.ok(refused.status < 300, `upstream refuses it: ${refused.text}`)
    const left = isThorough ? await accepted(full, valid, refusals) : valid
    const judge = async (candidate: PlainObject): Promise<Verdict> => {
      const refused = await refusals(candidate)
      if (!refused) return 'taken'
      return refused.some(({ reason }) => reason === 'FieldValueForbidden') ? 'excluded' : 'refused'
    }
    return sorted(await grown(left, full, judge, isThorough ? 2 : 0)) as PlainObject
  }

  async function live(kind: AnyKind, begun: Beginning): Promise<string[]> {
    const at = collectionOf(kind)
    const isThorough = begun.title === 'small'
    const path = `${at}/${begun.name}`
    const head = {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { name: begun.name, labels: { made: 'here', variant: begun.name } },
    }
    const whole = (content: PlainObject) => ({ ...head, ...content })
    const content = await fullestOf(
      kind,
      { valid: begun.content, part: 'object', isThorough },
      candidate => ({
        method: 'POST',
        path: `${at}?dryRun=All`,
        body: whole(candidate),
      }),
    )
    const lines: string[] = []
    const compare = async (...asked: Asked[]) => {
      for (const each of asked) lines.push(...(await pair.compare(each)))
    }
    const tell = (status: object, query = ''): Asked => ({
      method: 'PATCH',
      path: `${path}/status${query}`,
      headers: MERGE,
      body: { metadata: told, status },
    })
    const get: Asked = { method: 'GET', path }
    const put = async (at: string, change: (shown: PlainObject) => object) => {
      const putting = ({ text }: Told): Asked => ({
        method: 'PUT',
        path: at,
        body: change(JSON.parse(text)),
      })
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const [upstream, proa] = await pair.both(get)
        const found = await pair.compare(putting(upstream), putting(proa))
        // Of some kinds the servers write the status themselves, maybe just now.
        if (found.some(line => line.includes(' 409')) && attempt < ATTEMPTS - 1) continue
        lines.push(...found)
        return
      }
    }
    await compare({ method: 'POST', path: at, body: whole(content) })
    if (lines.some(line => line.includes(' status: '))) return lines
    await compare(get)
    await put(path, labelled)
    await compare(
      { method: 'PUT', path, body: whole(content) },
      { method: 'PATCH', path, body: begun.change, headers: MERGE },
    )
    if (begun.status) {
      const status = await fullestOf(
        kind,
        { valid: begun.status, part: 'status', isThorough },
        part => tell(part, '?dryRun=All'),
      )
      await compare(tell(status))
      await put(`${path}/status`, labelled)
    }
    const listed = `${at}?labelSelector=variant%3D${begun.name}`
    await compare(
      {
        method: 'PATCH',
        path: `${path}?fieldManager=applier&force=true`,
        headers: APPLY,
        body: whole(content),
      },
      get,
      { method: 'GET', path: listed },
      { method: 'GET', path: listed, headers: as('Table') },
      { method: 'GET', path, headers: { accept: 'application/yaml' } },
      { method: 'GET', path, headers: as('Table') },
      { method: 'DELETE', path, body: { propagationPolicy: 'Background', gracePeriodSeconds: 0 } },
    )
    const body = { metadata: { finalizers: null } }
    await pair.both({ method: 'PATCH', path, body, headers: MERGE })
    return lines
  }

  for (const kind of served)
    for (const begun of beginningsOf(kind))
      test(`${titleOf(kind)}: ${begun.title}`, async () =>
        assert.deepEqual(unexpected(await live(kind, begun)), []))
})

/** What is against it; undefined where it was taken. */
function refusalsOf({ status, text }: Told, part: 'object' | 'status'): Refusal[] | undefined {
  if (status < 300) return undefined
  const causes: Refusal[] = JSON.parse(text).details?.causes ?? []
  if (part === 'object') return causes
  return causes.map(({ field = '', ...rest }) => ({
    ...rest,
    field: field.replace(/^status\.?/, ''),
  }))
}

/** The object as it was shown, with one label more. */
const labelled = ({ metadata, ...rest }: PlainObject): object => ({
  ...rest,
  metadata: {
    ...(metadata as PlainObject),
    labels: { ...((metadata as PlainObject).labels as object), put: 'here' },
  },
})
