import { duplicate, type FieldError, required } from '../../machinery/field-error.ts'

/** Conditions of this group need a type, and that only once. */
export function validateConditionTypes(
  conditions: readonly { readonly type?: string }[] = [],
): readonly FieldError[] {
  const seen = new Set<string>()
  return conditions.flatMap(({ type = '' }, index) => {
    const at = `status.conditions[${index}].type`
    const errors = seen.has(type) ? [duplicate(at, type)] : []
    seen.add(type)
    return type === '' ? [...errors, required(at)] : errors
  })
}
