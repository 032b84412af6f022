/** Chapters about volumes that are attached to nodes: by whom they are used, what fails, what grows, and nodes that die with them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { type Nodes, until } from './story.ts'
import {
  attach,
  CLAIMS,
  claim,
  csi,
  detach,
  failTo,
  isGone,
  isNamedBy,
  isPhase,
  isScheduled,
  isTold,
  LOOSE,
  merge,
  mounted,
  NODES,
  onNode,
  PLACE,
  PODS,
  pod,
  podSpec,
  using,
  VOLUMES,
  volume,
} from './volume-objects.ts'

/** A volume and a claim of one name that are bound. */
async function pair(api: ApiEnd, name: string, spec: object = {}): Promise<void> {
  await volume(api, name, { ...csi(name), claimRef: { namespace: PLACE, name }, ...spec })
  const { accessModes = ['ReadWriteOnce'] } = spec as Shown
  await claim(api, name, { volumeName: name, accessModes })
  await isPhase(api, `${CLAIMS}/${name}`, 'Bound')
}

const user = async (api: ApiEnd, name: string, node: string, ...claims: readonly string[]) => {
  await pod(api, name, { ...using(...claims), ...onNode(node) })
  await isScheduled(api, name)
}

const MANY = { accessModes: ['ReadWriteMany'] }

export async function useAttached(api: ApiEnd): Promise<void> {
  for (const name of ['first', 'second', 'failing', 'stubborn', 'moving']) await pair(api, name)
  await pair(api, 'together', MANY)
  await pair(api, 'loose', csi('loose', LOOSE))
  await pair(api, 'iscsi', {
    csi: undefined,
    iscsi: { targetPortal: '192.0.2.5:3260', iqn: 'iqn.2001-04.com.example:storage', lun: 0 },
  })
  await user(api, 'two', 'node-1', 'first', 'second')
  await attach(api, 'first', 'node-1')
  await attach(api, 'second', 'node-1')
  await isTold(api, 'SuccessfulAttachVolume', 'two')
  await user(api, 'loose', 'node-1', 'loose')
  await user(api, 'iscsi', 'node-1', 'iscsi')
  await user(api, 'failing', 'node-1', 'failing')
  await failTo(api, 'attachError', 'failing', 'node-1', 'no such disk')
  await isTold(api, 'FailedAttachVolume', 'failing')
  await attach(api, 'failing', 'node-1')
  await isTold(api, 'SuccessfulAttachVolume', 'failing')
  await user(api, 'together-1', 'node-1', 'together')
  await user(api, 'together-2', 'node-2', 'together')
  for (const node of ['node-1', 'node-2']) await attach(api, 'together', node)
  await user(api, 'stubborn', 'node-1', 'stubborn')
  await attach(api, 'stubborn', 'node-1')
}

/** A pod that has ended lets its volumes go, but not before its node does. */
export async function moveOn(api: ApiEnd): Promise<void> {
  await user(api, 'moving-1', 'node-1', 'moving')
  await attach(api, 'moving', 'node-1')
  await mounted(api, 'node-1', 'first', 'second', 'moving', 'stubborn')
  await user(api, 'moving-2', 'node-2', 'moving')
  await isTold(api, 'FailedAttachVolume', 'moving-2')
  await api.want('DELETE', `${PODS}/moving-1`)
  await isGone(api, `${PODS}/moving-1`)
  await sleep(2000)
  await mounted(api, 'node-1', 'first', 'second', 'stubborn')
  await isNamedBy(api, 'node-1', 'moving', false)
  await detach(api, 'moving', 'node-1')
  await attach(api, 'moving', 'node-2')
  await api.want('DELETE', `${PODS}/together-1`)
  await detach(api, 'together', 'node-1')
  // Both are used by pods of which one goes.
  await user(api, 'two-again', 'node-1', 'first', 'second')
  await api.want('DELETE', `${PODS}/two`)
  await isGone(api, `${PODS}/two`)
  await mounted(api, 'node-1', 'first', 'second')
  await api.want('DELETE', `${PODS}/stubborn`)
  await isNamedBy(api, 'node-1', 'stubborn', false)
  await failTo(api, 'detachError', 'stubborn', 'node-1', 'disk is busy')
}

export async function letGo(api: ApiEnd): Promise<void> {
  await detach(api, 'stubborn', 'node-1')
  await api.want('DELETE', `${PODS}/iscsi`)
  await isGone(api, `${PODS}/iscsi`)
}

