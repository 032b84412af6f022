import {
  duplicate,
  type FieldError,
  forbidden,
  internal,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { goShown } from '../../machinery/go-shown.ts'
import {
  isConfigMapKey,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
  utf8Length,
} from '../../machinery/names.ts'
import { isCidr, rangeFamily } from './addresses.ts'
import type { NodeConfigSource } from './node.schema.config-source.ts'
import { type Node, type Taint, taint as taintShape } from './node.schema.ts'
import { validateAmount } from './validation.resources.ts'
import { given, sameValue, wrong } from './validation.ts'

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function validateNode(node: Node): readonly FieldError[] {
  const { podCIDRs = [], taints = [] } = node.spec
  const errors = [...validateTaints(taints), ...validateStatus(node)]
  for (const [index, range] of podCIDRs.entries())
    errors.push(...wrong(`spec.podCIDRs[${index}]`, range, isCidr(range)))
  return [...errors, ...familyErrors(podCIDRs)]
}

/** What is no range is told twice where there are several, as upstream does. */
function familyErrors(ranges: readonly string[]): FieldError[] {
  if (ranges.length < 2) return []
  const families = ranges.map(rangeFamily)
  const at = families.indexOf(undefined)
  const wrong = `invalid CIDR[${at}]: <nil> (invalid CIDR address: ${ranges[at]})`
  const unread = `invalid PodCIDRs. failed to check with dual stack with error:${wrong}`
  const isOfBoth = at < 0 && ranges.length === 2 && families[0] !== families[1]
  return [
    ...(at < 0 ? [] : [internal('spec.podCIDRs', unread)]),
    ...(isOfBoth
      ? []
      : [invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family')]),
  ]
}

function validateTaints(taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, index) => {
    const { key, value, effect } = taint
    // Upstream reports taints under metadata, and programs look for that.
    const path = `metadata.taints[${index}]`
    const errors = [
      ...wrong(`${path}.key`, key, isQualifiedName(key)),
      ...given(`${path}.value`, value, isLabelValue),
      ...validateEffect(`${path}.effect`, effect),
    ]
    const id = `${key}:${effect}`
    if (seen.has(id)) errors.push(taintTwice(path, taint))
    seen.add(id)
    return errors
  })
}

function validateEffect(field: string, effect: string): FieldError[] {
  if (!effect) return [required(field)]
  return TAINT_EFFECTS.includes(effect) ? [] : [notSupported(field, effect, TAINT_EFFECTS)]
}

function taintTwice(path: string, taint: Taint): FieldError {
  const error = duplicate(path, goShown(taintShape, taint))
  return { ...error, message: `${error.message}: taints must be unique by key and effect pair` }
}

function validateStatus({ status }: Node): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['capacity', 'allocatable'] as const)
    for (const [name, amount] of Object.entries(status[field] ?? {})) {
      errors.push(...validateAmount(`status.${field}.${name}`, name, amount))
    }
  const seen = new Set<string>()
  for (const [index, { type, address }] of (status.addresses ?? []).entries()) {
    const id = `${type}/${address}`
    if (seen.has(id)) errors.push(duplicate(`status.addresses[${index}]`, { type, address }))
    seen.add(id)
  }
  return [...errors, ...validateFeatures(status.declaredFeatures)]
}

const feature = /^[A-Z][A-Za-z0-9]*(\/[A-Za-z0-9]+)*$/
const FEATURE_BYTES = 253
const FEATURE_LENGTH = `must be no more than ${FEATURE_BYTES} characters`
const FEATURE_RULE =
  "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"

function validateFeatures(features: readonly string[] = []): FieldError[] {
  const seen = new Set<string>()
  return features.flatMap((name, index) => {
    const path = `status.declaredFeatures[${index}]`
    const again = seen.has(name) ? [duplicate(path, name)] : []
    seen.add(name)
    const rule = utf8Length(name) > FEATURE_BYTES ? FEATURE_LENGTH : FEATURE_RULE
    return rule === FEATURE_RULE && feature.test(name)
      ? again
      : [...again, invalid(path, name, `invalid feature name ${JSON.stringify(name)}: ${rule}`)]
  })
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
  if ((before.externalID ?? '') !== (spec.externalID ?? ''))
    errors.push(forbidden('spec.externalID', 'may not be updated'))
  // On create nobody looks at it, so what is there already may stay.
  if (spec.configSource && !sameValue(spec.configSource, before.configSource))
    errors.push(...validateConfigSource(spec.configSource))
  return errors
}

/** The kubelet no longer reads this, but what is there must be whole. */
function validateConfigSource(source: NodeConfigSource): readonly FieldError[] {
  const path = 'spec.configSource'
  const { configMap } = source
  if (!configMap) return [invalid(path, source, 'exactly one reference subfield must be non-nil')]
  const at = `${path}.configMap`
  return [
    ...(configMap.uid ? [forbidden(`${at}.uid`, 'uid must not be set in spec')] : []),
    ...(configMap.resourceVersion
      ? [forbidden(`${at}.resourceVersion`, 'resourceVersion must not be set in spec')]
      : []),
    ...set(at, 'namespace', configMap.namespace, isDns1123Label),
    ...set(at, 'name', configMap.name, isDns1123Subdomain),
    ...set(at, 'kubeletConfigKey', configMap.kubeletConfigKey, isConfigMapKey),
  ]
}

const set = (path: string, field: string, value: string, check: (text: string) => string[]) =>
  value
    ? wrong(`${path}.${field}`, value, check(value))
    : [required(`${path}.${field}`, `${field} must be set`)]

export function nodeWarnings({ spec }: Node): string[] {
  return [
    ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec.externalID
      ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes']
      : []),
  ]
}
