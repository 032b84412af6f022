/** Flags about what this machine does for the network of pods. */
import { UserError } from '#base/errors.ts'
import { flag, switchFlag } from './flags.ts'

const ROUTE_MODES = ['auto', 'direct', 'vxlan', 'none'] as const
export type PodRoutes = (typeof ROUTE_MODES)[number]

export const podNetwork = {
  networkPolicy: switchFlag(
    'network-policy',
    'enforce NetworkPolicies on this machine; false where another program does, such as Calico or Cilium',
    true,
  ),
  podRoutes: flag<PodRoutes>(
    'pod-routes',
    'MODE',
    "how pods of other nodes are reached: straight to machines on the same network and by VXLAN (UDP port 8472) to others (auto), direct or vxlan alone, or none where somebody else's routes do",
    text => {
      const mode = ROUTE_MODES.find(mode => mode === text)
      if (mode) return mode
      throw new UserError(`--pod-routes wants ${ROUTE_MODES.join(', ')}, not "${text}"`)
    },
    'auto',
  ),
}
