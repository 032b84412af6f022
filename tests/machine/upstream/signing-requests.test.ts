/**
 * Requests for certificates, by chance: both API servers take the same ones, and controllers approve, sign and refuse the same, with certificates that
 * say the same. `PROA_REQUESTS=2000,7` makes two thousand from seed 7.
 */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readElements, readOid } from '../../../src/base/pki/der.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { adminKubeconfig, kubeApiServerMissing } from '../etcd/servers.ts'
import { Both, type Said } from './access/both.ts'
import { Managers } from './certificates/managers.ts'
import { signingRequest, TOKENS, tokenOf } from './certificates/requests.ts'
import { upstreamRolesMissing } from './mixed-cluster.ts'

const [COUNT = 150, SEED = 1] = (process.env.PROA_REQUESTS ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const PATIENCE_MS = 20_000

const skip = etcdMissing() || kubeApiServerMissing() || upstreamRolesMissing()
describe('requests for certificates', { skip }, () => {
  const both = new Both()
  let managers: Managers | undefined

  before(async () => {
    await both.start([
      `--token-auth-file=${both.file('tokens.csv', TOKENS)}`,
      '--enable-admission-plugins=NodeRestriction',
    ])
    const files = both.urls.map((url, at) =>
      both.file(`admin-${at}.conf`, adminKubeconfig(url, both.keys)),
    ) as [string, string]
    for (const [path, body] of RIGHTS)
      for (const { status, body: told } of await both.both({
        method: 'POST',
        path,
        body,
        asAdmin: true,
      }))
        assert.equal(status, 201, JSON.stringify(told))
    managers = Managers.start(both.keys, files)
  })
  after(async () => {
    await managers?.stop()
    await both.stop()
  })

  test(`${COUNT} from seed ${SEED}`, async () => {
    const different: string[] = []
    const made: { seed: number; name: string; path: string }[] = []
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
      const { user, spec, decision } = signingRequest(new Dice(seed))
      const name = `r${seed}`
      const object = {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name },
        spec,
      }
      const answers = await both.both({
        method: 'POST',
        path: REQUESTS,
        token: tokenOf(user),
        body: object,
      })
      let [upstream = '', proa = ''] = answers.map(answered)
      if (answers.every(({ status }) => status === 422))
        [upstream, proa] = [upstream, proa].map(text =>
          text.replace(/REQUEST: (asn1|x509|tls): .*/, 'CRYPTO'),
        ) as [string, string]
      if (upstream !== proa && !isRefusedForMore(answers))
        different.push(
          `seed ${seed} ${user} ${shownSpec(spec)}\n  upstream ${upstream}\n  Proa     ${proa}`,
        )
      if (answers.some(({ status }) => status !== 201)) continue
      made.push({ seed, name, path: `${REQUESTS}/${name}` })
      if (decision !== '')
        await Promise.all(
          [0, 1].map(at => decide(both, at as 0 | 1, answers[at as 0 | 1].body, decision)),
        )
    }
    let signed = 0
    await delay(3000)
    for (const { seed, path } of made) {
      const [upstream, proa] = await settled(both, path)
      if (/cert:/.test(upstream)) signed++
      const spec = signingRequest(new Dice(seed))
      // Who denied may have come after a controller that approved.
      if (spec.decision === 'Denied' && [upstream, proa].some(each => each.startsWith('Approved')))
        continue
      if (upstream !== proa)
        different.push(
          `seed ${seed} ${spec.user} ${spec.decision} ${shownSpec(spec.spec)}\n  upstream ${upstream}\n  Proa     ${proa}`,
        )
    }
    assert.deepEqual(different, [])
    assert.ok(signed > COUNT / 20, `${signed} were signed`)
  })
})

