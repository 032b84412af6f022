/** What a container gets beside what its pod says, since devices want it so. */
import type { ContainerConfig, Mount } from '../runtime.ts'
import type { ContainerAllocateResponse } from './messages.ts'

export interface ContainerAdditions {
  readonly env: ContainerConfig['env']
  readonly mounts: readonly Mount[]
  readonly devices: ContainerConfig['devices']
  readonly annotations: Readonly<Record<string, string>>
  /** Names of the Container Device Interface, such as `vendor.com/gpu=gpu0`. */
  readonly cdiDevices: readonly string[]
}

export const NO_ADDITIONS: ContainerAdditions = Object.freeze({
  env: [],
  mounts: [],
  devices: [],
  annotations: {},
  cdiDevices: [],
})

/** Of several plugins that say something of the same variable, path or annotation the first one is right. */
export function additionsOf(responses: readonly ContainerAllocateResponse[]): ContainerAdditions {
  const env = new Map<string, string>()
  const annotations = new Map<string, string>()
  const mounts = new Map<string, Mount>()
  const devices = new Map<string, ContainerConfig['devices'][number]>()
  const cdiDevices = new Set<string>()
  for (const response of responses) {
    for (const [name, value] of Object.entries(response.envs)) keep(env, name, value)
    for (const [name, value] of Object.entries(response.annotations)) keep(annotations, name, value)
    for (const { containerPath = '', hostPath = '', readOnly = false } of response.mounts)
      keep(mounts, containerPath, { containerPath, hostPath, readOnly, propagation: 'private' })
    for (const { containerPath = '', hostPath = '', permissions = '' } of response.devices)
      keep(devices, containerPath, { containerPath, hostPath, permissions })
    for (const { name = '' } of response.cdiDevices) cdiDevices.add(name)
  }
  return {
    env: [...env].map(([name, value]) => ({ name, value })),
    mounts: [...mounts.values()],
    devices: [...devices.values()],
    annotations: Object.fromEntries(annotations),
    cdiDevices: [...cdiDevices],
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value)
}
