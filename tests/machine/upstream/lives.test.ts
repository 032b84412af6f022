/**
 * What careless clients do to objects of all kinds, both servers answer alike: random requests of every verb with contents half of which make
 * no sense. Each seed is a life of its own, see chosen-lives.ts.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { type Asked, FORMS, Life, textOf } from '../../fuzz/lives.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Accepted, besides, unexpected } from './accepted.ts'
import { chosenLives, STEPS, startPairForLives } from './chosen-lives.ts'
import { differences } from './differences.ts'
import { inGeneral } from './in-general.ts'
import { ofLives } from './of-lives.ts'
import { headerDifferences, type Pair, type Told } from './pair.ts'

/** Upstream has CBOR behind a gate. */
const forms = FORMS.filter(form => !form.endsWith('cbor'))

const GAVE_UP = /NGHTTP2_INTERNAL_ERROR/

/** Where upstream answers otherwise, and why Proa does not. */
const ACCEPTED: readonly { readonly upstream: RegExp; readonly why: string }[] = [
  {
    upstream: /^406 .*\/status(\?\S*)? .*as=Table/,
    why: 'some kinds have no table of their status there',
  },
  {
    upstream: /^500 .*unable to find api field in struct RawExtension/,
    why: 'strategic patches of what no schema describes fail there',
  },
  {
    upstream: /^500 .*Object 'apiVersion' is missing in 'object has no apiVersion field'/,
    why: 'a custom object without its version is refused as invalid',
  },
  {
    upstream:
      /^500 PATCH .*apply-patch.*(strconv\.ParseUint|to proper version: unable to convert unstructured object)/,
    why: 'what is wrong with more than one thing that is applied is told of another one first',
  },
]

/** Of headers, and of texts that can be read. */
function answerDifferences(upstream: Told, proa: Told, asked: Asked): string[] {
  const isText = /^\{|^apiVersion/.test(upstream.text)
  const [wanted = '', given = ''] = [upstream, proa].map(({ text }) => inGeneral(ofLives(text)))
  const lines = [
    ...headerDifferences(upstream, proa),
    ...(isText ? differences(wanted, given) : []),
  ]
  return besides(
    ACCEPTED_BODIES,
    unexpected(lines.map(line => `${asked.method} ${asked.path} ${line}`)),
  )
}

const told = ({ status, text }: Told) => `${status} ${status < 300 ? '' : text}`

const ACCEPTED_BODIES: readonly Accepted[] = [
  {
    line: /accepted media types include: (\S+, )*application\/apply-patch\+yaml", Proa ".*, application\/apply-patch\+cbor"$/,
    why: 'Proa takes CBOR, which upstream has behind a gate',
  },
  {
    line: /^\S+ \S+\/belongings\S* .*(message|causes).*: upstream .*(Duplicate value|spec\.)/,
    why: 'upstream looks at the fields of custom resources in random order',
  },
  {
    line: /message: upstream "failed to create typed patch object .*field not declared in schema/,
    why: 'of several such fields upstream tells one or another, in random order',
  },
  {
    line: /header warning: upstream .*duplicate entries after mutating admission happens/,
    why: 'what names a revision that is none is refused before its owners are looked at',
  },
]

describe('the lives of objects', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await startPairForLives()
  })
  after(() => pair?.stop())

  const answerOf = (asked: Asked) =>
    pair.ask(asked).catch(error => {
      if (!GAVE_UP.test(String(error))) throw error
    })

  for (const { seed, dice, its, resource } of chosenLives()) {
    test(`${resource}, seed ${seed}`, async () => {
      const life = new Life(its, dice, seed, forms)
      const ask = async (asked: Asked) => {
        const [upstream, proa] = await Promise.all([answerOf(asked), pair.askProa(asked)])
        // It gave up amid a request that it had no answer for.
        if (!upstream) return false
        if (proa.status === upstream.status) {
          const lines = answerDifferences(upstream, proa, asked)
          if (lines.length === 0) return true
          assert.fail(`\n${textOf(asked)}\n${lines.join('\n')}`)
        }
        const line = `${upstream.status} ${textOf(asked)} ${upstream.text}`.replaceAll('\n', ' ')
        if (ACCEPTED.some(each => each.upstream.test(line))) return false
        assert.fail(`\n${textOf(asked)}\nupstream ${told(upstream)}\nProa ${told(proa)}`)
      }
      // Where one was refused by upstream alone, the objects are not the same any more.
      let isSame = await ask(life.first())
      for (let step = 0; step < STEPS && isSame; step++) isSame = await ask(life.next())
      await pair.both(life.last())
    })
  }
})
