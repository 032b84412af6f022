import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { PullCredential } from '../image-access/pull-credentials.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import type { RegistryAuth } from '../runtime.ts'
import { pullCredentials } from './pull-secrets.ts'
import { type PullLimits, Pulls } from './pulls.ts'

const of = (password: string): PullCredential => ({ auth: { username: 'u', password } })

function node(pullLimits: PullLimits = {}) {
  const calls: { image: string; auth: RegistryAuth | undefined; end: (id: string) => void }[] = []
  const pullImage = (image: string, auth?: RegistryAuth) =>
    auth?.password === 'bad'
      ? Promise.reject(new Error('unauthorized'))
      : new Promise<string>(end => calls.push({ image, auth, end }))
  const context = { clock: createManualClock(), options: { pullLimits, runtime: { pullImage } } }
  return { calls, pulls: new Pulls(context as unknown as KubeletContext) }
}
const rest = () => new Promise(setImmediate)

test('a pull is shared by those with the same words, and by nobody else', async () => {
  const { calls, pulls } = node()
  const all = [[of('a')], [of('a')], [], [of('b')]].map(each => pulls.pull('i', each))
  await rest()
  assert.deepEqual(
    calls.map(({ auth }) => auth?.password),
    ['a', undefined, 'b'],
  )
  for (const { end } of calls) end('id')
  const [first, , nobody] = await Promise.all(all)
  assert.deepEqual(first, { imageRef: 'id', credential: of('a') })
  assert.equal(nobody?.credential, undefined)
})

test('the next credential is tried, and all that was said is told', async () => {
  const { calls, pulls } = node()
  const pull = pulls.pull('i', [of('bad'), of('good')])
  await rest()
  calls[0]?.end('id')
  assert.deepEqual((await pull).credential, of('good'))
  await assert.rejects(pulls.pull('i', [of('bad'), of('bad')]), /^Error: unauthorized$/)
})

test('so many at a time, and so often a second', async () => {
  const { calls, pulls } = node({ parallel: 1 })
  const all = ['a', 'b'].map(image => pulls.pull(image, []))
  await rest()
  assert.deepEqual(
    calls.map(({ image }) => image),
    ['a'],
  )
  calls[0]?.end('id')
  await rest()
  assert.equal(calls[1]?.image, 'b')
  calls[1]?.end('id')
  await Promise.all(all)

  const hasty = node({ rate: { perSecond: 1, burst: 1 } })
  const first = hasty.pulls.pull('a', [])
  await assert.rejects(hasty.pulls.pull('b', []), /^Error: pull QPS exceeded$/)
  await rest()
  hasty.calls[0]?.end('id')
  assert.equal((await first).imageRef, 'id')
})

test('secrets give words without an address, and those that are missing are told', async () => {
  const auths = { 'r.test:5000': { username: 'u', password: 'p' } }
  const data = { '.dockerconfigjson': btoa(JSON.stringify({ auths })) }
  const client = {
    get: async (_: unknown, name: string) => {
      if (name === 'none') throw new Error('not found')
      return { metadata: { name, namespace: 'default', uid: 'id' }, data }
    },
  }
  const pod = {
    metadata: { namespace: 'default' },
    spec: { imagePullSecrets: [{ name: 'none' }, { name: 'good' }] },
  }
  const context = { client, log: { debug() {} } } as unknown as KubeletContext
  const missing: string[] = []
  const found = await pullCredentials(pod as Pod, 'r.test:5000/a:1', context, names =>
    missing.push(...names),
  )
  assert.deepEqual(found, [
    {
      auth: { username: 'u', password: 'p' },
      secret: { uid: 'id', namespace: 'default', name: 'good' },
    },
  ])
  assert.deepEqual(missing, ['none'])
})
