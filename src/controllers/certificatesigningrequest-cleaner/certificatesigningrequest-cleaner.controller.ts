/** Removes requests for certificates some time after they were answered, or when nobody answers. */
import { certificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'
import { reconcile } from './certificatesigningrequest-cleaner.reconcile.ts'

export function certificateSigningRequestCleanerController(context: ControllerContext): Controller {
  const requests = context.informers.for(certificateSigningRequest)
  return {
    name: 'certificatesigningrequest-cleaner-controller',
    workers: 1,
    views: [{ kind: certificateSigningRequest, informer: requests }],
    wake: queue => wakeSelf(queue, requests),
    reconcile(key) {
      const request = requests.get(key)
      return request ? reconcile(request, context.clock.now()) : { writes: [] }
    },
  }
}
