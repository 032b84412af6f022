import { type Plugin, refuse } from '../plugin.ts'
import type { HostPort } from '../pod-info.ts'

/** Two pods cannot have the same port of one node. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  wokenBy: ['node-added', 'pod-removed'],
  filter({ hostPorts }) {
    if (hostPorts.length === 0) return undefined
    return ({ pods, podsWithPorts }) => {
      if (podsWithPorts === 0) return undefined
      for (const other of pods.values())
        if (other.hostPorts.some(used => hostPorts.some(wanted => collide(used, wanted))))
          return refuse("node(s) didn't have free ports for the requested pod ports")
      return undefined
    }
  },
}

function collide(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false
  return a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0'
}
