/** As what a node registers, out of its flags. */
import type { ValuesOf } from '#cli'
import type { NodeRegistration } from './options.ts'

export function registrationOf(values: ValuesOf<'up' | 'kubelet' | 'join'>): NodeRegistration {
  const { nodeLabels, registerWithTaints, maxPods, providerId, cloudProvider } = values
  return {
    nodeLabels: Object.fromEntries(nodeLabels),
    taints: [...registerWithTaints.values()],
    ...(maxPods === undefined ? {} : { maxPods }),
    ...(providerId === undefined ? {} : { providerId }),
    hasExternalCloud: cloudProvider !== undefined,
  }
}
