/** Whoever makes something in a namespace that is not there gets the namespace, too. */
import type { AdmissionStep } from '../admission.ts'
import { concerns } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'

export const namespaceAutoProvision = (
  world: Pick<AdmissionWorld, 'namespace' | 'makeNamespace'>,
): AdmissionStep => ({
  name: 'NamespaceAutoProvision',
  isFor: ({ operation, namespace, dryRun }) =>
    // What is only tried leaves nothing behind.
    operation === 'CREATE' && namespace !== '' && !dryRun,
  async mutate(request) {
    if (concerns(request, '', 'namespaces')) return
    if (await world.namespace(request.namespace)) return
    await world.makeNamespace?.(request.namespace)
  },
})
