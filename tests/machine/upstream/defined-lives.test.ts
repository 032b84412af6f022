/**
 * Definitions with schemas by chance, and objects that are written while the schemas change: both servers take and refuse the same of them, in the same
 * words, fill in and leave out the same, and let stay what was there before. `PROA_DEFINED=200,7` tells two hundred lives from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlainObject } from '#api/machinery/plain.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Accepted, besides, unexpected } from './accepted.ts'
import { DefinedLife, type Shown } from './defined-lives.ts'
import { differences, readText } from './differences.ts'
import { inGeneral } from './in-general.ts'
import { headerDifferences, Pair, type Told } from './pair.ts'

const [LIVES = 20, FIRST = 1] = (process.env.PROA_DEFINED ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const STEPS = 20
/** Until a server goes by a schema that it has been given. */
const TAKES_EFFECT_MS = 400

describe('defined lives', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  for (let seed = FIRST; seed < FIRST + LIVES; seed++)
    test(`seed ${seed}`, async () => {
      const dice = new Dice(seed)
      for (let thrown = 0; thrown < 3; thrown++) dice.below(2)
      const life = new DefinedLife(dice, seed)
      const defined = await pair.both(life.define())
      const lines = linesOf(defined)
      assert.deepEqual(lines, [], JSON.stringify(life.define().body))
      if (defined[0].status !== 201) return
      await served(life.collection())
      const told = [JSON.stringify(life.define().body)]
      let shown: Shown | undefined
      for (let count = 0; count < STEPS; count++) {
        const { asked, ofProa, defines } = shown ? life.next(shown) : life.first()
        const { method, path, headers, body } = asked
        told.push(`${method} ${path} ${JSON.stringify(headers)} ${JSON.stringify(body)}`)
        const answers = await pair.both(asked, ofProa)
        if (defines) await sleep(TAKES_EFFECT_MS)
        const reads = await pair.both({ method: 'GET', path: life.path })
        const found = [...linesOf(answers), ...linesOf(reads)]
        assert.ok(
          found.length === 0,
          `\n${found.join('\n')}\nafter\n${[told[0], ...told.slice(-5)].join('\n')}\nbefore ${JSON.stringify(shown?.[0])}`,
        )
        const [upstream, proa] = reads.map(({ status, text }) =>
          status === 200 ? (JSON.parse(text) as PlainObject) : undefined,
        )
        shown = upstream && proa ? [upstream, proa] : undefined
      }
      await pair.both({ method: 'DELETE', path: life.definition })
    })

  async function served(path: string): Promise<void> {
    while ((await pair.both({ method: 'GET', path })).some(({ status }) => status !== 200))
      await sleep(50)
  }
})

function linesOf([upstream, proa]: readonly [Told, Told]): string[] {
  const lines =
    upstream.status === proa.status
      ? [
          ...headerDifferences(inOrder(upstream), inOrder(proa)),
          ...differences(plain(upstream.text), plain(proa.text)),
        ]
      : [`status: upstream ${upstream.status} ${upstream.text}, Proa ${proa.status} ${proa.text}`]
  return besides(ACCEPTED, unexpected(lines))
}

const ACCEPTED: readonly Accepted[] = [
  {
    line: /^\.message: upstream "failed to create typed patch object .*field not declared in schema/,
    why: 'of several such fields upstream tells one or another, and with it what it came by before, as Go walks maps',
  },
  {
    line: /message: upstream "Invalid value: .*: must not have unknown fields", Proa ".*: must not have unknown fields"$/,
    why: 'values are shown with their fields in the order in which they came, by upstream in that of their names',
  },
  {
    line: /: upstream .*invalid data, expected .* evaluating rule: all of it stays/,
    why: 'of what changed and what cannot be looked at any more upstream finds one first or the other, as Go walks maps',
  },
]

/** Upstream goes through fields as Go walks maps: of several mistakes any may be the first. */
function plain(text: string): string {
  // Types of rules are numbered by chance there.
  const told = readText(inGeneral(text.replaceAll(/\bselfType\d+/g, 'selfType')))
  const { causes } = told?.details ?? {}
  if (causes?.length > 1) {
    told.message = '…'
    causes.sort((one: object, other: object) =>
      JSON.stringify(one) < JSON.stringify(other) ? -1 : 1,
    )
  }
  return told === undefined ? text : JSON.stringify(told)
}

const inOrder = (told: Told): Told => {
  const { warning, ...headers } = told.headers
  return warning === undefined
    ? told
    : {
        ...told,
        headers: {
          ...headers,
          warning: warning
            .split(/, (?=299)/)
            .sort()
            .join(', '),
        },
      }
}
