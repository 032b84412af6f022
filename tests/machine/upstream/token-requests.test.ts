/**
 * Tokens of service accounts, by chance: both API servers issue the same ones for the same requests, take them for the same users, and refuse them once
 * what they are bound to is gone. `PROA_TOKEN_REQUESTS=5000,7` makes five thousand requests from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Both, type Said } from './access/both.ts'
import { OBJECTS, tokenRequest } from './certificates/token-requests.ts'

const [COUNT = 200, SEED = 1] = (process.env.PROA_TOKEN_REQUESTS ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'

describe('requests for tokens', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  const both = new Both()
  const uids = [new Map<string, string>(), new Map<string, string>()] as const
  const names = new Map<string, string>()

  before(async () => {
    await both.start([
      '--disable-admission-plugins=ServiceAccount',
      '--api-audiences=https://kubernetes.default.svc.cluster.local,second',
    ])
    for (const [path, body] of OBJECTS)
      for (const [at, { status, body: made }] of (
        await both.both({ method: 'POST', path, body, asAdmin: true })
      ).entries()) {
        assert.equal(status, 201, JSON.stringify(made))
        uids[at as 0 | 1].set(made.metadata.name, made.metadata.uid)
        names.set(made.metadata.uid, `UID-of-${made.metadata.name}`)
      }
    await delay(1000)
  })
  after(() => both.stop())

  /** UIDs are each server's own. */
  const plain = (text: string) =>
    text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, uid => names.get(uid) ?? 'UID')
  const shown = ({ status, body }: Said): string => {
    if (status >= 300)
      return plain(`${status} ${body.message} ${JSON.stringify(body.details ?? '')}`)
    const { metadata, spec, status: made } = body
    const [, claims = ''] = (made.token as string).split('.')
    const { exp, iat, nbf, jti, ...rest } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    const own = rest['kubernetes.io']
    const times = {
      life: exp - iat,
      nbf: nbf - iat,
      warn: own.warnafter && own.warnafter - iat,
      jti: typeof jti,
      told:
        Math.abs(
          Date.parse(made.expirationTimestamp) / 1000 -
            iat -
            (own.warnafter ? own.warnafter - iat : exp - iat),
        ) <= 1,
    }
    if (own.warnafter) own.warnafter = 0
    const { creationTimestamp, managedFields: _, ...meta } = metadata
    spec.boundObjectRef ??= null
    return plain(
      JSON.stringify(
        sorted({ status, meta, created: typeof creationTimestamp, spec, rest, times }),
      ),
    )
  }
  const who = ({ status, body }: Said) => {
    const { user = {}, ...rest } = body.status ?? {}
    const { 'authentication.kubernetes.io/credential-id': id, ...extra } = user.extra ?? {}
    return plain(
      JSON.stringify(sorted({ status, rest, user: { ...user, extra }, id: id?.[0]?.slice(0, 4) })),
    )
  }
  const review = (token: string, audiences: readonly string[]) => ({
    method: 'POST' as const,
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    asAdmin: true,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences },
    },
  })

  test(`${COUNT} from seed ${SEED}`, async () => {
    const different: string[] = []
    const issued: { seed: number; tokens: readonly [string, string] }[] = []
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
      const [ofUpstream, ofProa] = uids.map(of =>
        tokenRequest(new Dice(seed), name => of.get(name) ?? 'none'),
      )
      assert.ok(ofUpstream && ofProa)
      const answers = await both.each([ofUpstream, ofProa])
      const [upstream = '', proa = ''] = answers.map(shown)
      if (upstream !== proa)
        different.push(
          `seed ${seed} ${ofUpstream.path} ${JSON.stringify(ofUpstream.body)}\n  upstream ${upstream}\n  Proa     ${proa}`,
        )
      const tokens = answers.map(({ body }) => body.status?.token) as [string, string]
      if (tokens.every(each => typeof each === 'string')) issued.push({ seed, tokens })
    }
    const reviewed = async (when: string) => {
      const good = new Set<number>()
      for (const { seed, tokens } of issued) {
        const audiences = new Dice(seed).pick([[], ['a'], ['second'], ['x', 'b', 'a'], ['']])
        const [one, other] = tokens
        const answers = await both.each([review(one, audiences), review(other, audiences)])
        const [upstream = '', proa = ''] = answers.map(who)
        if (answers[0].body.status.authenticated) good.add(seed)
        if (upstream !== proa)
          different.push(
            `seed ${seed} ${when} ${JSON.stringify(audiences)} ${JSON.stringify(tokenRequest(new Dice(seed), name => name).body)}\n  upstream ${upstream}\n  Proa     ${proa}`,
          )
      }
      return good.size
    }
    const before = await reviewed('at first')
    for (const path of [
      '/api/v1/namespaces/default/pods/pod-sa?gracePeriodSeconds=0',
      '/api/v1/namespaces/default/secrets/secret',
      '/api/v1/nodes/n1',
      `${ACCOUNTS}/other`,
      `${ACCOUNTS}/third`,
    ])
      for (const { status } of await both.both({ method: 'DELETE', path, asAdmin: true }))
        assert.equal(status, 200)
    const again = { path: ACCOUNTS, body: { metadata: { name: 'other' } } }
    for (const { status } of await both.both({ ...again, method: 'POST', asAdmin: true }))
      assert.equal(status, 201)
    // Both remember for a while whom they believed.
    await delay(12_000)
    const after = await reviewed('later')
    assert.deepEqual(different, [])
    assert.ok(
      after > 0 && after < before && before < issued.length,
      `${before} good at first of ${issued.length}, ${after} later`,
    )
  })
})

// biome-ignore lint/suspicious/noExplicitAny: whatever was answered
const sorted = (value: any): any =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, of]) => [key, sorted(of)]),
      )
    : value
