import { sameValue } from '../../core/v1/validation.ts'
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { isQualifiedName } from '../../machinery/names.ts'
import type { DeviceClass } from './device-class.schema.ts'
import {
  type Age,
  MAXIMUM_CLAIM_PARTS,
  validateConfiguration,
  validateList,
  validateSelectors,
} from './validation.ts'

export function validateClass(
  { spec }: DeviceClass,
  previous?: DeviceClass,
): readonly FieldError[] {
  const ageOf = (field: 'selectors' | 'config'): Age =>
    previous && sameValue(spec[field], previous.spec[field]) ? 'stored' : 'fresh'
  const { extendedResourceName: name } = spec
  return [
    ...validateSelectors('spec.selectors', spec.selectors, ageOf('selectors')),
    ...validateList('spec.config', spec.config, MAXIMUM_CLAIM_PARTS, (config, path) =>
      validateConfiguration(path, config, ageOf('config')),
    ),
    ...(name === undefined || isExtendedResource(name)
      ? []
      : [invalid('spec.extendedResourceName', name, 'must be a valid extended resource name')]),
  ]
}

/** A resource of somebody else's domain, which a quota must also be able to name. */
function isExtendedResource(name: string): boolean {
  if (!name.includes('/') || name.includes('kubernetes.io/') || name.startsWith('requests.'))
    return false
  return isQualifiedName(`requests.${name}`).length === 0
}
