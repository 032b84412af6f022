/**
 * What the tests of this room share: an API server over the memory store, hollow kubelets on it,
 * and time that is moved by hand.
 */

import { configMap } from '#api/core/v1/config-map.ts'
import { namespace as namespaceKind } from '#api/core/v1/namespace.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { kinds } from '#api/kinds.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import type { ApiRequest, Transport } from '#client/transport.ts'
import { type KubeletOptions, startKubelet } from '#kubelet'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { createHollowNode, type HollowNode, type HollowNodeOptions } from '../hollow/hollow-node.ts'
import { createVirtualClock } from '../virtual-clock.ts'

const START = Date.parse('2026-05-01T12:00:00Z')
/** Turns of the event loop after which nothing that needs no time is left to happen, found by trying. */
const TURNS_TO_REST = 40

export async function rest(): Promise<void> {
  for (let turn = 0; turn < TURNS_TO_REST; turn++)
    await new Promise(resolve => setImmediate(resolve))
}

/** The same numbers in every run. All bits of them are of use: what is made of the low ones alone, as ids are, must not come round early. */
export function seededRandom(seed = 1): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    integer: bound => next() % bound,
    bytes: length => Uint8Array.from({ length }, () => next()),
    uuid: () =>
      'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => (next() % 16).toString(16)),
  }
}

/** A transport that can be cut. */
function cuttable(transport: Transport): Transport & { away: boolean } {
  const cut = {
    away: false,
    request: (request: ApiRequest) =>
      cut.away ? Promise.reject(new Error('the API server is away')) : transport.request(request),
  }
  return cut
}

export async function startTestCluster() {
  const clock = createVirtualClock(START, rest)
  const random = seededRandom()
  const log = silentLog
  const server = createApiServer({ store: createMemoryStore(), kinds, clock, random, log })
  await server.ready()
  const transport = cuttable(server.transportFor({ name: 'admin', groups: ['system:masters'] }))
  const client = createClient(transport)
  for (const name of ['default', 'kube-node-lease', 'kube-system'])
    await client
      .create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      .catch(() => {})
  // No token volumes: there is no controller here that would make the certificate bundle for them.
  await client.create(serviceAccount, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
    automountServiceAccountToken: false,
  })
  const started: { stop(): Promise<void> }[] = []

  return {
    clock,
    client,
    transport,
    node: (options: Partial<HollowNodeOptions> = {}): HollowNode =>
      createHollowNode({ clock, random, hostname: 'n1', podCidr: '10.0.1.0/24', ...options }),
    /** A kubelet with informers of its own, as a process of its own would have. */
    async kubelet(node: HollowNode, options: Partial<KubeletOptions> = {}) {
      const informers = createInformers(client, { clock, random, log })
      const running = startKubelet(
        { client, informers, clock, random, log },
        {
          nodeName: 'n1',
          ...node,
          rootDirectory: '/var/lib/kubelet',
          nodeAddresses: ['10.1.0.1'],
          ...options,
        },
      )
      const kubelet = {
        transport: running.transport,
        async stop() {
          await running.stop()
          informers.stop()
          started.splice(started.indexOf(kubelet), 1)
        },
      }
      started.push(kubelet)
      await rest()
      return kubelet
    },
    createPod: (name: string, spec: object, metadata: object = {}): Promise<Pod> =>
      client.create(podKind, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', ...metadata },
        spec: { nodeName: 'n1', ...spec },
      } as Partial<Pod>),
    pod: (name: string): Promise<Pod> => client.get(podKind, name, 'default'),
    createConfigMap: (name: string, data: Record<string, string>): Promise<KubernetesObject> =>
      client.create(configMap, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'default' },
        data,
      }),
    async stop() {
      for (const kubelet of [...started]) await kubelet.stop()
      await server.stop()
    },
  }
}

export type TestCluster = Awaited<ReturnType<typeof startTestCluster>>
