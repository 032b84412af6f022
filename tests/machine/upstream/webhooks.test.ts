/** Webhooks of admission are asked by Proa as by upstream, with the same questions, and what they say has the same effect. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Accepted, besides } from './accepted.ts'
import { ANSWERS, DIFFERING_ANSWERS, PATCHES } from './hooks/answers.ts'
import { CHANGES } from './hooks/changes.ts'
import { FAILURES, withSideEffects } from './hooks/failures.ts'
import { type Configuration, GROUP, type Hook, HookedPair } from './hooks/hooked.ts'
import { MATCHING } from './hooks/matching.ts'
import { OPERATIONS } from './hooks/operations.ts'
import { MAPS, mergePatch, named, post, put, rule } from './hooks/scenes.ts'
import { SEVERAL } from './hooks/several.ts'
import { WRONG_PARTS, WRONG_UPDATES, WRONG_WHOLES, withPart } from './hooks/wrong.ts'
import type { Asked } from './pair.ts'

const WAIT_MS = 30_000
/** Upstream's cache is that far behind its store at most. */
const CACHED_MS = 15
const ACCEPTED: readonly Accepted[] = [
  {
    line: /: order upstream /,
    why: 'the order of members means nothing in JSON; sorting them would cost every write',
  },
  {
    line: /\.details\.causes: upstream \[(\{[^}]*\})(,\1)+\], Proa \[\1\]$/,
    why: 'upstream validates the metadata of an update more than once, and repeats the cause each time',
  },
]

type Kind = Configuration['kind']
const KINDS: readonly Kind[] = ['Mutating', 'Validating']
const POLICIES = ['Fail', 'Ignore']
const answersOf = (kind: Kind) => (kind === 'Mutating' ? { ...ANSWERS, ...PATCHES } : ANSWERS)
const pathOf = (kind: Kind) => `${GROUP}/${kind.toLowerCase()}webhookconfigurations`

/** A webhook for each answer, which is asked about what is labelled for it. */
function answering(kind: Kind, failurePolicy: string): Configuration {
  const hookFor = (does: string): Hook => ({
    does,
    name: `${does}.cases.io`,
    rules: [rule(['configmaps'], { operations: ['CREATE'] })],
    failurePolicy,
    timeoutSeconds: does === 'hangs' || does === 'says-429' ? 1 : 10,
    objectSelector: { matchLabels: { case: does, kind, failurePolicy } },
  })
  return {
    kind,
    name: `${kind}-${failurePolicy}`.toLowerCase(),
    webhooks: Object.keys(answersOf(kind)).map(hookFor),
  }
}

describe('webhooks', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let both: HookedPair
  before(async () => {
    both = await HookedPair.start()
  })
  after(() => both?.stop())

  async function check(asked: Asked): Promise<void> {
    const lines = besides(ACCEPTED, await both.compare(asked))
    if (asked.differs === undefined) assert.deepEqual(lines, [])
    else assert.notEqual(lines.length, 0, `${asked.method} ${asked.path} does not differ any more`)
  }

  describe('that answer', () => {
    before(async () => {
      for (const [name, each] of Object.entries({ ...ANSWERS, ...PATCHES }))
        both.behaviours.set(name, each)
      await both.configure(
        ...KINDS.flatMap(kind => POLICIES.map(policy => answering(kind, policy))),
      )
    })
    after(() => both.clear())
    for (const kind of KINDS)
      for (const name of Object.keys(answersOf(kind)))
        test(`${kind} ${name}`, async () => {
          for (const failurePolicy of POLICIES) {
            const labels = { case: name, kind, failurePolicy }
            const asked = post(MAPS, { ...named(name, labels), data: { k: 'v' } })
            const differs = DIFFERING_ANSWERS[failurePolicy]?.[name]
            await check(differs === undefined ? asked : { ...asked, differs })
            for (const made of [name, 'another'])
              await both.pair.both({ method: 'DELETE', path: `${MAPS}/${made}` })
          }
        })
  })

  const scenes = { ...OPERATIONS, ...MATCHING, ...SEVERAL, ...CHANGES, ...FAILURES }
  for (const [name, scene] of Object.entries(scenes))
    test(name, async () => {
      for (const asked of scene.before ?? []) await both.pair.both(asked)
      for (const [does, each] of Object.entries(scene.behaviours ?? {}))
        both.behaviours.set(does, each)
      await both.served(scene.before ?? [])
      try {
        await both.configure(...scene.configurations)
        for (const asked of scene.asks) {
          await check(asked)
          // Of what is still another in its cache, upstream asks twice.
          await delay(CACHED_MS)
        }
      } finally {
        await both.clear()
      }
    })

  test('that may have side effects are not asked in a trial', async () => {
    for (const sideEffects of ['Some', 'Unknown']) {
      const object = withSideEffects(sideEffects)
      const name = `effects-${sideEffects.toLowerCase()}`
      await both.pair.seed(`/registry/validatingwebhookconfigurations/${name}`, object)
      const asked = post(`${MAPS}?dryRun=All`, named(name, { case: sideEffects }))
      await until(async () =>
        (await both.pair.both(asked)).every(({ text }) => text.includes('dry run')),
      )
      await check(asked)
      await check(post(MAPS, named(name, { case: sideEffects })))
      // What was so before may stay so.
      await check(
        mergePatch(`${pathOf('Validating')}/${name}`, { metadata: { labels: { a: 'b' } } }),
      )
      await both.pair.both({ method: 'DELETE', path: `${pathOf('Validating')}/${name}` })
    }
  })

  for (const kind of KINDS) {
    test(`a ${kind} configuration that is wrong is refused`, async () => {
      for (const body of [...WRONG_PARTS.map(withPart), ...WRONG_WHOLES])
        await check(post(`${pathOf(kind)}?dryRun=All`, { ...named('w'), ...body }))
    })
    test(`a ${kind} configuration is not made wrong`, async () => {
      await both.pair.both(post(pathOf(kind), { ...named('w'), ...withPart({}) }))
      for (const body of WRONG_UPDATES) {
        await check(put(`${pathOf(kind)}/w?dryRun=All`, { ...named('w'), ...body }))
        await check(mergePatch(`${pathOf(kind)}/w?dryRun=All`, body))
      }
      await both.pair.both({ method: 'DELETE', path: `${pathOf(kind)}/w` })
    })
  }
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS
  while (!(await condition())) {
    assert.ok(Date.now() < end, 'it does not come to that')
    await delay(100)
  }
}
