/** Who may do what, as webhooks, policies and roles say: the same requests to both API servers, with the same files. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Both, type Question } from './access/both.ts'
import { type Review, Reviewer } from './access/reviewer.ts'
import { differing, seriesIn, until } from './access/said.ts'

const TOKENS = `ali-token,ali,1,"dev,ops"
bea-token,bea,2
cid-token,cid,3,"dev"
root-token,root,4,"system:masters"
`
const USERS = ['ali', 'bea', 'cid', 'root', 'wanda']
const skip = etcdMissing() || kubeApiServerMissing()

/** What a webhook says of a review, by what it asks for. */
function judge(path: string, { spec }: Review): object | number {
  const { resourceAttributes: of = {}, nonResourceAttributes: plain = {}, user } = spec
  if (spec.token !== undefined)
    return spec.token === 'wanda-token'
      ? { authenticated: true, user: { username: 'wanda', uid: 'w', groups: ['dev'] } }
      : { authenticated: false }
  if (path === '/down') return 404
  if (of.namespace === 'denied') return { allowed: false, denied: true, reason: `${path} denies` }
  if (of.namespace === 'both') return { allowed: true, denied: true }
  if (plain.path === '/version') return { allowed: user === 'ali', reason: `${path} on paths` }
  if (of.namespace === 'open') return { allowed: true, reason: 'it is open' }
  return { allowed: false, reason: `${path} does not know` }
}

const rules = (namespace: string) => ({
  method: 'POST' as const,
  path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
  body: {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  },
})
const access = (namespace: string) => ({
  method: 'POST' as const,
  path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  body: {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { namespace, verb: 'get', resource: 'pods', name: 'a' } },
  },
})
const QUESTIONS: readonly Question[] = [
  { path: '/api/v1/namespaces/open/pods' },
  { path: '/api/v1/namespaces/denied/pods' },
  { path: '/api/v1/namespaces/both/pods' },
  { path: '/api/v1/namespaces/skipped/configmaps' },
  { path: '/api/v1/namespaces/odd/secrets/x' },
  {
    path: '/api/v1/namespaces/open/pods?labelSelector=a%3Db,c,!d,e+in+(f,g)&fieldSelector=metadata.name%3Dx',
  },
  { path: '/apis/apps/v1/namespaces/other/deployments/x/scale' },
  { path: '/api/v1/nodes' },
  { path: '/version' },
  { path: '/healthz' },
  { path: '/metrics/x' },
  rules('open'),
  rules('denied'),
  access('open'),
  access('denied'),
  access('both'),
  access('other'),
]

/** Each user asks each question of both; where the answers differ, and where the webhooks were asked something else. */
async function compare(both: Both, reviewer: Reviewer): Promise<string[]> {
  const different: string[] = []
  for (const user of USERS)
    for (const question of QUESTIONS) {
      reviewer.asked.length = 0
      const what = `${user} ${question.path} ${JSON.stringify(question.body ?? '')}`
      different.push(...differing(what, await both.both({ ...question, token: `${user}-token` })))
      const asked = (isUpstream: boolean) =>
        reviewer.asked
          .filter(each => each.isUpstream === isUpstream && each.review.kind !== 'TokenReview')
          .map(({ path, review }) => `${path} ${review.apiVersion} ${shown(review.spec)}`)
          .sort()
      const [one, other] = [asked(true), asked(false)]
      if (one.join() !== other.join()) different.push(`${what}: asked ${one}, Proa ${other}`)
    }
  return different
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )

