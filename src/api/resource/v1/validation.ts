/** Rules that the objects of this group share: names, bounded lists, expressions, settings, taints and tolerations. */
import { wrongDeviceExpression } from '../../cel/expressions.ts'
import { wrong } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../machinery/field-error.ts'
import {
  isCIdentifier,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
  utf8Length,
} from '../../machinery/names.ts'
import type { DeviceConfiguration } from './configuration.schema.ts'
import type { DeviceTaint } from './devices.schema.ts'
import type { DeviceSelector, DeviceToleration } from './requests.schema.ts'

const MAXIMUM_DRIVER_BYTES = 63
const MAXIMUM_POOL_BYTES = 253
const MAXIMUM_IDENTIFIER_BYTES = 32
const MAXIMUM_SELECTORS = 32
const MAXIMUM_EXPRESSION_BYTES = 10 * 1024
const MAXIMUM_BINDING_CONDITIONS = 4
export const MAXIMUM_RAW_BYTES = 10 * 1024
/** Of anything that a claim lists: requests, constraints, settings. */
export const MAXIMUM_CLAIM_PARTS = 32

type Check<T> = (item: T, path: string) => readonly FieldError[]

/** Each item by `check`, and nothing but their number when there are too many. */
export function validateList<T>(
  path: string,
  items: readonly T[] = [],
  most: number,
  check: Check<T>,
): readonly FieldError[] {
  if (items.length > most) return [tooMany(path, items.length, most)]
  return items.flatMap((item, index) => check(item, `${path}[${index}]`))
}

/** As `validateList`; the text that `keyOf` gives may be there once. */
export function validateSet<T>(
  path: string,
  items: readonly T[] = [],
  { most, keyOf, check }: { most: number; keyOf: (item: T) => string; check: Check<T> },
): readonly FieldError[] {
  const errors = [...validateList(path, items, most, check)]
  if (items.length > most) return errors
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    const key = keyOf(item)
    if (seen.has(key)) errors.push(duplicate(`${path}[${index}]`, key))
    seen.add(key)
  }
  return errors
}

export function validateDriver(path: string, driver: string): readonly FieldError[] {
  if (driver === '') return [required(path)]
  const long =
    utf8Length(driver) > MAXIMUM_DRIVER_BYTES ? [tooLong(path, MAXIMUM_DRIVER_BYTES)] : []
  return [...long, ...wrong(path, driver, isDns1123Subdomain(driver.toLowerCase()))]
}

/** Subdomains with slashes between them. */
export function validatePool(path: string, pool: string): readonly FieldError[] {
  if (pool === '') return [required(path)]
  const long = utf8Length(pool) > MAXIMUM_POOL_BYTES ? [tooLong(path, MAXIMUM_POOL_BYTES)] : []
  return [...long, ...pool.split('/').flatMap(part => wrong(path, part, isDns1123Subdomain(part)))]
}

export const validateLabelName = (path: string, name: string) =>
  wrong(path, name, isDns1123Label(name))

export function validateUid(path: string, uid: string): readonly FieldError[] {
  if (uid.length !== 36)
    return [invalid(path, uid, `error validating uid: invalid UUID length: ${utf8Length(uid)}`)]
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uid))
    return [invalid(path, uid, 'error validating uid: invalid UUID format')]
  if (uid === uid.toLowerCase()) return []
  return [
    invalid(
      path,
      uid,
      'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
    ),
  ]
}

/** Names of attributes and capacities: an identifier, with or without the domain of who defines it. */
export function validateAttributeName(path: string, name: string): readonly FieldError[] {
  const [first = '', second, ...more] = name.split('/')
  if (more.length > 0) return [invalid(path, name, 'must not contain more than one slash')]
  if (second === undefined) return validateIdentifier(path, first)
  return [
    ...(first === ''
      ? [invalid(path, '', 'the domain must not be empty')]
      : validateDriver(path, first)),
    ...(second === ''
      ? [invalid(path, '', 'the name must not be empty')]
      : validateIdentifier(path, second)),
  ]
}

export function validateFullAttributeName(path: string, name: string): readonly FieldError[] {
  // Upstream lets these through, which no device has.
  if (name.split('/').length > 2) return []
  const errors = validateAttributeName(path, name)
  if (name.includes('/')) return errors
  const why = 'a fully qualified name must be a domain and a name separated by a slash'
  return [...errors, invalid(path, name, why)]
}

function validateIdentifier(path: string, name: string): readonly FieldError[] {
  const isLong = utf8Length(name) > MAXIMUM_IDENTIFIER_BYTES
  const long = isLong ? [tooLong(path, MAXIMUM_IDENTIFIER_BYTES)] : []
  return [...long, ...wrong(path, name, isCIdentifier(name))]
}

/** Whether a part came just now; what is stored already is not measured again, so that limits may change. */
export type Age = 'fresh' | 'stored'

