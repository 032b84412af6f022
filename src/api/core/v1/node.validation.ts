import { duplicate, type FieldError, forbidden, invalid } from '../../machinery/field-error.ts'
import { isLabelValue, isQualifiedName } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import { addressFamily, isCidr } from './addresses.ts'
import type { Node, Taint } from './node.schema.ts'
import { given, needed, oneOf, sameValue, wrong } from './validation.ts'

const TAINT_EFFECTS = ['NoExecute', 'NoSchedule', 'PreferNoSchedule']

export function validateNode(node: Node): readonly FieldError[] {
  const { podCIDR, podCIDRs = [], taints = [] } = node.spec
  const errors = [...validateTaints(taints), ...validateStatus(node)]
  if (podCIDR && podCIDRs.length > 0 && podCIDRs[0] !== podCIDR)
    errors.push(invalid('spec.podCIDRs[0]', podCIDRs[0], 'must be the same as podCIDR'))
  for (const [index, range] of podCIDRs.entries())
    errors.push(...wrong(`spec.podCIDRs[${index}]`, range, isCidr(range)))
  const families = podCIDRs.map(range => addressFamily(range.split('/')[0] ?? ''))
  if (podCIDRs.length > 2 || (podCIDRs.length === 2 && families[0] === families[1]))
    errors.push(
      invalid('spec.podCIDRs', podCIDRs, 'may specify no more than one CIDR for each IP family'),
    )
  return errors
}

function validateTaints(taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, index) => {
    const { key, value, effect } = taint
    // Upstream reports taints under metadata, and programs look for that.
    const path = `metadata.taints[${index}]`
    const errors = [
      ...needed(`${path}.key`, key, isQualifiedName),
      ...given(`${path}.value`, value, isLabelValue),
      ...oneOf(`${path}.effect`, effect, TAINT_EFFECTS),
    ]
    const id = `${key}:${effect}`
    if (seen.has(id)) errors.push(taintTwice(path, taint))
    seen.add(id)
    return errors
  })
}

function taintTwice(path: string, taint: Taint): FieldError {
  const error = duplicate(path, taint)
  return { ...error, message: `${error.message}: taints must be unique by key and effect pair` }
}

function validateStatus({ status }: Node): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['capacity', 'allocatable'] as const)
    for (const [name, amount] of Object.entries(status[field] ?? {})) {
      const path = `status.${field}[${name}]`
      errors.push(...wrong(path, name, isQualifiedName(name)))
      if (compareQuantities(amount, '0') < 0)
        errors.push(invalid(path, amount, 'must be greater than or equal to 0'))
    }
  const seen = new Set<string>()
  for (const [index, { type, address }] of (status.addresses ?? []).entries()) {
    const id = `${type}/${address}`
    if (seen.has(id)) errors.push(duplicate(`status.addresses[${index}]`, { type, address }))
    seen.add(id)
  }
  return errors
}

export function validateNodeUpdate(next: Node, previous: Node): readonly FieldError[] {
  const errors: FieldError[] = []
  const [spec, before] = [next.spec, previous.spec]
  if (before.podCIDRs?.length && !sameValue(spec.podCIDRs, before.podCIDRs))
    errors.push(
      forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'),
    )
  if (before.providerID && before.providerID !== spec.providerID)
    errors.push(
      forbidden(
        'spec.providerID',
        'node updates may not change providerID except from "" to valid',
      ),
    )
  const rest = ({
    podCIDR: _a,
    podCIDRs: _b,
    providerID: _c,
    taints: _d,
    unschedulable: _e,
    ...more
  }: Node['spec']) => more
  if (!sameValue(rest(spec), rest(before)))
    errors.push(
      forbidden(
        'spec',
        'node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)',
      ),
    )
  return errors
}
