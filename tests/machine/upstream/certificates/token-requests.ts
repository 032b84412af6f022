/** Requests for tokens of service accounts, right and wrong, put together by chance. `uid` gives those of objects of the server that is asked. */
import type { Dice } from '../../../fuzz/random.ts'
import type { Question } from '../access/both.ts'

export type Uid = (name: string) => string

/** With so many chances in a hundred, else nothing. */
const some = (dice: Dice, odds: number, make: () => object): object =>
  dice.below(100) < odds ? make() : {}

export const OBJECTS: readonly (readonly [path: string, body: object])[] = [
  ...['sa', 'other', 'third'].map((name): [string, object] => [
    '/api/v1/namespaces/default/serviceaccounts',
    { metadata: { name } },
  ]),
  ...['n1', 'n2'].map((name): [string, object] => ['/api/v1/nodes', { metadata: { name } }]),
  ...[
    ['pod-sa', 'sa', 'n1'],
    ['pod-other', 'other', 'n1'],
    ['pod-free', 'sa', undefined],
    ['pod-lost', 'sa', 'n9'],
  ].map(([name, serviceAccountName, nodeName]): [string, object] => [
    '/api/v1/namespaces/default/pods',
    {
      metadata: { name },
      spec: {
        serviceAccountName,
        nodeName,
        containers: [{ name: 'c', image: 'i' }],
        automountServiceAccountToken: false,
      },
    },
  ]),
  ['/api/v1/namespaces/default/secrets', { metadata: { name: 'secret' } }],
]
const BOUND = [
  'pod-sa',
  'pod-sa',
  'pod-other',
  'pod-free',
  'pod-lost',
  'secret',
  'n1',
  'n2',
  'none',
  '',
]

function boundOf(dice: Dice, uid: Uid): object {
  const name = dice.pick(BOUND)
  const kind =
    dice.below(6) > 0
      ? name.startsWith('pod')
        ? 'Pod'
        : name === 'secret'
          ? 'Secret'
          : 'Node'
      : dice.pick(['Pod', 'Secret', 'Node', 'ConfigMap', 'pod', ''])
  return {
    ...some(dice, 95, () => ({ kind })),
    ...some(dice, 95, () => ({
      apiVersion: dice.pick([
        'v1',
        'v1',
        'v1',
        'v1',
        'v1',
        'v1',
        'v2',
        '',
        'apps/v1',
        'a/b/c',
        '/v1',
      ]),
    })),
    ...some(dice, 95, () => ({ name })),
    ...some(dice, 60, () => ({
      uid: dice.below(6) > 0 ? uid(name) : dice.pick(['wrong', '', uid('n1')]),
    })),
  }
}

export function tokenRequest(dice: Dice, uid: Uid): Question {
  const account = dice.pick(['sa', 'sa', 'sa', 'sa', 'sa', 'sa', 'other', 'third', 'none'])
  const seconds = dice.pick([
    undefined,
    undefined,
    600,
    599,
    0,
    -5,
    3607,
    3607,
    3607,
    7200,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 40,
    86_400 * 365,
  ])
  const spec = {
    ...some(dice, 60, () => ({
      audiences: dice.pick([
        [],
        ['a'],
        ['a', 'b'],
        ['a', 'a'],
        [''],
        ['https://kubernetes.default.svc.cluster.local'],
        ['https://kubernetes.default.svc.cluster.local', 'x'],
        ['ü "'],
      ]),
    })),
    ...(seconds === undefined ? {} : { expirationSeconds: seconds }),
    ...some(dice, 65, () => ({ boundObjectRef: boundOf(dice, uid) })),
  }
  const body = {
    ...some(dice, 97, () => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' })),
    ...some(dice, 20, () => ({
      metadata: dice.pick<object>([
        {},
        { name: account },
        { name: 'wrong' },
        { namespace: 'default' },
        { namespace: 'kube-system' },
        { uid: uid(account) },
        { uid: 'wrong' },
        { labels: { a: 'b' } },
        { generateName: 'x' },
        { name: account, resourceVersion: '1', creationTimestamp: '2020-01-01T00:00:00Z' },
      ]),
    })),
    ...some(dice, 97, () => ({ spec })),
    ...some(dice, 3, () => ({
      status: { token: 'mine', expirationTimestamp: '2099-01-01T00:00:00Z' },
    })),
  }
  return {
    method: 'POST',
    asAdmin: true,
    path: `/api/v1/namespaces/default/serviceaccounts/${account}/token${dice.below(20) === 0 ? '?dryRun=All' : ''}`,
    body,
  }
}
