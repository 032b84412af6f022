import { addressFamily, isCanonicalCidr } from '../../core/v1/addresses.ts'
import { wrong } from '../../core/v1/validation.ts'
import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import type { ServiceCidr } from './service-cidr.ts'

const FIELD = 'spec.cidrs'
const IMMUTABLE = 'field is immutable'
/** One of each family. */
const MAXIMUM_RANGES = 2

const familyOf = (range: string | undefined) => addressFamily(range?.split('/')[0] ?? '')

export function validateServiceCidr({ spec }: ServiceCidr): readonly FieldError[] {
  const { cidrs = [] } = spec
  if (cidrs.length === 0) return [required(FIELD, 'at least one CIDR required')]
  if (cidrs.length > MAXIMUM_RANGES) return [invalid(FIELD, spec, 'may only hold up to 2 values')]
  const errors = cidrs.flatMap((range, index) =>
    wrong(`${FIELD}[${index}]`, range, isCanonicalCidr(range)),
  )
  const family = familyOf(cidrs[0])
  if (cidrs.length === MAXIMUM_RANGES && family && family === familyOf(cidrs[1]))
    errors.push(
      invalid(
        FIELD,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    )
  return errors
}

/** A range of the other family may be added; nothing else changes. */
export function validateServiceCidrUpdate(
  next: ServiceCidr,
  previous: ServiceCidr,
): readonly FieldError[] {
  const [after, before] = [next.spec.cidrs ?? [], previous.spec.cidrs ?? []]
  const isAddition = before.length === 1 && after.length === MAXIMUM_RANGES
  if (after.length !== before.length && !isAddition)
    return [invalid(FIELD, next.spec.cidrs ?? null, IMMUTABLE)]
  const errors = before.flatMap((range, index) =>
    range === after[index] ? [] : [invalid(`${FIELD}[${index}]`, after[index], IMMUTABLE)],
  )
  return isAddition ? [...errors, ...validateServiceCidr(next)] : errors
}
