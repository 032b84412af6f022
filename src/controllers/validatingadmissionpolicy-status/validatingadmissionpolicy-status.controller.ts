/** Says of each policy which of its expressions look wrong for the objects that it is about. */
import { validatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { type Controller, type ControllerContext, nothingToDo } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'

export function validatingAdmissionPolicyStatusController(context: ControllerContext): Controller {
  const policies = context.informers.for(validatingAdmissionPolicy)
  const definitions = context.informers.for(customResourceDefinition)

  /** With the schemas of custom resources, which the kinds that controllers follow do not have. */
  const kinds = async (): Promise<AnyKind[]> => {
    const { customKind } = await import('#api/apiextensions/custom/custom-kind.ts')
    const custom = new Set(context.customKinds.list())
    const known = context.kinds().filter(kind => !custom.has(kind))
    const defined = definitions
      .list()
      .flatMap(definition =>
        definition.spec.versions
          .filter(version => version.served && definition.status.acceptedNames?.plural)
          .map(version => customKind(definition, version)),
      )
    return [...known, ...defined]
  }

  return {
    name: 'validatingadmissionpolicy-status-controller',
    workers: 5,
    views: [
      { kind: validatingAdmissionPolicy, informer: policies },
      { kind: customResourceDefinition, informer: definitions },
    ],
    wake: queue => wakeSelf(queue, policies),
    async reconcile(key) {
      const found = policies.get(key)
      if (!found || (found.metadata.generation ?? 0) <= (found.status.observedGeneration ?? 0))
        return nothingToDo
      // Loaded with the first policy: most clusters have none.
      const { loadCelEngine } = await import('#api/cel/engine.ts')
      await loadCelEngine()
      const { reconcile } = await import('./validatingadmissionpolicy-status.reconcile.ts')
      const served = await kinds()
      const policy = policies.get(key)
      return policy ? reconcile(policy, served) : nothingToDo
    },
  }
}
