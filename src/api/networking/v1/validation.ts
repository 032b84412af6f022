/** What kinds of this group check alike. */
import { needed, whenSet } from '../../core/v1/validation.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import { isDns1123Subdomain, isPathSegment } from '../../machinery/names.ts'

/** The kind and name of an object of any group. */
export function validateReference(
  path: string,
  { apiGroup, kind, name }: { apiGroup?: string; kind: string; name: string },
): readonly FieldError[] {
  return [
    ...whenSet(`${path}.apiGroup`, apiGroup, isDns1123Subdomain),
    ...needed(`${path}.kind`, kind, isPathSegment),
    ...needed(`${path}.name`, name, isPathSegment),
  ]
}
