/** As what a node registers, out of its flags. */
import { addQuantities, formatQuantity } from '#api/machinery/quantity.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'
import { parseCpuSet } from '#kubelet/before-start.ts'
import type { NodeRegistration } from './options.ts'

export function registrationOf(values: ValuesOf<'up' | 'kubelet' | 'join'>): NodeRegistration {
  const { nodeLabels, registerWithTaints, maxPods, providerId, cloudProvider } = values
  return {
    nodeLabels: Object.fromEntries(nodeLabels),
    taints: [...registerWithTaints.values()],
    ...(maxPods === undefined ? {} : { maxPods }),
    ...(providerId === undefined ? {} : { providerId }),
    hasExternalCloud: cloudProvider !== undefined,
    ...divisionOf(values),
  }
}

/** How the machine is divided, and what pods do not get of it. */
function divisionOf(
  values: ValuesOf<'up' | 'kubelet' | 'join'>,
): Pick<NodeRegistration, 'divided' | 'reserved'> {
  const { cpuManagerPolicy, cpuManagerPolicyOptions } = values
  const { memoryManagerPolicy, reservedMemory } = values
  const { topologyManagerPolicy, topologyManagerScope } = values
  const reservedCpus = cpusOf(values.reservedCpus)
  const reserved = sumOf(values.systemReserved, values.kubeReserved)
  return {
    divided: {
      ...{ cpuManagerPolicy, cpuManagerPolicyOptions, memoryManagerPolicy, reservedMemory },
      ...{ topologyManagerPolicy, topologyManagerScope, reservedCpus },
    },
    reserved: reservedCpus.length > 0 ? { ...reserved, cpu: `${reservedCpus.length}` } : reserved,
  }
}

function cpusOf(text: string): readonly number[] {
  try {
    return parseCpuSet(text)
  } catch (error) {
    throw new UserError(`--reserved-cpus: ${messageOf(error)}`)
  }
}

function sumOf(...lists: readonly ReadonlyMap<string, string>[]): Record<string, string> {
  const sums: Record<string, string> = {}
  for (const list of lists)
    for (const [name, amount] of list)
      sums[name] = formatQuantity(addQuantities(sums[name] ?? '0', amount))
  return sums
}
