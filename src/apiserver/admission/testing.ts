/** What the tests of admission share: a world over plain maps, and requests as the server would make them. */
import { noDevices } from '#api/core/quota/device-claims.ts'
import type { LimitRange } from '#api/core/v1/limit-range.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { RuntimeClass } from '#api/node/v1/runtime-class.ts'
import type { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import { rbacAuthorizer } from '../authorization/rbac.ts'
import { bootstrapped, userOf } from '../authorization/testing.ts'
import {
  type AdmissionRequest,
  type AdmissionStep,
  runMutations,
  runValidations,
} from './admission.ts'
import type { AdmissionWorld } from './world.ts'

export interface TestWorld extends AdmissionWorld {
  readonly namespaces: Map<string, Namespace>
  readonly accounts: Map<string, ServiceAccount>
  readonly pods: Map<string, Pod>
  readonly nodes: Map<string, Node>
  readonly classes: Map<string, StorageClass>
  readonly made: {
    readonly priority: PriorityClass[]
    readonly runtime: RuntimeClass[]
    readonly ingress: IngressClass[]
    readonly limits: LimitRange[]
  }
}

/** A clock whose timers go off at once. */
const hurriedClock = {
  now: () => 0,
  monotonicMs: () => 0,
  after(_delayMs: number, callback: () => void) {
    queueMicrotask(callback)
    return () => {}
  },
}

export function testWorld(): TestWorld {
  const namespaces = new Map<string, Namespace>()
  const accounts = new Map<string, ServiceAccount>()
  const pods = new Map<string, Pod>()
  const nodes = new Map<string, Node>()
  const classes = new Map<string, StorageClass>()
  const made: TestWorld['made'] = { priority: [], runtime: [], ingress: [], limits: [] }
  const named = (name: string) => (object: KubernetesObject) => object.metadata.name === name
  const rbac = bootstrapped()
  return {
    namespaces,
    accounts,
    pods,
    nodes,
    classes,
    made,
    namespace: name => namespaces.get(name),
    serviceAccount: (namespace, name) => accounts.get(`${namespace}/${name}`),
    pod: (namespace, name) => pods.get(`${namespace}/${name}`),
    podsIn: () => [...pods.values()],
    node: name => nodes.get(name),
    storageClass: name => classes.get(name),
    storageClasses: () => [...classes.values()],
    priorityClass: name => made.priority.find(named(name)),
    priorityClasses: () => made.priority,
    runtimeClass: name => made.runtime.find(named(name)),
    ingressClasses: () => made.ingress,
    limitRanges: () => made.limits,
    resourceOf: () => undefined,
    quotaDevices: noDevices,
    quotas: { list: () => [], latest: async () => undefined, setUsed: async () => false },
    rbac,
    authorizer: rbacAuthorizer(rbac),
    clock: hurriedClock,
    featureGates: new Map([['AllAlpha', true]]),
    random: { uuid: () => 'u', bytes: length => new Uint8Array(length), integer: () => 0 },
  }
}

export function podNamed(name: string, spec: Partial<Pod['spec']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { containers: [{ name: 'main', image: 'x', resources: {} }], ...spec },
    status: {},
  }
}

export interface Asked {
  readonly operation?: AdmissionRequest['operation']
  /** `pods`, `pods/status` or `leases.coordination.k8s.io`. */
  readonly resource?: string
  readonly namespace?: string
  readonly name?: string
  readonly object?: KubernetesObject
  readonly oldObject?: KubernetesObject
  readonly user?: UserInfo
}

export function requestOf(asked: Asked): AdmissionRequest {
  const [path = '', subresource = ''] = (asked.resource ?? 'pods').split('/')
  const [resource = '', ...group] = path.split('.')
  const of = { group: group.join('.'), version: 'v1' }
  return {
    operation: asked.operation ?? 'CREATE',
    kind: { ...of, kind: asked.object?.kind ?? '' },
    resource: { ...of, resource },
    subresource,
    namespace: asked.namespace ?? 'shop',
    name: asked.name ?? asked.object?.metadata.name ?? asked.oldObject?.metadata.name ?? '',
    ...(asked.object ? { object: asked.object } : {}),
    ...(asked.oldObject ? { oldObject: asked.oldObject } : {}),
    user: asked.user ?? userOf('ann'),
    dryRun: false,
  }
}

/** Runs the steps as the server does; gives the draft. */
export async function admit<T extends KubernetesObject>(
  steps: AdmissionStep | readonly AdmissionStep[],
  asked: Asked & { object: T },
): Promise<T>
export async function admit(
  steps: AdmissionStep | readonly AdmissionStep[],
  asked: Asked,
): Promise<undefined>
export async function admit(steps: AdmissionStep | readonly AdmissionStep[], asked: Asked) {
  const all = 'name' in steps ? [steps] : steps
  const draft = structuredClone(asked.object)
  const request = requestOf({ ...asked, ...(draft ? { object: draft } : {}) })
  const writes = request.operation === 'CREATE' || request.operation === 'UPDATE'
  if (draft && writes) await runMutations(all, request, draft)
  await runValidations(all, request)
  return draft
}
