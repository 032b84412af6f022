/** What approvers and signers may write into requests for certificates, and what they may not, put together by chance. */
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import type { Dice } from '../../../fuzz/random.ts'
import type { Question } from '../access/both.ts'

export const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
export const TOKENS = `approver-token,approver,1
signer-token,signer,2
both-token,both,3
ali-token,ali,4
`
const USERS = ['approver', 'approver', 'signer', 'signer', 'both', 'both', 'ali']
export const SIGNERS = ['example.com/a', 'example.com/b', 'other.example/a']

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const GROUP = 'certificates.k8s.io'
const rules = (verb: string, signers: readonly string[]) => [
  { verbs: [verb], apiGroups: [GROUP], resources: ['signers'], resourceNames: signers },
  {
    verbs: ['get', 'update', 'patch'],
    apiGroups: [GROUP],
    resources: ['', '/approval', '/status'].map(end => `certificatesigningrequests${end}`),
  },
]
const role = (name: string, of: object[]): (readonly [path: string, body: object])[] => [
  [`${RBAC}/clusterroles`, { metadata: { name }, rules: of }],
  [
    `${RBAC}/clusterrolebindings`,
    {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    },
  ],
]
export const RIGHTS = [
  ...role('approver', rules('approve', ['example.com/a'])),
  ...role('signer', rules('sign', ['example.com/*'])),
  ...role('both', [...rules('approve', ['example.com/*']), ...rules('sign', SIGNERS)]),
  ...role('ali', rules('get', SIGNERS)),
]

const validity = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 86_400_000 }
const authority = issueAuthority('somebody', validity, systemRandom)
const { certificate } = issueLeaf(
  { subject: { commonName: 'ann' }, usages: ['client'], validity },
  authority,
  systemRandom,
)
const PEMS = [
  ...[certificate, certificate, certificate + authority.certificate, `words\n${certificate}words`],
  ...['words', certificate.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST')],
  certificate.replace('-----\n', '-----\nA: b\n\n'),
  certificate.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
  `${certificate}-----BEGIN CERTIFICATE-----\n`,
]

const TIMES = ['2026-01-01T00:00:00Z', '2030-01-01T00:00:00Z']

function conditionsOf(dice: Dice): object[] {
  const conditions: object[] = []
  while (dice.below(5) < 3) {
    const type = dice.pick(['Approved', 'Approved', 'Denied', 'Failed', 'Custom', 'a.b/c', ''])
    conditions.push({
      type,
      ...(dice.below(10) > 0
        ? { status: dice.pick(['True', 'True', 'True', 'True', 'False', 'Unknown', 'Other', '']) }
        : {}),
      ...(dice.below(2) === 0 ? { reason: 'R', message: 'm' } : {}),
      ...(dice.below(4) === 0 ? { lastUpdateTime: dice.pick(TIMES) } : {}),
      ...(dice.below(4) === 0 ? { lastTransitionTime: dice.pick(TIMES) } : {}),
    })
  }
  return conditions
}

/** A change of the request of that name, which is told as it is at the server that is asked. */
export function decision(
  dice: Dice,
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
  current: any,
): Question {
  const subresource = dice.pick([
    'approval',
    'approval',
    'approval',
    'status',
    'status',
    'status',
    '',
  ])
  const token = `${dice.pick(USERS)}-token`
  const { conditions = [] } = current.status
  const kept = dice.below(3) > 0 ? conditions : conditions.slice(dice.below(2))
  const status = {
    ...(dice.below(6) > 0 ? { conditions: [...kept, ...conditionsOf(dice)] } : {}),
    ...(current.status.certificate && dice.below(4) > 0
      ? { certificate: current.status.certificate }
      : {}),
    ...(dice.below(3) === 0
      ? { certificate: Buffer.from(dice.pick(PEMS)).toString('base64') }
      : {}),
  }
  const spec = {
    ...current.spec,
    ...(dice.below(15) === 0 ? { signerName: dice.pick(SIGNERS) } : {}),
    ...(dice.below(15) === 0 ? { username: 'root', groups: ['system:masters'] } : {}),
    ...(dice.below(15) === 0 ? { usages: ['server auth'] } : {}),
  }
  const metadata = {
    ...current.metadata,
    ...(dice.below(8) === 0 ? { labels: { a: String(dice.below(9)) } } : {}),
    ...(dice.below(8) === 0 ? { resourceVersion: undefined } : {}),
  }
  const { name } = current.metadata
  const path = `${REQUESTS}/${name}${subresource ? `/${subresource}` : ''}`
  if (dice.below(4) === 0)
    return {
      method: 'PATCH',
      path,
      token,
      body: { status },
      headers: { 'content-type': 'application/merge-patch+json' },
    }
  return { method: 'PUT', path, token, body: { ...current, metadata, spec, status } }
}
