/** Nothing is made in a namespace that is not there or that is going, and three namespaces never go. */
import { forbidden, notFound, StatusError } from '#api/machinery/status.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { concerns } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

const IMMORTAL = ['default', 'kube-system', 'kube-public']
const NAMESPACES = { group: '', resource: 'namespaces' }

export function namespaceLifecycle(world: Pick<AdmissionWorld, 'namespace'>): AdmissionStep {
  const check = async (request: AdmissionRequest) => {
    const { operation, namespace } = request
    if (concerns(request, '', 'namespaces')) {
      if (operation === 'DELETE' && request.subresource === '' && IMMORTAL.includes(request.name))
        throw forbidden(NAMESPACES, request.name, 'this namespace may not be deleted')
      return
    }
    if (namespace === '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    // Asking what one may do in a namespace must work wherever one asks.
    if (request.resource.group === 'authorization.k8s.io') return
    const found = await world.namespace(namespace)
    if (found === undefined) throw notFound(NAMESPACES, namespace)
    const goes = found.metadata.deletionTimestamp || found.status?.phase === 'Terminating'
    if (operation === 'CREATE' && goes) throw terminating(request)
  }
  return {
    name: 'NamespaceLifecycle',
    // Before anything is made up for the object, and again: the steps between may have taken their time.
    mutate: check,
    validate: check,
  }
}

function terminating(request: AdmissionRequest): StatusError {
  const { resource, namespace } = request
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const refusal = forbidden(resource, request.name, why)
  return new StatusError('Forbidden', refusal.message, {
    ...refusal.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  })
}