async function decide(both: Both, at: 0 | 1, object: Said['body'], type: string) {
  const nothing = { path: '/version', asAdmin: true } as const
  for (let tries = 0; tries < 10; tries++) {
    const path = `${REQUESTS}/${object.metadata.name}`
    const got = { path, asAdmin: true } as const
    const current = (await both.each(at === 0 ? [got, nothing] : [nothing, got]))[at].body
    current.status.conditions = [
      ...(current.status.conditions ?? []),
      { type, status: 'True', reason: 'Test', message: 'm' },
    ]
    const put = { method: 'PUT', path: `${path}/approval`, body: current, asAdmin: true } as const
    const { status } = (await both.each(at === 0 ? [put, nothing] : [nothing, put]))[at]
    if (status !== 409) return
  }
}

async function settled(both: Both, path: string): Promise<[string, string]> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const [upstream = '', proa = ''] = (await both.both({ path, asAdmin: true })).map(state)
    if (upstream === proa || performance.now() > deadline) return [upstream, proa]
    await delay(500)
  }
}

function shownSpec({ request, ...rest }: { request: string }) {
  return `${JSON.stringify(rest)} ${request}`
}

function answered({ status, body }: Said): string {
  if (status === 201) {
    const { username, groups, uid, extra, usages, signerName, expirationSeconds } = body.spec
    return `${status} ${JSON.stringify({ username, groups, uid, extra, usages, signerName, expirationSeconds })}`
  }
  return `${status} ${body.message}`
    .replace(/"[A-Za-z0-9+/=]{100,}"/, 'REQUEST')
    .replace(/(spec.request: Invalid value: )(\[.*?\]|".*?")/, '$1')
}

function state({ body }: Said): string {
  const { conditions = [], certificate } = body.status ?? {}
  const texts = conditions.map(
    // By a controller or by hand, whichever came first.
    ({ type, reason, message }: Record<string, string>) =>
      type === 'Approved' ? type : `${type}/${reason}/${message}`,
  )
  return `${texts.sort().join()} ${certificate ? `cert: ${certified(certificate)}` : ''}`
}

function certified(encoded: string): string {
  const certificate = new X509Certificate(Buffer.from(encoded, 'base64'))
  const { subject, subjectAltName, validFrom, validTo, ca } = certificate
  const [whole] = readElements(certificate.raw)
  const [body] = readElements(whole?.content ?? new Uint8Array())
  const parts = readElements(body?.content ?? new Uint8Array())
  const extensions = parts.at(-1)?.content ?? new Uint8Array()
  const life = Math.round((Date.parse(validTo) - Date.parse(validFrom)) / 60_000)
  const hex = Buffer.from(extensions).toString('hex')
  return JSON.stringify({
    subject,
    raw: attributes(parts[5]?.content ?? new Uint8Array()),
    subjectAltName,
    life,
    ca,
    hex,
  })
}

/** By their ids, in their order and sets; upstream writes some texts in another sort of string. */
const attributes = (name: Uint8Array) =>
  readElements(name).map(({ content }) =>
    readElements(content).map(({ content: attribute }) => {
      const [id, value] = readElements(attribute)
      return `${readOid(id?.content ?? new Uint8Array())}=${Buffer.from(value?.content ?? [])}`
    }),
  )

/** What is wrong and forbidden is told as one of them. */
const isRefusedForMore = ([upstream, proa]: readonly Said[]) =>
  upstream?.status === 403 && [403, 422].includes(proa?.status ?? 0)

const role = (name: string, rules: object) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules,
})
const binding = (name: string, to: string, ...groups: string[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: to },
  subjects: groups.map(group => ({
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'Group',
    name: group,
  })),
})
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const RIGHTS: readonly (readonly [path: string, body: object])[] = [
  [
    `${RBAC}/clusterroles`,
    role('asks', [
      {
        verbs: ['create', 'get'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests'],
      },
    ]),
  ],
  [`${RBAC}/clusterrolebindings`, binding('asks', 'asks', 'system:authenticated')],
  [
    `${RBAC}/clusterrolebindings`,
    binding(
      'nodes',
      'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
      'system:nodes',
    ),
  ],
  [
    `${RBAC}/clusterrolebindings`,
    binding(
      'boot',
      'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
      'system:bootstrappers',
    ),
  ],
]
