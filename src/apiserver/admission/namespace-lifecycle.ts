/** Nothing is made in a namespace that is not there or that is going, and three namespaces never go. */
import type { Namespace } from '#api/core/v1/namespace.ts'
import { forbidden, notFound, StatusError } from '#api/machinery/status.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { concerns } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

const IMMORTAL = ['default', 'kube-system', 'kube-public']
const NAMESPACES = { group: '', resource: 'namespaces' }

export function namespaceLifecycle(world: Pick<AdmissionWorld, 'namespace'>): AdmissionStep {
  const check = (request: AdmissionRequest): Eventually<void> => {
    const { operation, namespace } = request
    if (concerns(request, '', 'namespaces')) {
      if (operation === 'DELETE' && request.subresource === '' && IMMORTAL.includes(request.name))
        throw forbidden(NAMESPACES, request.name, 'this namespace may not be deleted')
      return undefined
    }
    if (namespace === '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return undefined
    // Asking what one may do in a namespace must work wherever one asks.
    if (request.resource.group === 'authorization.k8s.io') return undefined
    const found = world.namespace(namespace)
    if (found instanceof Promise) return found.then(each => checkFound(request, each))
    return checkFound(request, found)
  }
  return {
    name: 'NamespaceLifecycle',
    // Before anything is made up for the object, and again: the steps between may have taken their time.
    mutate: check,
    validate: check,
  }
}

function checkFound(request: AdmissionRequest, found: Namespace | undefined): void {
  if (found === undefined) throw notFound(NAMESPACES, request.namespace)
  const goes = found.metadata.deletionTimestamp || found.status?.phase === 'Terminating'
  if (request.operation === 'CREATE' && goes) throw terminating(request)
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
