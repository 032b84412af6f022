/**
 * Who owns which fields of an object, after many writers did to it what they do: both servers tell it alike after each request. Each seed is a
 * story of its own; `PROA_OWNERS=20,7` begins at seed 7 and tells twenty, `PROA_OWNERS_KINDS` chooses titles.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlainObject } from '#api/machinery/plain.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { DEFINITIONS } from './non-resource-paths.ts'
import { Story } from './owners.ts'
import { ownersAccepted } from './owners-accepted.ts'
import { type Asked, Pair } from './pair.ts'
import { OWNED } from './variants/owned.ts'
import { BELONGINGS, OWNED_DEFINITION } from './variants/owned-custom.ts'

const [STORIES = 6, FIRST = 1] = (process.env.PROA_OWNERS ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const STEPS = 24
const chosen = new RegExp(process.env.PROA_OWNERS_KINDS ?? '')

describe('the owners of the fields of', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
    await pair.both({ method: 'POST', path: DEFINITIONS, body: OWNED_DEFINITION })
    for (const path of BELONGINGS.flatMap(({ collections }) => collections))
      while ((await pair.both({ method: 'GET', path })).some(({ status }) => status !== 200))
        await sleep(100)
  })
  after(() => pair?.stop())

  for (const owned of [...OWNED, ...BELONGINGS]) {
    if (!chosen.test(owned.title)) continue
    for (let seed = FIRST; seed < FIRST + STORIES; seed++)
      test(`a ${owned.title}, seed ${seed}`, async () => {
        const story = new Story(owned, seed)
        const told: string[] = []
        let shown: readonly [PlainObject, PlainObject] | undefined
        for (let count = 0; count < STEPS; count++) {
          const { asked, ofProa } = shown ? story.next(shown) : story.first()
          const { method, path, body, headers } = asked
          told.push(`${method} ${path} ${headers?.['content-type'] ?? ''} ${JSON.stringify(body)}`)
          const lines = unexpected(await pair.compare(asked, ofProa, ordered))
          const read: Asked = { method: 'GET', path: story.path }
          lines.push(...unexpected(await pair.compare(read, read, ordered)))
          const [upstream, proa] = await pair.both(read)
          const before = shown
          shown =
            upstream.status === 200 && proa.status === 200
              ? [JSON.parse(upstream.text), JSON.parse(proa.text)]
              : undefined
          if (before && shown && wrote(before[0], shown[0]) !== wrote(before[1], shown[1]))
            lines.push(
              `${method} ${path} writes something: upstream ${wrote(before[0], shown[0])}, before ${ownersIn(before[1])}`,
            )
          const found = ownersAccepted(owned.title, lines)
          assert.ok(
            found.length === 0,
            `\n${found.join('\n')}\nafter\n${told.slice(-4).join('\n')}\nbefore ${JSON.stringify(before?.[0])}`,
          )
          if (lines.length > 0) return
        }
      })
  }
})

const ownersIn = ({ metadata }: PlainObject) =>
  JSON.stringify((metadata as PlainObject).managedFields)
const revisionOf = ({ metadata }: PlainObject) => (metadata as PlainObject).resourceVersion
const wrote = (before: PlainObject, now: PlainObject) => revisionOf(before) !== revisionOf(now)

/** Who wrote in the same second has no order, and neither have those whose fields are in dispute: upstream tells of them as Go walks maps. */
function ordered(text: string): string {
  if (!text.startsWith('{')) return text
  const told = JSON.parse(text)
  const { details } = told
  if (details?.causes)
    details.causes = [...new Set(details.causes.map(inOneLine))].map(each =>
      JSON.parse(each as string),
    )
  if (told.reason === 'Conflict')
    told.details?.causes?.sort((one: Cause, other: Cause) => (textOf(one) < textOf(other) ? -1 : 1))
  told.metadata?.managedFields?.sort((one: Owner, other: Owner) =>
    rankOf(one) < rankOf(other) ? -1 : 1,
  )
  return JSON.stringify(told)
}

const inOneLine = (value: object) => JSON.stringify(value)
interface Cause {
  readonly message: string
  readonly field: string
}
const textOf = ({ message, field }: Cause) => `${message} ${field}`
type Owner = Readonly<Record<string, string>>
const rankOf = ({ operation, manager, subresource, apiVersion }: Owner) =>
  `${operation} ${manager} ${subresource} ${apiVersion}`
