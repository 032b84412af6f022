/** Pods that run do not ask for a change that the kubelet of their node knows nothing of. */
import type { Node } from '#api/core/v1/node.ts'
import { featuresNeededToResize, undeclaredFeatures } from '#api/core/v1/node-features.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { respelled } from '#api/machinery/respelled.ts'
import type { AdmissionStep } from './admission.ts'
import { asPod, concerns, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

export function nodeDeclaredFeatures({ node: find }: Pick<AdmissionWorld, 'node'>): AdmissionStep {
  return {
    name: 'NodeDeclaredFeatureValidator',
    resources: ['pods'],
    isFor: ({ operation, subresource }) => operation === 'UPDATE' && subresource === 'resize',
    async validate(request) {
      if (!concerns(request, '', 'pods') || !request.object || !request.oldObject) return
      const before = asPod(request.oldObject)
      const { spec } = respelled(podKind.shape, asPod(request.object), before)
      const needed = featuresNeededToResize(spec, before.spec)
      if (!spec.nodeName || needed.length === 0) return
      const node: Node | undefined = await find(spec.nodeName)
      if (!node) throw refused(request, `node "${spec.nodeName}" not found`)
      const missing = undeclaredFeatures(needed, node)
      if (missing.length > 0)
        throw refused(
          request,
          `pod update requires features ${missing.join(', ')} which are not available on node "${spec.nodeName}"`,
        )
    },
  }
}
