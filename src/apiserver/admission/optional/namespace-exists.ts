/** Nothing is written in a namespace that is not there; NamespaceLifecycle sees to that as well, but for what is deleted. */
import { notFound } from '#api/machinery/status.ts'
import type { AdmissionStep } from '../admission.ts'
import { concerns } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'

export const namespaceExists = (world: Pick<AdmissionWorld, 'namespace'>): AdmissionStep => ({
  name: 'NamespaceExists',
  async validate(request) {
    const { namespace, operation } = request
    if (namespace === '' || operation === 'CONNECT' || concerns(request, '', 'namespaces')) return
    if (!(await world.namespace(namespace)))
      throw notFound({ group: '', resource: 'namespaces' }, namespace)
  },
})
