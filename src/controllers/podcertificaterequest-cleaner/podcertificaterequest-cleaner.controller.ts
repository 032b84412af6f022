/** Removes requests of pods for certificates some time after they were made. */
import { podCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { type Controller, type ControllerContext, nothingToDo } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'
import { reconcile } from './podcertificaterequest-cleaner.reconcile.ts'

export function podCertificateRequestCleanerController(context: ControllerContext): Controller {
  const requests = context.informers.for(podCertificateRequest)
  return {
    name: 'podcertificaterequest-cleaner-controller',
    workers: 1,
    views: [{ kind: podCertificateRequest, informer: requests }],
    wake: queue => wakeSelf(queue, requests),
    reconcile(key) {
      const request = requests.get(key)
      return request ? reconcile(request, context.clock.now()) : nothingToDo
    },
  }
}
