/** Who owns what the server made for itself: what a fresh kube-apiserver v1.36 shows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagedFieldsEntry } from '#api/machinery/metadata.ts'
import { newPrivateKey } from '#base/pki/certificate.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { signingKeyOf } from '../authentication/jwt.ts'
import { startTestServer, type TestServer } from '../testing.ts'

const SERVER = 'kube-apiserver Update'
const LEVELS = 'api-priority-and-fairness-config-producer-v1 Update'
const SCHEMAS = ['api-priority-and-fairness-config-consumer-v1 Apply status', LEVELS]
const COMPOSED = ['clusterrole-aggregation-controller Apply', SERVER]
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const FLOWS = '/apis/flowcontrol.apiserver.k8s.io/v1'
const SYSTEM = '/api/v1/namespaces/kube-system'

/** Path, and who owns something: manager, operation and subresource. */
const OWNERS: readonly (readonly [string, readonly string[]])[] = [
  ['/api/v1/namespaces/default', [SERVER]],
  ['/api/v1/namespaces/kube-system', [SERVER]],
  ['/api/v1/namespaces/kube-public', [SERVER]],
  ['/api/v1/namespaces/kube-node-lease', [SERVER]],
  ['/api/v1/namespaces/default/services/kubernetes', [SERVER]],
  ['/api/v1/namespaces/default/endpoints/kubernetes', [SERVER]],
  ['/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes', [SERVER]],
  [
    '/apis/networking.k8s.io/v1/servicecidrs/kubernetes',
    ['kubernetes-service-cidr-controller Apply status', SERVER],
  ],
  ['/apis/networking.k8s.io/v1/ipaddresses/10.96.0.1', [SERVER]],
  ['/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical', [SERVER]],
  [`${FLOWS}/flowschemas/exempt`, SCHEMAS],
  [`${FLOWS}/flowschemas/service-accounts`, SCHEMAS],
  [`${FLOWS}/prioritylevelconfigurations/exempt`, [LEVELS]],
  [`${FLOWS}/prioritylevelconfigurations/workload-low`, [LEVELS]],
  [`${RBAC}/clusterroles/cluster-admin`, [SERVER]],
  [`${RBAC}/clusterroles/admin`, COMPOSED],
  [`${RBAC}/clusterroles/edit`, COMPOSED],
  [`${RBAC}/clusterroles/view`, COMPOSED],
  [`${RBAC}/clusterroles/system:node`, [SERVER]],
  [`${RBAC}/clusterrolebindings/cluster-admin`, [SERVER]],
  [`${RBAC}/namespaces/kube-system/roles/system:controller:token-cleaner`, [SERVER]],
  [`${RBAC}/namespaces/kube-system/rolebindings/system:controller:token-cleaner`, [SERVER]],
  ['/apis/apiregistration.k8s.io/v1/apiservices/v1.apps', [SERVER]],
  [`${SYSTEM}/configmaps/kube-apiserver-legacy-service-account-token-tracking`, [SERVER]],
]

