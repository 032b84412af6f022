/** Objects with as many fields as upstream takes are answered alike by both servers, with all that becomes of their fields’ owners. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import {
  bodyOf,
  fixtureOf,
  nameOf,
  titleOf,
} from '../../../src/apiserver/all-kinds/testing/objects.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { accepted, fullest, type Refusal } from './maximal.ts'
import { type Asked, Pair } from './pair.ts'
import { as, collectionOf, MERGE, served } from './served.ts'

const APPLY = { 'content-type': 'application/apply-patch+yaml' }
/** Written beside a status, where some kinds take no metadata. */
const told = { labels: { told: 'here' }, annotations: { told: 'here' } }

describe('the fullest objects of', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  /** What upstream has against what is asked; undefined where it takes it. */
  async function refusals(asked: Asked): Promise<Refusal[] | undefined> {
    const { status, text } = await pair.ask(asked)
    return status < 300 ? undefined : (JSON.parse(text).details?.causes ?? [])
  }

  async function live(kind: AnyKind): Promise<string[]> {
    const at = collectionOf(kind)
    const name = nameOf(kind, 1)
    const path = `${at}/${name}`
    const {
      apiVersion,
      metadata,
      kind: type,
      ...valid
    } = bodyOf(kind, name, {
      labels: { made: 'here' },
    })
    const whole = (content: PlainObject) => ({ apiVersion, kind: type, metadata, ...content })
    const content = await accepted(fullest(kind, 'object', valid), valid, part =>
      refusals({ method: 'POST', path: `${at}?dryRun=All`, body: whole(part) }),
    )
    const { change, status: fine } = fixtureOf(kind)
    const tell = (status: object, query = ''): Asked => ({
      method: 'PATCH',
      path: `${path}/status${query}`,
      headers: MERGE,
      body: { metadata: told, status },
    })
    const lines = [
      ...(await pair.compare({ method: 'POST', path: at, body: whole(content) })),
      ...(await pair.compare({ method: 'PATCH', path, body: change, headers: MERGE })),
    ]
    if (fine) {
      const status = await accepted(fullest(kind, 'status', fine), fine, async part =>
        (await refusals(tell(part, '?dryRun=All')))?.map(({ field = '', ...rest }) => ({
          ...rest,
          field: field.replace(/^status\.?/, ''),
        })),
      )
      lines.push(...(await pair.compare(tell(status))))
    }
    const rest: Asked[] = [
      {
        method: 'PATCH',
        path: `${path}?fieldManager=applier&force=true`,
        headers: APPLY,
        body: whole(content),
      },
      { method: 'GET', path, headers: as('Table') },
      { method: 'DELETE', path, body: { propagationPolicy: 'Background', gracePeriodSeconds: 0 } },
    ]
    for (const asked of rest) lines.push(...(await pair.compare(asked)))
    const body = { metadata: { finalizers: null } }
    await pair.both({ method: 'PATCH', path, body, headers: MERGE })
    return lines
  }

  for (const kind of served)
    test(titleOf(kind), async () => assert.deepEqual(unexpected(await live(kind)), []))
})
