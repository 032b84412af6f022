/** The room's door: everything that runs a cluster, or a part of one, without the machine. */
export {
  createHollowNode,
  type HollowNode,
  type HollowNodeOptions,
} from './hollow/hollow-node.ts'
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
