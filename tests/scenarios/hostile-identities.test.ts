/** Credentials that are not good, over real HTTPS: broken and outlived tokens, strangers' certificates, pretended users. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { signingKeyOf, signToken } from '#apiserver/authentication/jwt.ts'
import { issueAuthority } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { certified, validity } from '../../src/client/testing/serving.ts'
import { type Case, configMaps, tryCases } from './hostile-cases.ts'
import { type Credentials, jsonBody, Target } from './target.ts'

const nobody: Credentials = {}

describe('hostile identities', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-identities-'))
  let target: Target
  before(async () => {
    target = await Target.start({ directory })
  })
  after(async () => {
    await target.assertHealthy()
    await target.stop()
    rmSync(directory, { recursive: true })
  })

  const refused = (what: string, headers: Record<string, string>, as = nobody): Case => ({
    what,
    asked: { path: configMaps, headers },
    code: 401,
    reason: 'Unauthorized',
    message: 'Unauthorized',
    as,
  })
  const bearing = (what: string, token: string) =>
    refused(what, { authorization: `Bearer ${token}` })

  /** A token of a service account that is there, and what it says. */
  async function issued(account: string, more: object = {}) {
    const path = '/api/v1/namespaces/default/serviceaccounts'
    await target.ask(jsonBody('POST', path, { metadata: { name: account } }))
    const answer = await target.ask(
      jsonBody('POST', `${path}/${account}/token`, { spec: { expirationSeconds: 3600, ...more } }),
    )
    assert.equal(answer.status, 201, answer.text)
    const token = answer.json.status.token as string
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return { token, claims }
  }
  const comesIn = async (token: string) => {
    const { status } = await target.ask(
      { path: configMaps, headers: { authorization: `Bearer ${token}` } },
      'HTTP/2',
      nobody,
    )
    return status !== 401
  }

  test('tokens that are broken, forged, outlived or for others', async () => {
    const { token, claims } = await issued('tokens')
    assert.ok(await comesIn(token))
    const [head = '', body = '', signature = ''] = token.split('.')
    const key = signingKeyOf(readFileSync(join(directory, 'pki', 'sa.key'), 'utf8'))
    const signed = (change: object) => signToken({ ...claims, ...change }, key)
    assert.ok(await comesIn(signed({})))
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const now = Math.floor(Date.now() / 1000)
    const kubernetes = claims['kubernetes.io']
    await tryCases(target, [
      bearing('noise', 'abc'),
      bearing('two parts', `${head}.${body}`),
      bearing('dots', '..'),
      bearing('very long', 'a'.repeat(50_000)),
      bearing('no signature', `${head}.${body}.`),
      bearing('another signature', `${head}.${body}.${signature.split('').reverse().join('')}`),
      bearing('changed claims', `${head}.${part({ ...claims, sub: 'system:admin' })}.${signature}`),
      bearing('alg none', `${part({ alg: 'none' })}.${body}.`),
      bearing('alg HS256', `${part({ alg: 'HS256', kid: key.id })}.${body}.${signature}`),
      bearing('expired', signed({ exp: now - 1 })),
      bearing('of the future', signed({ nbf: now + 3600, iat: now + 3600 })),
      bearing('without an end', signed({ exp: undefined })),
      bearing('for another audience', signed({ aud: ['https://elsewhere.example'] })),
      bearing('of another issuer', signed({ iss: 'https://elsewhere.example' })),
      bearing('of another account', signed({ sub: 'system:serviceaccount:kube-system:default' })),
      bearing(
        'of an account with another uid',
        signed({
          'kubernetes.io': { ...kubernetes, serviceaccount: { name: 'tokens', uid: 'x' } },
        }),
      ),
      bearing(
        'of a prototype',
        signed({ 'kubernetes.io': { ...kubernetes, namespace: '__proto__' } }),
      ),
    ])
    // Basic credentials are none that we know; who sends them is nobody.
    const basic = await target.ask(
      { path: configMaps, headers: { authorization: 'Basic YWRtaW46YWRtaW4=' } },
      'HTTP/2',
      nobody,
    )
    assert.equal(basic.status, 403)
    assert.match(basic.json.message, /User "system:anonymous" cannot list resource "configmaps"/)
  })

  test('tokens die with the account or the pod that they are for, and do not rise again', async () => {
    const { token } = await issued('mortal')
    const account = '/api/v1/namespaces/default/serviceaccounts/mortal'
    assert.ok(await comesIn(token))
    await target.ask({ method: 'DELETE', path: account })
    await tryCases(target, [bearing('of a deleted account', token)])
    await issued('mortal')
    await tryCases(target, [bearing('of its namesake', token)])

    const pods = '/api/v1/namespaces/default/pods'
    const pod = await target.ask(
      jsonBody('POST', pods, {
        metadata: { name: 'bound' },
        spec: {
          serviceAccountName: 'mortal',
          nodeSelector: { never: 'found' },
          containers: [{ name: 'c', image: 'i' }],
        },
      }),
    )
    assert.equal(pod.status, 201, pod.text)
    const { token: bound } = await issued('mortal', {
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'bound', uid: pod.json.metadata.uid },
    })
    assert.ok(await comesIn(bound))
    await target.ask({ method: 'DELETE', path: `${pods}/bound?gracePeriodSeconds=0` })
    await tryCases(target, [bearing('of a deleted pod', bound)])
  })

  test('certificates of strangers, servers and the outlived', async () => {
    const stranger = issueAuthority('kubernetes-ca', validity, systemRandom)
    const pretended: Credentials = certified('kubernetes-admin', 'client', stranger)
    await tryCases(target, [refused('of a foreign authority', {}, pretended)])
    const pki = (name: string) => readFileSync(join(directory, 'pki', name), 'utf8')
    const own = { certificate: pki('ca.crt'), key: pki('ca.key') }
    await tryCases(target, [
      refused('for servers only', {}, certified('kubernetes-admin', 'server', own)),
    ])
    const good: Credentials = certified('somebody', 'client', own)
    const known = await target.ask({ path: configMaps }, 'HTTP/2', good)
    assert.match(known.json.message, /User "somebody" cannot list resource "configmaps"/)
  })

  test('nobody acts as somebody else without the right, in any spelling', async () => {
    const { token } = await issued('actor')
    const authorization = `Bearer ${token}`
    const actor = 'system:serviceaccount:default:actor'
    const forbidden = (headers: Record<string, string>, message: string | RegExp): Case => ({
      what: JSON.stringify(headers),
      asked: { path: configMaps, headers: { authorization, ...headers } },
      code: 403,
      reason: 'Forbidden',
      message,
      as: nobody,
    })
    const bad = (headers: Record<string, string>, message: RegExp): Case => ({
      ...forbidden(headers, message),
      code: 400,
      reason: 'BadRequest',
    })
    const admin = { 'Impersonate-User': 'kubernetes-admin' }
    await tryCases(target, [
      forbidden(
        admin,
        `configmaps is forbidden: User "${actor}" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "default"`,
      ),
      forbidden({ 'IMPERSONATE-USER': 'kubernetes-admin' }, /cannot impersonate-on:user-info:list/),
      forbidden({ ...admin, 'Impersonate-Group': 'system:masters' }, /cannot impersonate/),
      forbidden(
        { 'Impersonate-User': 'system:serviceaccount:kube-system:default' },
        /cannot impersonate-on:serviceaccount:list/,
      ),
      bad({ 'Impersonate-Group': 'system:masters' }, /without impersonating a user name$/),
      bad({ 'Impersonate-Uid': '1' }, /without impersonating a user name$/),
      bad({ 'Impersonate-Extra-scopes': 'all' }, /without impersonating a user name$/),
      // Nothing that is said by a header which nobody knows.
      forbidden({ ...admin, 'Impersonate-Anything': 'x' }, /cannot impersonate/),
    ])
    // The front proxy's headers mean nothing from anybody else.
    await tryCases(target, [
      forbidden(
        { 'X-Remote-User': 'kubernetes-admin', 'X-Remote-Group': 'system:masters' },
        new RegExp(`User "${actor}" cannot list`),
      ),
      forbidden(
        { X_Remote_User: 'kubernetes-admin', X_Remote_Group: 'system:masters' },
        new RegExp(`User "${actor}" cannot list`),
      ),
    ])
  })

  test('tokens are in no log', async () => {
    const { errors } = await target.report()
    assert.doesNotMatch(errors.join('\n'), /eyJ[\w-]{10,}\./)
  })
})
