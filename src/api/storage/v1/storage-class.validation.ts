import type { TopologySelectorTerm } from '../../core/v1/topology-selector.ts'
import { immutable, wrong } from '../../core/v1/validation.ts'
import { duplicate, type FieldError, notSupported, required } from '../../machinery/field-error.ts'
import { isQualifiedName } from '../../machinery/names.ts'
import type { StorageClass } from './storage-class.ts'
import { validateParameters, validateProvisioner } from './validation.ts'

const RECLAIM_POLICIES = ['Delete', 'Retain']
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer']

export function validateStorageClass(object: StorageClass): readonly FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = object
  const errors = [
    ...validateProvisioner('provisioner', provisioner),
    ...validateParameters('parameters', parameters),
  ]
  if (reclaimPolicy && !RECLAIM_POLICIES.includes(reclaimPolicy))
    errors.push(notSupported('reclaimPolicy', reclaimPolicy, RECLAIM_POLICIES))
  if (volumeBindingMode === undefined) errors.push(required('volumeBindingMode'))
  else if (!BINDING_MODES.includes(volumeBindingMode))
    errors.push(notSupported('volumeBindingMode', volumeBindingMode, BINDING_MODES))
  return [...errors, ...validateTopologies('allowedTopologies', allowedTopologies ?? [])]
}

export function validateStorageClassUpdate(
  next: StorageClass,
  previous: StorageClass,
): readonly FieldError[] {
  return (['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const).flatMap(
    field => immutable(field, next[field], previous[field]),
  )
}

function validateTopologies(
  path: string,
  terms: readonly TopologySelectorTerm[],
): readonly FieldError[] {
  const seen = new Set<string>()
  return terms.flatMap((term, index) => {
    const errors = [...validateTerm(`${path}[${index}]`, term)]
    const place = placeOf(term)
    // A term without any label would mean everywhere, which no term means already.
    if (place === '' || seen.has(place))
      errors.push(duplicate(`${path}[${index}].matchLabelExpressions`, ''))
    seen.add(place)
    return errors
  })
}

function validateTerm(path: string, term: TopologySelectorTerm): readonly FieldError[] {
  const keys = new Set<string>()
  return (term.matchLabelExpressions ?? []).flatMap(({ key, values }, index) => {
    const at = `${path}.matchLabelExpressions[${index}]`
    const errors: FieldError[] = values.length === 0 ? [required(`${at}.values`)] : []
    for (const [place, value] of values.entries())
      if (values.indexOf(value) !== place) errors.push(duplicate(`${at}.values[${place}]`, value))
    errors.push(...wrong(`${at}.key`, key, isQualifiedName(key)))
    if (keys.has(key)) errors.push(duplicate(`${at}.key`, key))
    keys.add(key)
    return errors
  })
}

/** The same text for terms that mean the same, in whatever order they are written. */
function placeOf({ matchLabelExpressions = [] }: TopologySelectorTerm): string {
  return matchLabelExpressions
    .map(({ key, values }) => JSON.stringify([key, [...new Set(values)].sort()]))
    .sort()
    .join()
}
