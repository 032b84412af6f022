/** Pods that run do not ask for more than their node has: it could never be given. */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { podResources } from '#api/core/v1/pod/resources.ts'
import { quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { asPod, concerns, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

export function podResize({ node: find }: Pick<AdmissionWorld, 'node'>): AdmissionStep {
  return {
    name: 'PodResizeValidator',
    resources: ['pods'],
    isFor: request => request.operation === 'UPDATE' && request.subresource === 'resize',
    async validate(request) {
      if (!concerns(request, '', 'pods') || !request.object || !request.oldObject) return
      const { metadata, spec, ...rest } = asPod(request.object)
      // The generation grows with each change of the spec.
      const isSame = request.oldObject.metadata.generation === metadata.generation
      const { nodeName = '' } = spec
      if (nodeName === '' || isSame) return
      const node = await find(nodeName)
      if (!node) throw refused(request, `node "${nodeName}" not found`)
      const missing = missingIn(node, { metadata, spec, ...rest })
      if (missing.length > 0)
        throw causedBy(
          'NodeCapacity',
          request,
          `node didn't have enough allocatable resources: ${missing.join('; ')}`,
        )
      const system = node.metadata.labels?.['kubernetes.io/os'] ?? ''
      if (system !== 'linux')
        throw causedBy(
          'UnsupportedPlatform',
          request,
          `pod resize is only supported on linux nodes, node "${nodeName}" is "${system}"`,
        )
    },
  }
}

function missingIn({ status }: Node, pod: Pod): string[] {
  const requests = podResources(pod, 'requests', { withOverhead: true })
  const measured = [
    ['cpu', quantityToMilli],
    ['memory', quantityToNumber],
  ] as const
  return measured.flatMap(([name, measure]) => {
    const requested = measure(requests.get(name) ?? '0')
    const allocatable = measure(status?.allocatable?.[name] ?? '0')
    return requested > allocatable
      ? [`${name}, requested: ${requested}, allocatable: ${allocatable}`]
      : []
  })
}

/** Programs tell by the cause whether to try again. */
function causedBy(reason: string, request: AdmissionRequest, why: string): StatusError {
  const { message, details } = refused(request, why)
  return new StatusError('Forbidden', message, { ...details, causes: [{ reason }] })
}
