/** What nodes that join are allowed, and what tells them of the cluster: as kubeadm gives it, made with the first token. */
import { createHash, X509Certificate } from 'node:crypto'
import { configMap } from '#api/core/v1/config-map.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { isStatus } from '#api/machinery/status.ts'
import { clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { clusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { role } from '#api/rbac/v1/role.ts'
import { roleBinding } from '#api/rbac/v1/role-binding.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import type { Client } from '#client/client.ts'
import { FACTS_NAME } from './cluster-facts.ts'

/** Whom a token is for, if nobody says more: kubeadm's group. */
export const JOINING_GROUP = 'system:bootstrappers:proa:default-node-token'
const NODES = 'system:nodes'
const GROUP = 'rbac.authorization.k8s.io'
const REQUESTS = 'certificates.k8s.io'

const rule = (verbs: string[], apiGroups: string[], resources: string[], names?: string[]) => ({
  ...{ verbs, apiGroups, resources },
  ...(names ? { resourceNames: names } : {}),
})
const subject = (kind: 'Group' | 'User', name: string) => ({ kind, name, apiGroup: GROUP })
const nodes = subject('Group', NODES)

const CLUSTER_ROLES = {
  // Proa's own rules for Services and policies are written by the node itself, which has to know all pods.
  'proa:node-network': [
    rule(['get', 'list', 'watch'], [''], ['pods', 'namespaces', 'nodes', 'services', 'endpoints']),
    rule(['get', 'list', 'watch'], ['discovery.k8s.io'], ['endpointslices']),
    rule(['get', 'list', 'watch'], ['networking.k8s.io'], ['networkpolicies']),
  ],
  'proa:node-serving': [
    rule(['create'], [REQUESTS], ['certificatesigningrequests/selfnodeserver']),
  ],
}

const BINDINGS = {
  'proa:kubelet-bootstrap': ['system:node-bootstrapper', subject('Group', JOINING_GROUP)],
  'proa:node-autoapprove-bootstrap': [
    `system:${REQUESTS}:certificatesigningrequests:nodeclient`,
    subject('Group', JOINING_GROUP),
  ],
  'proa:node-autoapprove-certificate-rotation': [
    `system:${REQUESTS}:certificatesigningrequests:selfnodeclient`,
    nodes,
  ],
  'proa:node-serving': ['proa:node-serving', nodes],
  'proa:node-serving-approver': [
    `system:${REQUESTS}:kubelet-serving-approver`,
    subject('User', 'system:kube-controller-manager'),
  ],
  // As whom controllers approve that have accounts of their own.
  'proa:node-serving-approver-account': [
    `system:${REQUESTS}:kubelet-serving-approver`,
    { kind: 'ServiceAccount', name: 'certificate-controller', namespace: 'kube-system' },
  ],
  'proa:node-network': ['proa:node-network', nodes],
} as const

/** Named ConfigMaps that may be read, and by whom. */
const READERS = [
  {
    namespace: 'kube-public',
    name: 'cluster-info',
    groups: ['system:unauthenticated', 'system:authenticated'],
  },
  { namespace: 'kube-system', name: FACTS_NAME, groups: [NODES] },
]

/** Makes what is missing; what is there stays as somebody may have changed it, but for where the cluster is. */
export async function allowJoining(client: Client, server: string, ca: string): Promise<void> {
  const ensure = async <K extends AnyKind>(kind: K, object: object) => {
    try {
      await client.create(kind, object as never)
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error
    }
  }
  for (const [name, rules] of Object.entries(CLUSTER_ROLES))
    await ensure(clusterRole, { metadata: { name }, rules })
  for (const [name, [to, who]] of Object.entries(BINDINGS))
    await ensure(clusterRoleBinding, {
      metadata: { name },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: to },
      subjects: [who],
    })
  for (const { namespace, name, groups } of READERS) {
    const metadata = { name: `proa:${name}`, namespace }
    await ensure(role, { metadata, rules: [rule(['get'], [''], ['configmaps'], [name])] })
    await ensure(roleBinding, {
      metadata,
      roleRef: { apiGroup: GROUP, kind: 'Role', name: metadata.name },
      subjects: groups.map(group => subject('Group', group)),
    })
  }
  const at = { name: 'cluster-info', namespace: 'kube-public' }
  const kubeconfig = clusterInfo(server, ca)
  await ensure(configMap, { metadata: at, data: { kubeconfig } })
  const { data } = await client.get(configMap, at.name, at.namespace)
  if (data?.kubeconfig !== kubeconfig)
    await client.patch(configMap, at, 'merge', { data: { kubeconfig } })
}

/** A kubeconfig that says where the cluster is and by whom its server is known, and nothing of who one is; as kubeadm writes it. */
function clusterInfo(server: string, ca: string): string {
  return [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${Buffer.from(ca).toString('base64')}`,
    `    server: ${server}`,
    '  name: ""',
    'contexts: null',
    'current-context: ""',
    'kind: Config',
    'preferences: {}',
    'users: null',
    '',
  ].join('\n')
}

/** By what a machine that joins knows the authorities, which are several while one takes the place of another: `sha256:` and the hash of a public key, as kubeadm's. */
export function authorityHashes(ca: string): string[] {
  return certificatesIn(ca).map(pem => {
    const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
    return `sha256:${createHash('sha256').update(key).digest('hex')}`
  })
}
