import { given, needed } from '../../core/v1/validation.ts'
import { duplicate, type FieldError, required, tooMany } from '../../machinery/field-error.ts'
import { isDns1123Label, isDns1123Subdomain, isPathSegment } from '../../machinery/names.ts'
import { validateGroup } from './pod-group.validation.ts'
import type { Workload } from './workload.ts'

const MAXIMUM_TEMPLATES = 8

export function validateWorkload({ spec }: Workload): readonly FieldError[] {
  const { controllerRef: controller, podGroupTemplates: templates } = spec
  const errors: FieldError[] = []
  if (controller)
    errors.push(
      ...given('spec.controllerRef.apiGroup', controller.apiGroup, isDns1123Subdomain),
      ...needed('spec.controllerRef.kind', controller.kind, isPathSegment),
      ...needed('spec.controllerRef.name', controller.name, isPathSegment),
    )
  const path = 'spec.podGroupTemplates'
  if (templates.length === 0) return [...errors, required(path, 'must have at least one item')]
  if (templates.length > MAXIMUM_TEMPLATES)
    return [...errors, tooMany(path, templates.length, MAXIMUM_TEMPLATES)]
  for (const [index, template] of templates.entries()) {
    const at = `${path}[${index}]`
    const isAgain = templates.findIndex(other => other.name === template.name) !== index
    errors.push(
      ...(isAgain ? [duplicate(at, template)] : []),
      ...needed(`${at}.name`, template.name, isDns1123Label),
      ...validateGroup(at, template),
    )
  }
  return errors
}
