/** Signs what was approved for the cluster's own signers. */
import { certificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { type Controller, type ControllerContext, nothingToDo } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'
import { reconcile } from './certificatesigningrequest-signing.reconcile.ts'
import type { SigningOptions } from './signers.ts'

export function certificateSigningRequestSigningController(
  context: ControllerContext,
  options: SigningOptions,
): Controller {
  const requests = context.informers.for(certificateSigningRequest)
  return {
    name: 'certificatesigningrequest-signing-controller',
    workers: 5,
    views: [{ kind: certificateSigningRequest, informer: requests }],
    wake: queue => wakeSelf(queue, requests),
    reconcile(key) {
      const request = requests.get(key)
      if (!request) return nothingToDo
      return reconcile(request, { ...options, nowMs: context.clock.now(), random: context.random })
    },
  }
}
