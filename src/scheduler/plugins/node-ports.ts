import type { Pod } from '#api/core/v1/pod/pod.ts'
import { actions } from '../framework/cluster-event.ts'
import type { Plugin } from '../framework/plugin.ts'
import { refusal, SKIP } from '../framework/status.ts'
import { type HostPort, type PodInfo, podInfoOf } from '../state/pod-info.ts'

const NAME = 'NodePorts'
const REFUSAL = refusal(NAME, "node(s) didn't have free ports for the requested pod ports")

/** Two pods cannot have the same port of one node. */
export function nodePorts(): Plugin {
  return {
    name: NAME,
    sign: ({ hostPorts }) => JSON.stringify(hostPorts),
    preFilter: (_cycle, { hostPorts }) => (hostPorts.length === 0 ? { status: SKIP } : undefined),
    filter(_cycle, pod, { pods, podsWithPorts }) {
      if (podsWithPorts === 0) return undefined
      for (const other of pods.values()) if (collide(pod, other)) return REFUSAL
      return undefined
    },
    events: () => [
      {
        resource: 'AssignedPod',
        action: actions.delete,
        hint: (pod, { previous }) => !previous || collide(pod, podInfoOf(previous as Pod)),
      },
      // Ports do not depend on a node's fields, but a node that comes brings free ones.
      { resource: 'Node', action: actions.add },
    ],
  }
}

function collide(a: PodInfo, b: PodInfo): boolean {
  return a.hostPorts.some(one => b.hostPorts.some(other => isSamePort(one, other)))
}

function isSamePort(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false
  return a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0'
}
