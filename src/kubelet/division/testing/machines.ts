/** Machines that are not there, and pods for them. */
import type { Cpu, MachineTopology } from '../../host-access.ts'
import type { Pod } from '../../pod-types.ts'

export const GIBIBYTE = 2 ** 30

export interface Shape {
  readonly sockets: number
  readonly nodesPerSocket: number
  readonly coresPerNode: number
  readonly threads: number
}

/** Numbered as most machines do it: first one thread of each core, then the others. */
export function machineOf(shape: Shape, memoryBytes = 8 * GIBIBYTE): MachineTopology {
  const { sockets, nodesPerSocket, coresPerNode, threads } = shape
  const nodes = sockets * nodesPerSocket
  const cores = nodes * coresPerNode
  const cpus: Cpu[] = Array.from({ length: cores * threads }, (_, id) => {
    const core = id % cores
    const node = Math.floor(core / coresPerNode)
    return { id, core, node, socket: Math.floor(node / nodesPerSocket) }
  })
  const memory = Array.from({ length: nodes }, (_, id) => ({ id, memoryBytes, hugePages: {} }))
  return { cpus, nodes: memory }
}

/** Numbers from 0 to below `bound`, the same in every run. */
export function numbersFrom(seed: number): (bound: number) => number {
  let state = seed
  return bound => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % bound
  }
}

export const container = (name: string, cpu: string, memory = '1Gi', more: object = {}) => ({
  name,
  image: 'i',
  resources: { requests: { cpu, memory }, limits: { cpu, memory } },
  ...more,
})

export const podOf = (uid: string, containers: readonly object[], more: object = {}): Pod =>
  ({
    metadata: { name: uid, namespace: 'default', uid },
    spec: { containers, ...more },
  }) as unknown as Pod