describe('a configuration of authorizers', { skip }, () => {
  const both = new Both()
  let reviewer: Reviewer
  const webhook = (name: string, more: object = {}) => ({
    type: 'Webhook',
    name,
    webhook: {
      timeout: '3s',
      authorizedTTL: '1s',
      unauthorizedTTL: '1s',
      subjectAccessReviewVersion: 'v1',
      matchConditionSubjectAccessReviewVersion: 'v1',
      failurePolicy: 'NoOpinion',
      connectionInfo: {
        type: 'KubeConfigFile',
        kubeConfigFile: both.file(`${name}.conf`, reviewer.kubeconfig(`/${name}`)),
      },
      ...more,
    },
  })
  const configuration = (...authorizers: object[]) => ({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthorizationConfiguration',
    authorizers,
  })
  const first = () => [
    { type: 'Node', name: 'node' },
    webhook('first', {
      matchConditions: [
        {
          expression:
            '!has(request.resourceAttributes) || request.resourceAttributes.namespace != "skipped"',
        },
        { expression: '"dev" in request.groups' },
        {
          expression:
            '!has(request.resourceAttributes) || request.resourceAttributes.namespace != "odd" || request.extra["x"].size() > 0',
        },
      ],
    }),
    { type: 'RBAC', name: 'rbac' },
    webhook('second'),
  ]
  before(async () => {
    reviewer = await Reviewer.start(judge)
    const tokens = both.file('tokens.csv', TOKENS)
    const file = both.file('authorization.yaml', configuration(...first()))
    const known = both.file('tokens.conf', reviewer.kubeconfig('/tokens'))
    await both.start([
      `--token-auth-file=${tokens}`,
      `--authorization-config=${file}`,
      `--authentication-token-webhook-config-file=${known}`,
      '--authentication-token-webhook-version=v1',
    ])
  })
  after(async () => {
    await both.stop()
    await reviewer.close()
  })

  test('is followed in its order, with its conditions', async () => {
    assert.deepEqual(await compare(both, reviewer), [])
  })

  test('and counted', async () => {
    const answers = await both.both({ path: '/metrics', asAdmin: true })
    const [one, other] = answers.map(({ body }) =>
      seriesIn(String(body), /^(apiserver_authorization_|authorization_attempts)/).filter(
        // Which of the server's own requests were judged is its own business.
        each => !/"(node|rbac)"/.test(each),
      ),
    )
    assert.deepEqual(other, one)
    assert.ok((one?.length ?? 0) > 5)
  })

  test('a changed one counts, and what cannot be used does not', async () => {
    both.file('authorization.yaml', configuration())
    const counts = async (status: string) =>
      (await both.both({ path: '/metrics', asAdmin: true })).every(({ body }) =>
        new RegExp(
          `^apiserver_authorization_config_controller_automatic_reloads_total\\{.*${status}.*\\} [1-9]`,
          'm',
        ).test(String(body)),
      )
    await until(() => counts('failure'))
    both.file(
      'authorization.yaml',
      configuration(
        { type: 'Node', name: 'node' },
        webhook('third'),
        webhook('down', {
          failurePolicy: 'Deny',
          matchConditions: [{ expression: 'request.user == "bea"' }],
        }),
        { type: 'RBAC', name: 'rbac' },
      ),
    )
    await until(() => counts('success'))
    assert.deepEqual(await compare(both, reviewer), [])
  })
})

const POLICIES = `# who may what
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"ali","namespace":"open","resource":"pods","apiGroup":"*","readonly":true}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"group":"dev","namespace":"*","resource":"*","apiGroup":"apps"}}

{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"*","nonResourcePath":"/met*"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"group":"*","apiGroup":"authorization.k8s.io","resource":"*"}}
{"user":"bea","resource":"nodes","readonly":true}
`

describe('modes in their order', { skip }, () => {
  const both = new Both()
  let reviewer: Reviewer
  before(async () => {
    reviewer = await Reviewer.start(judge)
    const hook = both.file('hook.conf', reviewer.kubeconfig('/flags'))
    await both.start([
      `--token-auth-file=${both.file('tokens.csv', TOKENS)}`,
      '--authorization-mode=AlwaysDeny,ABAC,Webhook',
      `--authorization-policy-file=${both.file('policies.jsonl', POLICIES)}`,
      `--authorization-webhook-config-file=${hook}`,
      '--authorization-webhook-cache-authorized-ttl=0s',
      '--authorization-webhook-cache-unauthorized-ttl=1s',
      '--anonymous-auth=false',
    ])
  })
  after(async () => {
    await both.stop()
    await reviewer.close()
  })

  test('policies first, then the webhook in its older version', async () => {
    assert.deepEqual(await compare(both, reviewer), [])
  })

  test('and counted', async () => {
    const answers = await both.both({ path: '/metrics', asAdmin: true })
    const [one, other] = answers.map(({ body }) =>
      seriesIn(String(body), /^apiserver_authorization_/),
    )
    assert.deepEqual(other, one)
  })
})