export function validateSelectors(
  path: string,
  selectors: readonly DeviceSelector[] | undefined,
  age: Age,
): readonly FieldError[] {
  return validateList(path, selectors, MAXIMUM_SELECTORS, ({ cel }, at) => {
    if (!cel) return [required(`${at}.cel`)]
    const isLong = age === 'fresh' && utf8Length(cel.expression) > MAXIMUM_EXPRESSION_BYTES
    if (isLong) return [tooLong(`${at}.cel.expression`, MAXIMUM_EXPRESSION_BYTES)]
    return age === 'fresh' ? wrongDeviceExpression(`${at}.cel.expression`, cel.expression) : []
  })
}

export function validateConfiguration(
  path: string,
  { opaque }: DeviceConfiguration,
  age: Age,
): readonly FieldError[] {
  if (!opaque) return [required(`${path}.opaque`)]
  return [
    ...validateDriver(`${path}.opaque.driver`, opaque.driver),
    ...validateRaw(`${path}.opaque.parameters`, opaque.parameters, age),
  ]
}

/** Any JSON object, in bounds. */
export function validateRaw(path: string, raw: unknown, age: Age): readonly FieldError[] {
  if (raw === undefined || raw === null) return [required(path)]
  if (age === 'fresh' && utf8Length(JSON.stringify(raw)) > MAXIMUM_RAW_BYTES)
    return [tooLong(path, MAXIMUM_RAW_BYTES)]
  if (typeof raw === 'object' && !Array.isArray(raw)) return []
  return [invalid(path, '<value omitted>', 'must be a valid JSON object')]
}

const EFFECTS = ['NoExecute', 'NoSchedule', 'None']

export function validateTaint(
  path: string,
  { key, value = '', effect }: DeviceTaint,
  previousEffect?: string,
): readonly FieldError[] {
  const errors = [
    ...wrong(`${path}.key`, key, isQualifiedName(key)),
    ...wrong(`${path}.value`, value, isLabelValue(value)),
  ]
  // Effects of newer versions survive an update by an older one.
  if (effect === previousEffect) return errors
  if ((effect as string) === '') errors.push(required(`${path}.effect`))
  else if (!EFFECTS.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, EFFECTS))
  return errors
}

export function validateToleration(
  path: string,
  { key = '', operator, value = '', effect }: DeviceToleration,
): readonly FieldError[] {
  const errors = key === '' ? [] : [...wrong(`${path}.key`, key, isQualifiedName(key))]
  if (operator === 'Exists') {
    if (value !== '')
      errors.push(invalid(`${path}.value`, value, 'must be empty for operator `Exists`'))
  } else if (operator === 'Equal')
    errors.push(...wrong(`${path}.value`, value, isLabelValue(value)))
  else if (!operator) errors.push(required(`${path}.operator`))
  else errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']))
  if (effect && !EFFECTS.includes(effect))
    errors.push(notSupported(`${path}.effect`, effect, EFFECTS))
  return errors
}

export interface BindingParameters {
  readonly bindingConditions?: readonly string[]
  readonly bindingFailureConditions?: readonly string[]
}

/** Conditions for success and failure come together, and none is both. */
export function validateBindingParameters(
  path: string,
  { bindingConditions = [], bindingFailureConditions = [] }: BindingParameters,
): readonly FieldError[] {
  const success = `${path}.bindingConditions`
  const failure = `${path}.bindingFailureConditions`
  const check: Check<string> = (name, at) => wrong(at, name, isQualifiedName(name))
  const errors = [
    ...validateList(success, bindingConditions, MAXIMUM_BINDING_CONDITIONS, check),
    ...validateList(failure, bindingFailureConditions, MAXIMUM_BINDING_CONDITIONS, check),
    ...repeated(success, bindingConditions),
  ]
  for (const [index, name] of bindingFailureConditions.entries()) {
    const at = `${failure}[${index}]`
    if (bindingFailureConditions.indexOf(name) < index) errors.push(duplicate(at, name))
    if (bindingConditions.includes(name))
      errors.push(
        invalid(at, name, 'bindingFailureConditions must not overlap with bindingConditions'),
      )
  }
  const without = (field: string, other: string) =>
    invalid(`${path}.${field}`, undefined, `${field} are required to use ${other}`)
  if (bindingConditions.length === 0 && bindingFailureConditions.length > 0)
    errors.push(without('bindingConditions', 'bindingFailureConditions'))
  if (bindingFailureConditions.length === 0 && bindingConditions.length > 0)
    errors.push(without('bindingFailureConditions', 'bindingConditions'))
  return errors
}

const repeated = (path: string, names: readonly string[]) =>
  names.flatMap((name, index) =>
    names.indexOf(name) < index ? [duplicate(`${path}[${index}]`, name)] : [],
  )
