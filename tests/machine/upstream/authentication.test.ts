/** Who comes in, and who does not: the same tokens to both API servers, with the same configuration of issuers. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { TestIssuer } from '../../../src/apiserver/authentication/testing/issuer.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Both } from './access/both.ts'
import { CLAIMS, MAPPINGS } from './access/claims.ts'
import { differing, seriesIn, until } from './access/said.ts'

const WHO = {
  method: 'POST',
  path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
} as const
const REVIEW = (token: string, audiences?: readonly string[]) => ({
  method: 'POST' as const,
  path: '/apis/authentication.k8s.io/v1/tokenreviews',
  asAdmin: true,
  body: {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, ...(audiences ? { audiences } : {}) },
  },
})

describe('tokens of issuers', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  const both = new Both()
  let issuers: TestIssuer[] = []
  const of = (i: number) => issuers[i] as TestIssuer
  let file = ''
  const configuration = (count: number) => ({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    anonymous: { enabled: true, conditions: [{ path: '/livez' }, { path: '/readyz' }] },
    jwt: MAPPINGS.slice(0, count).map((mapping, i) => ({
      issuer: {
        url: of(i).url,
        certificateAuthority: of(i).authority,
        audiences: i === 0 ? ['proa'] : ['proa', 'other'],
        ...(i === 0 ? {} : { audienceMatchPolicy: 'MatchAny' }),
      },
      ...mapping,
    })),
  })

  before(async () => {
    issuers = await Promise.all(MAPPINGS.map(() => TestIssuer.start()))
    file = both.file('authentication.yaml', configuration(MAPPINGS.length - 1))
    await both.start([`--authentication-config=${file}`])
    // Both look for their issuers behind their start.
    await until(async () => {
      const [upstream, proa] = await both.both({
        ...WHO,
        token: of(0).token({ sub: 'early', uid: 'u' }),
      })
      return upstream.status === 201 && proa.status === 201
    })
  })
  after(async () => {
    await both.stop()
    await Promise.all(issuers.map(each => each.close()))
  })

  for (const [i] of MAPPINGS.slice(0, -1).entries())
    test(`mapping ${i}`, async () => {
      const different: string[] = []
      let good = 0
      for (const claims of CLAIMS) {
        const token = of(i).token(claims)
        const answers = await both.both({ ...WHO, token })
        if (answers[0].status === 201) good++
        different.push(
          ...differing(JSON.stringify(claims), answers),
          ...differing(JSON.stringify(claims), await both.both(REVIEW(token))),
        )
      }
      assert.deepEqual(different, [])
      assert.ok(good > 0 && good < CLAIMS.length, `${good} of ${CLAIMS.length} are good`)
    })

  test('signatures, algorithms, times and audiences', async () => {
    const now = Math.floor(Date.now() / 1000)
    const tokens = [
      ...['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'].map(
        algorithm => of(0).token({ sub: 'a', uid: 'u' }, { algorithm }),
      ),
      of(0).token({ sub: 'a', uid: 'u' }, { head: { kid: undefined } }),
      of(0).token({ sub: 'a', uid: 'u' }, { head: { kid: 'unknown' } }),
      of(0).token({ sub: 'a', uid: 'u' }, { head: { alg: 'none' } }),
      of(0).token({ sub: 'a', uid: 'u' }, { head: { alg: 'HS256' } }),
      of(0).token({ sub: 'a', uid: 'u' }, { head: { alg: 'ES256' } }),
      of(0).token({ sub: 'a', uid: 'u' }).slice(0, -8).concat('AAAAAAAA'),
      of(0).token({ sub: 'a', uid: 'u', exp: now - 1 }),
      of(0).token({ sub: 'a', uid: 'u', exp: undefined }),
      of(0).token({ sub: 'a', uid: 'u', nbf: now + 50 }),
      of(0).token({ sub: 'a', uid: 'u', nbf: now + 90 }),
      of(0).token({ sub: 'a', uid: 'u', iat: now + 5000 }),
      of(0).token({ sub: 'a', uid: 'u', aud: 'other' }),
      of(0).token({ sub: 'a', uid: 'u', aud: ['x', 'proa'] }),
      of(0).token({ sub: 'a', uid: 'u', aud: [] }),
      of(1).token({ sub: 'a', uid: 'u', name: 'n', aud: 'other' }),
      of(1).token({ sub: 'a', uid: 'u', name: 'n', aud: ['x'] }),
      of(1).token({ sub: 'a', uid: 'u', iss: of(0).url }),
      of(0).token({ sub: 'a', uid: 'u', iss: 'https://nobody.example' }),
      'nonsense',
      'a.b.c',
    ]
    const different: string[] = []
    for (const [i, token] of tokens.entries())
      different.push(
        ...differing(`token ${i}`, await both.both({ ...WHO, token })),
        ...differing(`token ${i}`, await both.both(REVIEW(token))),
      )
    assert.deepEqual(different, [])
  })

  test('audiences of reviews, and nobody', async () => {
    const token = of(0).token({ sub: 'a', uid: 'u' })
    const different: string[] = []
    for (const question of [
      REVIEW(token, ['https://kubernetes.default.svc.cluster.local']),
      REVIEW(token, ['other']),
      { path: '/livez' },
      { path: '/livez?x=1' },
      { path: '/livez/ping' },
      { path: '/healthz' },
      { path: '/version' },
      { path: '/api/v1/namespaces' },
      { ...WHO },
    ])
      different.push(...differing(question.path, await both.both(question)))
    assert.deepEqual(different, [])
  })

  test('new keys and a new issuer count without a restart', async () => {
    const last = MAPPINGS.length - 1
    assert.deepEqual(
      (await both.both({ ...WHO, token: of(last).token({ sub: 'late' }) })).map(
        each => each.status,
      ),
      [401, 401],
    )
    await delay(1_100)
    of(0).rotate()
    const token = of(0).token({ sub: 'rotated', uid: 'u' })
    const answers = await both.both({ ...WHO, token })
    assert.equal(answers[0].status, 201)
    assert.deepEqual(differing('rotated', answers), [])
    both.file('authentication.yaml', configuration(MAPPINGS.length))
    await until(async () => {
      const answers = await both.both({ ...WHO, token: of(last).token({ sub: 'late' }) })
      return answers.every(each => each.status === 201)
    })
    both.file('authentication.yaml', 'nonsense: true')
    await until(async () => (await metrics()).every(text => RELOADS('failure').test(text)))
    const [one, other] = await metrics()
    const names = (text = '') =>
      [
        ...text.matchAll(
          /^(apiserver_authentication_\w+|authentication_\w+|authenticated_\w+)\{?/gm,
        ),
      ]
        .map(([, name]) => name)
        .filter(name => !UNTOLD.test(name ?? ''))
    assert.deepEqual([...new Set(names(other))].sort(), [...new Set(names(one))].sort())
    const series = (text = '') => seriesIn(text, /^apiserver_authentication_(config|jwt)/)
    assert.deepEqual(series(other), series(one))
  })

  const RELOADS = (status: string) =>
    new RegExp(
      `^apiserver_authentication_config_controller_automatic_reloads_total\\{.*${status}.*\\} [1-9]`,
      'm',
    )
  const metrics = async () =>
    (await both.both({ path: '/metrics', asAdmin: true })).map(({ body }) => String(body))
})

/** How long a cache was asked is told by upstream alone. */
const UNTOLD = /_request_duration_seconds/
