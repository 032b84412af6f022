/**
 * Strange credentials and strange paths, by chance: both API servers take the same requests for the same people's, and let them to the same
 * places. `PROA_STRANGE=5000,7` asks five thousand from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Both } from './access/both.ts'
import { until } from './access/said.ts'
import { type Certificate, credentials, TOKENS } from './strange/credentials.ts'
import { isOdd, strangePath } from './strange/paths.ts'
import { askRaw, type Pair, type RawAnswer, type RawRequest } from './strange/raw.ts'

const [COUNT = 600, SEED = 1] = (process.env.PROA_STRANGE ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)

const WHO = {
  method: 'POST',
  target: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
} as const

describe('strange requests', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  const both = new Both()
  let pairs: Readonly<Record<Certificate, Pair | undefined>>

  before(async () => {
    pairs = certificates(both)
    await both.start([
      `--token-auth-file=${both.file('tokens.csv', TOKENS)}`,
      `--requestheader-client-ca-file=${both.keys.file('front-proxy-ca.crt')}`,
      '--requestheader-username-headers=X-Remote-User,X-Who,Who',
      '--requestheader-group-headers=X-Remote-Group,X-Team',
      '--requestheader-uid-headers=X-Remote-Uid,X-Id',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-,X-More-',
    ])
    for (const [path, body] of RIGHTS)
      for (const { status } of await both.both({ method: 'POST', path, body, asAdmin: true }))
        assert.equal(status, 201, path)
    await until(async () => {
      const headers = { 'impersonate-user': 'bob' }
      const question = { path: WHO.target, method: 'POST', token: 'imp-token', headers } as const
      const answers = await both.both({ ...question, body: JSON.parse(WHO.body) })
      return answers.every(({ status }) => status === 201)
    })
  })
  after(() => both.stop())

  const ask = (request: RawRequest, certificate: Certificate) =>
    Promise.all(both.urls.map(url => askRaw(url, request, pairs[certificate])))

  test(`who asks, ${COUNT} times from seed ${SEED}`, async () => {
    const different: string[] = []
    let good = 0
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
      const { certificate, headers } = credentials(new Dice(seed))
      const answers = await ask({ ...WHO, headers }, certificate)
      const [upstream = '', proa = ''] = answers.map(whoIn)
      if (answers[0]?.status === 201) good++
      if (upstream !== proa)
        different.push(
          `seed ${seed}, certificate ${certificate}, ${JSON.stringify(headers)}\n  upstream ${upstream}\n  Proa     ${proa}`,
        )
    }
    assert.deepEqual(different, [])
    assert.ok(good > COUNT / 5 && good < COUNT, `${good} of ${COUNT} were somebody`)
  })

  test(`where it goes, ${COUNT} times from seed ${SEED}`, async () => {
    const different: string[] = []
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
      const dice = new Dice(seed)
      const target = strangePath(dice)
      const token = dice.pick(['ali', 'ali', 'root'])
      const headers = [['Authorization', `Bearer ${token}-token`]] as const
      const method = dice.pick(['GET', 'GET', 'GET', 'HEAD', 'DELETE', 'POST', 'OPTIONS'])
      const [upstream = '', proa = ''] = (await ask({ method, target, headers }, 'none')).map(
        ({ status }) => String(status),
      )
      if (upstream !== proa && !(Number(proa) >= 400 && isOdd(target)))
        different.push(
          `${seed}: ${token} ${method} ${target}\n  upstream ${upstream}\n  Proa     ${proa}`,
        )
    }
    assert.deepEqual(different, [])
  })
})

function certificates(both: Both): Readonly<Record<Certificate, Pair | undefined>> {
  const validity = {
    notBefore: systemClock.now() - 3_600_000,
    notAfter: systemClock.now() + 3_600_000,
  }
  const leaf = (by: Pair) =>
    issueLeaf(
      { subject: { commonName: 'ali', organizations: ['dev'] }, usages: ['client'], validity },
      by,
      systemRandom,
    )
  return {
    none: undefined,
    ali: leaf(both.keys.pki.signer),
    proxy: both.keys.pki.client('front-proxy-client'),
    stranger: leaf(issueAuthority('stranger', validity, systemRandom)),
  }
}

function whoIn({ status, text }: RawAnswer): string {
  if (!text.startsWith('{')) return `${status} ${text}`
  const { status: said, message } = JSON.parse(text)
  // Which of several reasons is told depends on what upstream remembers of earlier requests.
  if (status === 403 && / cannot impersonate/.test(message)) return `${status} to be another`
  const { username, uid, groups, extra = {} } = said?.userInfo ?? {}
  const { 'authentication.kubernetes.io/credential-id': _, ...rest } = extra
  // Nor does it say of a node that it is one where it was believed for another reason before.
  const shown = username?.startsWith('system:node:')
    ? groups.filter((each: string) => each !== 'system:nodes')
    : groups
  return `${status} ${JSON.stringify({ message, username, uid, groups: shown, rest: sorted(rest) })}`
}

const sorted = (of: object) =>
  Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)))

const role = (name: string, rules: object) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules,
})
const binding = (name: string, user: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
})
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const AUTHENTICATION = 'authentication.k8s.io'
const may = (
  resources: string[],
  resourceNames: string[],
  apiGroup = '',
  verb = 'impersonate',
) => ({
  verbs: [verb],
  apiGroups: [apiGroup],
  resources,
  ...(resourceNames.length > 0 ? { resourceNames } : {}),
})
/** As constrained impersonation has it. */
const mayBe = (mode: string, resources: string[], ...names: string[]) =>
  may(resources, names, AUTHENTICATION, `impersonate:${mode}`)
const RIGHTS: readonly (readonly [path: string, body: object])[] = [
  [
    `${RBAC}/clusterroles`,
    role('imp', [
      may(['users'], ['bob', 'a, b', 'system:anonymous']),
      may(['groups'], ['dev', 'dev, ops', 'a,b']),
      may(['serviceaccounts'], ['web']),
      may(['userextras/scopes', 'userextras/acme.com/project'], ['view'], AUTHENTICATION),
      may(['uids'], ['u'], AUTHENTICATION),
    ]),
  ],
  [`${RBAC}/clusterrolebindings`, binding('imp', 'imp')],
  [
    `${RBAC}/clusterroles`,
    role('con', [
      ...['user-info', 'serviceaccount', 'arbitrary-node'].map(mode =>
        may(['selfsubjectreviews'], [], AUTHENTICATION, `impersonate-on:${mode}:create`),
      ),
      mayBe('user-info', ['users'], 'bob', 'a, b', 'system:anonymous'),
      mayBe('user-info', ['groups'], 'dev', 'system:masters', ''),
      mayBe('user-info', ['uids', 'userextras/acme.com/project', 'userextras/scopes']),
      mayBe('serviceaccount', ['serviceaccounts'], 'web'),
      mayBe('arbitrary-node', ['nodes'], 'n1'),
    ]),
  ],
  [`${RBAC}/clusterrolebindings`, binding('con', 'con')],
  [
    `${RBAC}/clusterroles`,
    role('ali', [
      { verbs: ['get'], apiGroups: [''], resources: ['pods', 'pods/proxy', 'namespaces/status'] },
      { verbs: ['*'], apiGroups: ['apps'], resources: ['*'] },
      { verbs: ['get'], nonResourceURLs: ['/healthz/*', '/metrics', '/logs/*'] },
    ]),
  ],
  [`${RBAC}/clusterrolebindings`, binding('ali', 'ali')],
]
