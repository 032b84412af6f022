/** What becomes of definitions: their conditions, accepted names and finalizers are told by Proa as by upstream. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { type Step, situations } from './definition-states.ts'
import { differences, type Shown } from './differences.ts'
import { oldDefinitions } from './old-definitions.ts'
import { Pair, type Told } from './pair.ts'

/** What a status says is not looked at before nothing was written for so long. */
const REST_MS = 400
const LONGEST_MS = 30_000

describe('a definition', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  for (const { title, steps, differs } of situations)
    test(`${title}${differs ? `: ${differs}` : ''}`, async () => {
      const lines: string[] = []
      for (const [at, step] of steps.entries())
        lines.push(...(await takenBy(pair, step)).map(line => `step ${at + 1}: ${line}`))
      if (differs)
        assert.notDeepEqual(lines, [], 'it is told alike by now: it need not be accepted')
      else assert.deepEqual(lines, [])
    })

  for (const { title, name, definition } of oldDefinitions)
    test(`from before schemas had to be structural, ${title}`, async () => {
      await pair.seed(
        `/registry/apiextensions.k8s.io/customresourcedefinitions/${name}`,
        definition,
      )
      const asked = { method: 'GET', path: pathOf(name) } as const
      while ((await pair.both(asked)).some(({ text }) => !text.includes('NonStructural')))
        await sleep(50)
      const change = { spec: { names: { shortNames: ['old'] } } }
      const headers = { 'content-type': 'application/merge-patch+json' }
      const patch = { method: 'PATCH', path: pathOf(name), body: change, headers } as const
      for (const step of [asked, patch])
        assert.deepEqual(await takenBy(pair, { asked: step, looksAt: name }), [])
    })
})

/** Where the two differ once the step had its effect. */
async function takenBy(pair: Pair, { asked, looksAt, until }: Step): Promise<string[]> {
  const answers = await pair.both(asked)
  const [upstream, proa] = answers.map(({ status }) => status)
  if (upstream !== proa) return [`${asked.method}: upstream ${upstream}, Proa ${proa}`]
  const shown = await Promise.all([
    rested(() => pair.ask({ method: 'GET', path: pathOf(looksAt) }), until),
    rested(() => pair.askProa({ method: 'GET', path: pathOf(looksAt) }), until),
  ])
  return unexpected(differences(...shown))
}

const pathOf = (name: string) => `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`

/** What is told once it changes no more. */
async function rested(ask: () => Promise<Told>, until = /(?:)/): Promise<string> {
  const end = Date.now() + LONGEST_MS
  let [last, since] = ['', Date.now()]
  for (;;) {
    const { text } = await ask()
    if (text !== last) [last, since] = [text, Date.now()]
    if (until.test(text) && Date.now() - since > REST_MS) return stateOf(JSON.parse(text))
    assert.ok(Date.now() < end, `it is never told ${until}: ${text}`)
    await sleep(50)
  }
}

/** Upstream has a controller for each, and it is chance which is first. */
const byType = (one: Shown, other: Shown) => (one.type < other.type ? -1 : 1)

/** All but who wrote it, and how often. */
function stateOf({ metadata, spec, status, ...rest }: Shown): string {
  const { finalizers, deletionTimestamp, generation, annotations } = metadata ?? {}
  return JSON.stringify({
    metadata: { finalizers, deletionTimestamp, generation, annotations },
    names: spec?.names,
    status: status && { ...status, conditions: status.conditions?.toSorted(byType) },
    rest,
  })
}
