/**
 * Bootstrap tokens, by chance: both API servers let the same ones in, as the same users, and controllers sign with the same ones and remove the same
 * ones. `PROA_TOKENS=2000,7` makes two thousand from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { adminKubeconfig, kubeApiServerMissing } from '../etcd/servers.ts'
import { Both, type Said } from './access/both.ts'
import { Managers } from './certificates/managers.ts'
import { tokenSecret } from './certificates/tokens.ts'
import { upstreamRolesMissing } from './mixed-cluster.ts'

const [COUNT = 200, SEED = 1] = (process.env.PROA_TOKENS ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const SECRETS = '/api/v1/namespaces/kube-system/secrets'
const INFO = '/api/v1/namespaces/kube-public/configmaps'
const WHO = {
  method: 'POST',
  path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
} as const
const PATIENCE_MS = 40_000

const skip = etcdMissing() || kubeApiServerMissing() || upstreamRolesMissing()
describe('bootstrap tokens', { skip }, () => {
  const both = new Both()
  let managers: Managers | undefined

  before(() => both.start(['--enable-bootstrap-token-auth']))
  after(async () => {
    await managers?.stop()
    await both.stop()
  })

  test(`${COUNT} from seed ${SEED}`, async () => {
    const different: string[] = []
    const hold = (what: string, answers: readonly [Said, Said], shown: (said: Said) => string) => {
      const [upstream = '', proa = ''] = answers.map(shown)
      if (upstream !== proa) different.push(`${what}\n  upstream ${upstream}\n  Proa     ${proa}`)
    }
    const made = Array.from({ length: COUNT }, (_, at) => ({
      seed: SEED + at,
      ...tokenSecret(new Dice(SEED + at)),
    }))
    for (const { seed, secret } of made)
      hold(
        `seed ${seed} ${shownSecret(secret)}`,
        await both.both({ method: 'POST', path: SECRETS, asAdmin: true, body: secret }),
        ({ status, body }) => `${status} ${status === 201 ? '' : body.message}`,
      )
    await delay(2000)
    let good = 0
    for (const { seed, token, secret } of made) {
      const answers = await both.both({ ...WHO, token })
      if (answers[0].status === 201) good++
      hold(
        `seed ${seed} ${token} ${shownSecret(secret)}`,
        answers,
        ({ status, body }) => `${status} ${JSON.stringify(body.status?.userInfo ?? '')}`,
      )
    }
    const info = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cluster-info' },
      data: { kubeconfig: 'words', 'jws-kubeconfig-nobody': 'x', other: 'y' },
    }
    await both.both({ method: 'POST', path: INFO, asAdmin: true, body: info })
    const files = both.urls.map((url, at) =>
      both.file(`admin-${at}.conf`, adminKubeconfig(url, both.keys)),
    ) as [string, string]
    managers = Managers.start(both.keys, files)
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const answers = await both.both({ path: SECRETS, asAdmin: true })
      const [upstream = [], proa = []] = answers.map(namesIn)
      const [signed = '', signedHere = ''] = (
        await both.both({ path: `${INFO}/cluster-info`, asAdmin: true })
      ).map(({ body }) => JSON.stringify(Object.entries(body.data ?? {}).sort()))
      const isOver = performance.now() > deadline
      const isSigned = signed.split('jws-').length > 2
      if (!isOver && !(isSigned && upstream.join() === proa.join() && signed === signedHere)) {
        await delay(500)
        continue
      }
      const of = (name: string) =>
        shownSecret(
          made.find(
            ({ secret }) => (secret as { metadata: { name: string } }).metadata.name === name,
          )?.secret ?? {},
        )
      for (const name of upstream.filter(each => !proa.includes(each)))
        different.push(`Proa alone removed\n${of(name)}\n`)
      for (const name of proa.filter(each => !upstream.includes(each)))
        different.push(`upstream alone removed\n${of(name)}\n`)
      const [one, other] = [signed, signedHere].map(
        text => new Map<string, string>(JSON.parse(text)),
      )
      for (const key of new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])]))
        if (one?.get(key) !== other?.get(key))
          different.push(
            `${key} ${of(key.replace('jws-kubeconfig-', 'bootstrap-token-'))}\n  upstream ${one?.get(key)}\n  Proa     ${other?.get(key)}`,
          )
      break
    }
    assert.deepEqual(different, [])
    assert.ok(good > COUNT / 10 && good < COUNT, `${good} of ${COUNT} let somebody in`)
  })
})

const namesIn = ({ body }: Said): string[] =>
  body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name).sort()

function shownSecret(secret: object): string {
  const {
    metadata,
    type,
    data = {},
  } = secret as { metadata?: { name: string }; type?: string; data?: Record<string, string> }
  return JSON.stringify({
    name: metadata?.name,
    type,
    ...Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]),
    ),
  })
}
