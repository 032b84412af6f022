import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import { compareQuantities, formatQuantity, parseQuantity } from '../../../machinery/quantity.ts'
import { isHugePages, mayBeOvercommitted } from '../resource-names.ts'
import {
  validateAmount,
  validateContainerResourceName,
  validateResourceName,
} from '../validation.resources.ts'
import { podResources } from './resources.ts'
import type { ResourceRequirements } from './schema.resources.ts'
import type { Pod, PodSpec } from './schema.ts'

const NANOS_PER_ONE = 1_000_000_000n

type CheckName = (field: string, name: string) => readonly FieldError[]

const POD_RESOURCES = ['cpu', 'memory']

/** Of a container. */
export const validateResources = (path: string, resources: ResourceRequirements): FieldError[] =>
  validateAmounts(path, resources, validateContainerResourceName)

/** Of the pod as a whole, which can ask for fewer. */
export const validatePodResources = (path: string, resources: ResourceRequirements): FieldError[] =>
  validateAmounts(path, resources, (field, name) => {
    const errors = validateResourceName(field, name)
    if (errors.length > 0 || POD_RESOURCES.includes(name) || isHugePages(name)) return errors
    return [notSupported(field, name, [...POD_RESOURCES, 'hugepages-'].toSorted())]
  })

/** What the pod as a whole requests is enough for its containers together, and none of these may use more than the pod. */
export function validateTogether(path: string, spec: PodSpec): FieldError[] {
  const { resources: whole = {}, ...rest } = spec
  const { limits = {} } = whole
  const errors: FieldError[] = []
  for (const kind of ['requests', 'limits'] as const) {
    const aggregate = podResources({ spec: rest } as Pod, kind)
    for (const name of [...aggregate.keys()].toSorted()) {
      // Containers may together be limited to more than the pod, but for what nobody can be given too much of.
      if (kind === 'limits' && mayBeOvercommitted(name)) continue
      const [amount, needed] = [whole[kind]?.[name], aggregate.get(name)]
      if (amount === undefined || !needed || !(compareQuantities(needed, amount) > 0)) continue
      const why = `must be greater than or equal to aggregate container ${kind} of ${formatQuantity(needed)}`
      errors.push(invalid(`${path}.${kind}[${name}]`, amount, why))
    }
  }
  for (const [index, { resources: own }] of spec.containers.entries())
    for (const name of Object.keys(own.limits ?? {}).toSorted()) {
      const [amount, limit] = [own.limits?.[name] ?? '0', limits[name]]
      if (limit === undefined || !(compareQuantities(amount, limit) > 0)) continue
      const at = `${path}.containers[${index}][${name}].limits`
      errors.push(invalid(at, amount, `must be less than or equal to pod limits of ${limit}`))
    }
  return errors
}

function validateAmounts(
  path: string,
  { limits = {}, requests = {} }: ResourceRequirements,
  checkName: CheckName,
): FieldError[] {
  const errors: FieldError[] = []
  for (const [name, amount] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`
    errors.push(...checkName(at, name), ...validateAmount(at, name, amount))
    errors.push(...wholePages(at, name, amount))
  }
  for (const [name, amount] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`
    errors.push(...checkName(at, name), ...validateAmount(at, name, amount))
    const limit = limits[name]
    if (limit === undefined) {
      if (!mayBeOvercommitted(name))
        errors.push(
          required(`${path}.limits`, 'Limit must be set for non overcommitable resources'),
        )
    } else if (!mayBeOvercommitted(name) && compareQuantities(amount, limit) !== 0)
      errors.push(invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`))
    else if (compareQuantities(amount, limit) > 0)
      errors.push(
        invalid(
          `${path}.requests`,
          amount,
          `must be less than or equal to ${name} limit of ${limit}`,
        ),
      )
    errors.push(...wholePages(at, name, amount))
  }
  const names = Object.keys({ ...limits, ...requests })
  if (names.some(isHugePages) && !names.some(name => POD_RESOURCES.includes(name)))
    errors.push(forbidden(path, 'HugePages require cpu or memory'))
  return errors
}

/** The size of a huge page is in the name of the resource. */
function wholePages(field: string, name: string, amount: string): FieldError[] {
  if (!isHugePages(name) || isMultiple(amount, name.slice('hugepages-'.length))) return []
  return [invalid(field, amount, `${amount} is not positive integer multiple of ${name}`)]
}

function isMultiple(amount: string, size: string): boolean {
  try {
    const page = parseQuantity(size).nanos
    return page > 0n && page % NANOS_PER_ONE === 0n && parseQuantity(amount).nanos % page === 0n
  } catch {
    return false
  }
}