/** Claims grow where their class lets them; the story resizes. */
export async function grow(api: ApiEnd): Promise<void> {
  const wants = (storage: string) => ({ spec: { resources: { requests: { storage } } } })
  const { status, body } = await api.ask(
    'PATCH',
    `${CLAIMS}/slow`,
    wants('2Gi'),
    'application/merge-patch+json',
  )
  if (status !== 403) throw new Error(`${status} ${JSON.stringify(body)}`)
  await merge(api, `${CLAIMS}/fresh`, wants('2Gi'))
  await isTold(api, 'ExternalExpanding', 'fresh')
  await merge(api, `${CLAIMS}/copy`, wants('2Gi'))
  await merge(api, `${CLAIMS}/restored`, wants('4Gi'))
  await isTold(api, 'ExternalExpanding', 'restored')
  await merge(api, `${VOLUMES}/made-fresh`, { spec: { capacity: { storage: '2Gi' } } })
  await merge(api, `${CLAIMS}/fresh/status`, {
    status: {
      allocatedResources: { storage: '2Gi' },
      allocatedResourceStatuses: { storage: 'NodeResizePending' },
      conditions: [{ type: 'FileSystemResizePending', status: 'True', lastTransitionTime: null }],
    },
  })
  await merge(api, `${CLAIMS}/restored/status`, {
    status: {
      allocatedResources: { storage: '4Gi' },
      allocatedResourceStatuses: { storage: 'ControllerResizeInfeasible' },
    },
  })
  // It may want less again, but not less than it has.
  await merge(api, `${CLAIMS}/restored`, wants('3Gi'))
  await merge(api, `${CLAIMS}/fresh/status`, {
    status: { capacity: { storage: '2Gi' }, allocatedResourceStatuses: null, conditions: null },
  })
  await merge(api, `${CLAIMS}/silvery`, { spec: { volumeAttributesClassName: 'gold' } })
  await merge(api, `${CLAIMS}/silvery/status`, {
    status: {
      modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold', status: 'InProgress' },
    },
  })
  await merge(api, `${CLAIMS}/silvery/status`, {
    status: { currentVolumeAttributesClassName: 'gold', modifyVolumeStatus: null },
  })
  await merge(api, `${VOLUMES}/made-silvery`, { spec: { volumeAttributesClassName: 'gold' } })
}

const DEAD = 'node-2'
const OUT = { key: 'node.kubernetes.io/out-of-service', value: 'dead', effect: 'NoExecute' }

/** A node dies that has volumes in use; who follows has to wait until somebody is sure that it is dead. */
export async function die(api: ApiEnd, nodes: Nodes): Promise<void> {
  await pair(api, 'inherited')
  await api.want('POST', `/apis/apps/v1/namespaces/${PLACE}/statefulsets`, {
    metadata: { name: 'heir' },
    spec: {
      serviceName: 'heir',
      selector: { matchLabels: { app: 'heir' } },
      template: {
        metadata: { labels: { app: 'heir' } },
        spec: podSpec({
          ...using('inherited'),
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b', 'c'] }] },
                ],
              },
              preferredDuringSchedulingIgnoredDuringExecution: [
                {
                  weight: 100,
                  preference: {
                    matchExpressions: [{ key: 'zone', operator: 'In', values: ['c'] }],
                  },
                },
              ],
            },
          },
        }),
      },
    },
  })
  await isScheduled(api, 'heir-0')
  await attach(api, 'inherited', DEAD)
  await mounted(api, DEAD, 'inherited', 'moving', 'together')
  await nodes.get(DEAD)?.stop()
  await until('it is unreachable', async () => {
    const { spec } = await api.want('GET', `${NODES}/${DEAD}`)
    return (spec.taints ?? []).some(
      ({ key, effect }: Shown) =>
        key === 'node.kubernetes.io/unreachable' && effect === 'NoExecute',
    )
  })
  await user(api, 'moving-3', 'node-1', 'moving')
  await isTold(api, 'FailedAttachVolume', 'moving-3')
  await api.want('DELETE', `${PODS}/heir-0`)
}

export async function isOutOfService(api: ApiEnd): Promise<void> {
  const { spec } = await api.want('GET', `${NODES}/${DEAD}`)
  await merge(api, `${NODES}/${DEAD}`, { spec: { taints: [...spec.taints, OUT] } })
  for (const name of ['inherited', 'moving', 'together']) await detach(api, name, DEAD)
  await attach(api, 'inherited', 'node-1')
  await attach(api, 'moving', 'node-1')
}

/** What is gone has nothing attached. Meanwhile somebody has waited for two minutes. */
export async function vanish(api: ApiEnd): Promise<void> {
  await isTold(api, 'FailedAttachVolume', 'delayed')
  await attach(api, 'made-delayed', 'node-1')
  await isTold(api, 'SuccessfulAttachVolume', 'delayed')
  await api.want('DELETE', `${NODES}/${DEAD}`)
  await until('its pods are gone', async () => {
    const { items } = await api.want('GET', PODS)
    return items.every(({ spec }: Shown) => spec.nodeName !== DEAD)
  })
}