/** What somebody owns, as a text. */
const FIELDS: readonly (readonly [string, string, string])[] = [
  ['/api/v1/namespaces/default', SERVER, '{"metadata":{"labels":{"kubernetes.io/metadata.name"}}}'],
  [
    '/api/v1/namespaces/default/services/kubernetes',
    SERVER,
    '{"metadata":{"labels":{"component","provider"}},"spec":{"clusterIP","internalTrafficPolicy","ipFamilyPolicy","ports":{"{\\"port\\":443,\\"protocol\\":\\"TCP\\"}":{"name","port","protocol","targetPort"}},"sessionAffinity","type"}}',
  ],
  ['/apis/networking.k8s.io/v1/servicecidrs/kubernetes', SERVER, '{"spec":{"cidrs"}}'],
  [
    `${RBAC}/clusterrolebindings/system:node-proxier`,
    SERVER,
    '{"metadata":{"annotations":{"rbac.authorization.kubernetes.io/autoupdate"},"labels":{"kubernetes.io/bootstrapping"}},"roleRef","subjects"}',
  ],
  [`${RBAC}/clusterroles/view`, COMPOSED[0] ?? '', '{"rules"}'],
  [
    `${RBAC}/clusterroles/view`,
    SERVER,
    '{"aggregationRule":{"clusterRoleSelectors"},"metadata":{"annotations":{"rbac.authorization.kubernetes.io/autoupdate"},"labels":{"kubernetes.io/bootstrapping","rbac.authorization.k8s.io/aggregate-to-edit"}}}',
  ],
  // A binding of nobody.
  [
    `${RBAC}/clusterrolebindings/system:node`,
    SERVER,
    '{"metadata":{"annotations":{"rbac.authorization.kubernetes.io/autoupdate"},"labels":{"kubernetes.io/bootstrapping"}},"roleRef"}',
  ],
  [
    `${FLOWS}/flowschemas/exempt`,
    LEVELS,
    '{"metadata":{"annotations":{"apf.kubernetes.io/autoupdate-spec"}},"spec":{"matchingPrecedence","priorityLevelConfiguration":{"name"},"rules"}}',
  ],
  [
    `${FLOWS}/flowschemas/exempt`,
    SCHEMAS[0] ?? '',
    '{"status":{"conditions":{"{\\"type\\":\\"Dangling\\"}":{"lastTransitionTime","message","reason","status","type"}}}}',
  ],
]

/** A set without what says nothing more. */
function textOf(fields: object): string {
  const parts = Object.entries(fields).flatMap(([name, below]) => {
    if (name === '.') return []
    const inner = textOf(below)
    return [`${JSON.stringify(name.slice(2))}${inner === '{}' ? '' : `:${inner}`}`]
  })
  return `{${parts.toSorted().join()}}`
}

const nameOf = ({ manager, operation, subresource }: ManagedFieldsEntry) =>
  [manager, operation, subresource].filter(Boolean).join(' ')

const key = signingKeyOf(newPrivateKey())
const AT = { address: '10.0.0.1', port: 6443 }
const started = async (options: Parameters<typeof startTestServer>[0] = {}) => {
  const cluster = await startTestServer({ serviceAccountKeys: [key], ...options })
  await cluster.server.advertise(AT)
  return cluster
}

async function entriesOf({ ask }: TestServer, path: string) {
  const { body } = await ask('GET', path)
  return (body.metadata?.managedFields ?? []) as ManagedFieldsEntry[]
}

/** What is not made at once follows a few turns after it is due. */
async function settled(cluster: TestServer): Promise<void> {
  cluster.clock.advance(2_000)
  // Also where all is there already: who writes it once more does so by then.
  for (let turn = 0; turn < 100; turn++) await new Promise(resolve => setImmediate(resolve))
  for (let turn = 0; turn < 500; turn++) {
    const all = await Promise.all(OWNERS.map(([path]) => entriesOf(cluster, path)))
    if (all.every((entries, at) => entries.length >= (OWNERS[at]?.[1].length ?? 0))) return
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('the objects of a fresh server are owned as upstream’s', async () => {
  const cluster = await started()
  await settled(cluster)
  for (const [path, owners] of OWNERS)
    assert.deepEqual((await entriesOf(cluster, path)).map(nameOf), owners, path)
  for (const [path, owner, fields] of FIELDS) {
    const entry = (await entriesOf(cluster, path)).find(each => nameOf(each) === owner)
    assert.equal(textOf(entry?.fieldsV1 as object), fields, path)
  }
  await cluster.server.stop()
})

test('a later start writes nothing of it again', async () => {
  const store = createMemoryStore()
  const first = await started({ store })
  await settled(first)
  const { revision } = await store.list('/registry/')
  await first.server.stop()
  const second = await started({ store })
  await settled(second)
  assert.equal((await store.list('/registry/')).revision, revision)
  await second.server.stop()
})
