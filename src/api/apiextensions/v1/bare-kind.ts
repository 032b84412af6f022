/** A custom resource as clients see it that ask for objects of every kind: where they are, and nothing of what is in them. */
import { type AnyKind, defineKind } from '../../machinery/kind.ts'
import { isConditionTrue } from './conditions.ts'
import type { CustomResourceDefinition } from './custom-resource-definition.ts'

/** Undefined where it is not served. */
export function bareKindOf(definition: CustomResourceDefinition): AnyKind | undefined {
  if (!isConditionTrue(definition, 'Established')) return undefined
  const { spec, status } = definition
  const served = spec.versions.filter(version => version.served)
  // Objects in the version of their storage need no conversion.
  const version = served.find(({ storage }) => storage) ?? served[0]
  if (!version) return undefined
  const { kind, plural, listKind } = status.acceptedNames
  return defineKind({
    group: spec.group,
    version: version.name,
    kind,
    plural,
    ...(listKind ? { listKind } : {}),
    scope: spec.scope === 'Cluster' ? 'Cluster' : 'Namespaced',
    shape: { name: `${spec.group}.${version.name}.${kind}`, doc: '', fields: {} },
  })
}
