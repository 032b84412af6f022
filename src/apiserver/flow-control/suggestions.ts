/**
 * The flow schemas and priority levels of a fresh cluster, the same as upstream's: two of each that must be, and suggestions
 * that an administrator may change or delete.
 */
import type {
  FlowSchema,
  FlowSchemaSpec,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from '#api/flowcontrol/v1/flow-schema.ts'
import {
  everythingOf,
  groups,
  MANDATORY_FLOW_SCHEMAS,
  MANDATORY_PRIORITY_LEVELS,
} from '#api/flowcontrol/v1/mandatory.ts'
import type {
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
} from '#api/flowcontrol/v1/priority-level-configuration.ts'

/** As long as it says true, the server keeps the spec as it suggests it. */
export const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec'

const API_VERSION = 'flowcontrol.apiserver.k8s.io/v1'
const QUEUE_LENGTH = 50
const ANYBODY = groups('system:unauthenticated', 'system:authenticated')
const NODES = groups('system:nodes')

/** Shares, percent that may be lent, queues and hand size, by name. */
const SUGGESTED_LEVELS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  system: [30, 33, 64, 6],
  'node-high': [40, 25, 64, 6],
  'leader-election': [10, 0, 16, 4],
  'workload-high': [40, 50, 128, 6],
  'workload-low': [100, 90, 128, 6],
  'global-default': [20, 50, 128, 6],
}

/** Level, precedence, how flows are told apart, and the requests, by name. */
const SUGGESTED_SCHEMAS: Readonly<
  Record<string, readonly [string, number, '' | 'ByUser' | 'ByNamespace', PolicyRulesWithSubjects]>
> = {
  'system-nodes': ['system', 500, 'ByUser', everythingOf(NODES)],
  'system-node-high': [
    'node-high',
    400,
    'ByUser',
    {
      subjects: NODES,
      resourceRules: [
        { ...resources('', 'nodes', 'nodes/status'), clusterScope: true },
        resources('coordination.k8s.io', 'leases'),
      ],
    },
  ],
  probes: [
    'exempt',
    2,
    '',
    {
      subjects: ANYBODY,
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    },
  ],
  'system-leader-election': [
    'leader-election',
    100,
    'ByUser',
    {
      subjects: [
        ...users('system:kube-controller-manager', 'system:kube-scheduler'),
        ...systemAccounts(),
      ],
      resourceRules: [
        { ...resources('coordination.k8s.io', 'leases'), verbs: ['get', 'create', 'update'] },
      ],
    },
  ],
  'kube-controller-manager': [
    'workload-high',
    800,
    'ByNamespace',
    everythingOf(users('system:kube-controller-manager')),
  ],
  'kube-scheduler': [
    'workload-high',
    800,
    'ByNamespace',
    everythingOf(users('system:kube-scheduler')),
  ],
  'kube-system-service-accounts': [
    'workload-high',
    900,
    'ByNamespace',
    everythingOf(systemAccounts()),
  ],
  'service-accounts': [
    'workload-low',
    9000,
    'ByUser',
    everythingOf(groups('system:serviceaccounts')),
  ],
  'global-default': ['global-default', 9900, 'ByUser', everythingOf(ANYBODY)],
}

export function flowSchemas(): FlowSchema[] {
  const specs = new Map<string, FlowSchemaSpec>(MANDATORY_FLOW_SCHEMAS)
  for (const [name, [level, matchingPrecedence, method, rule]] of Object.entries(SUGGESTED_SCHEMAS))
    specs.set(name, {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(method ? { distinguisherMethod: { type: method } } : {}),
      rules: [rule],
    })
  return [...specs].map(([name, spec]) => ({ ...headOf('FlowSchema', name), spec, status: {} }))
}

export function priorityLevels(): PriorityLevelConfiguration[] {
  const specs = new Map<string, PriorityLevelConfigurationSpec>(MANDATORY_PRIORITY_LEVELS)
  for (const [name, [shares, lendable, queues, handSize]] of Object.entries(SUGGESTED_LEVELS)) {
    const queuing = { queues, handSize, queueLengthLimit: QUEUE_LENGTH }
    specs.set(name, {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: shares,
        lendablePercent: lendable,
        limitResponse: { type: 'Queue', queuing },
      },
    })
  }
  return [...specs].map(([name, spec]) => ({
    ...headOf('PriorityLevelConfiguration', name),
    spec,
    status: {},
  }))
}

function headOf(kind: string, name: string) {
  return {
    apiVersion: API_VERSION,
    kind,
    metadata: { name, annotations: { [AUTO_UPDATE]: 'true' } },
  }
}

function resources(group: string, ...names: string[]): ResourcePolicyRule {
  return { verbs: ['*'], apiGroups: [group], resources: names, namespaces: ['*'] }
}

function users(...names: string[]): PolicyRulesWithSubjects['subjects'] {
  return names.map(name => ({ kind: 'User', user: { name } }))
}

/** All service accounts of kube-system. */
function systemAccounts(): PolicyRulesWithSubjects['subjects'] {
  return [{ kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } }]
}
