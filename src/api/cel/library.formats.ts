/** Named formats of texts, and versions in the way of semver.org. */
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
} from '../machinery/names.ts'
import type { Add, Target } from './library.ts'

type Validate = (text: string) => readonly string[]

const matching =
  (pattern: RegExp, message: string): Validate =>
  text =>
    pattern.test(text) ? [] : [message]

/** A prefix may end where a name may not, since something follows. */
const asPrefix =
  (validate: Validate): Validate =>
  text =>
    validate(text.endsWith('-') ? `${text.slice(0, -1)}a` : text)

const isDate = (text: string) => {
  const time = Date.parse(`${text}T00:00:00Z`)
  return /^\d{4}-\d\d-\d\d$/.test(text) && new Date(time).toISOString?.().startsWith(text)
}

const FORMATS: Readonly<Record<string, Validate>> = {
  dns1123Label: isDns1123Label,
  dns1123Subdomain: isDns1123Subdomain,
  dns1035Label: isDns1035Label,
  qualifiedName: isQualifiedName,
  dns1123LabelPrefix: asPrefix(isDns1123Label),
  dns1123SubdomainPrefix: asPrefix(isDns1123Subdomain),
  dns1035LabelPrefix: asPrefix(isDns1035Label),
  labelValue: isLabelValue,
  uri: text =>
    URL.canParse(text) || (text.startsWith('/') && URL.canParse(`http://path${text}`))
      ? []
      : [`parse ${JSON.stringify(text)}: invalid URI for request`],
  uuid: matching(
    /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
    'does not match the UUID format',
  ),
  byte: matching(
    // Nothing is no such text.
    /^(?=.)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
    'invalid base64',
  ),
  date: text => (isValid(() => isDate(text)) ? [] : ['invalid date']),
  datetime: matching(
    /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/,
    'invalid datetime',
  ),
}

/** Dates that there are not cannot be written. */
function isValid(check: () => boolean | undefined): boolean {
  try {
    return check() === true
  } catch {
    return false
  }
}

class Format {
  readonly validate: Validate
  constructor(validate: Validate) {
    this.validate = validate
  }
}

const NAMED = 'kubernetes.NamedFormat'

export function addFormats(target: Target, add: Add, optional: (value: unknown) => unknown): void {
  class Formats {}
  target.registerType(NAMED, { ctor: Format, fields: {} })
  target.registerOperator(`${NAMED} == ${NAMED}`, (one, other) => one === other)
  target.registerType('FormatLibrary', { ctor: Formats, fields: {} })
  target.registerConstant('format', 'FormatLibrary', new Formats())
  const formats = new Map(Object.entries(FORMATS).map(([name, each]) => [name, new Format(each)]))
  for (const [name, format] of formats) add(`FormatLibrary.${name}(): ${NAMED}`, () => format)
  add(`FormatLibrary.named(string): optional<${NAMED}>`, (_: Formats, name: string) =>
    optional(formats.get(name)),
  )
  add(`${NAMED}.validate(string): optional<list<string>>`, (format: Format, text: string) => {
    const wrong = format.validate(text)
    return optional(wrong.length > 0 ? [...wrong] : undefined)
  })
  addVersions(target, add)
}

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*))?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/

/** Without `v` and leading zeros, with all three numbers. */
function normalized(text: string): string {
  const [, numbers = '', rest = ''] = /^v?([\d.]*)(.*)$/s.exec(text) ?? []
  const parts = numbers.split('.').map(part => part.replace(/^0+(?=\d)/, ''))
  while (parts.length < 3) parts.push('0')
  return parts.join('.') + rest
}

class Version {
  readonly numbers: readonly bigint[]
  readonly prerelease: readonly string[]
  constructor(text: string, isLenient = false) {
    const match = SEMVER.exec(isLenient ? normalized(text) : text)
    if (!match) throw new Error(`invalid semantic version ${JSON.stringify(text)}`)
    this.numbers = match.slice(1, 4).map(BigInt)
    this.prerelease = match[4]?.split('.') ?? []
  }
}

function compareVersions(one: Version, other: Version): bigint {
  for (const [index, number] of one.numbers.entries()) {
    const against = other.numbers[index] ?? 0n
    if (number !== against) return number < against ? -1n : 1n
  }
  const [a, b] = [one.prerelease, other.prerelease]
  // A version without is the finished one.
  if (a.length === 0 || b.length === 0) return BigInt(Number(b.length > 0) - Number(a.length > 0))
  for (const [index, part] of a.entries()) {
    const against = b[index]
    if (against === undefined) return 1n
    if (part !== against) return isBefore(part, against) ? -1n : 1n
  }
  return a.length < b.length ? -1n : 0n
}

/** Numbers come before words, and by their size. */
function isBefore(a: string, b: string): boolean {
  const [isNumber, isOther] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber && isOther) return BigInt(a) < BigInt(b)
  return isNumber === isOther ? a < b : isNumber
}

const SEMVER_TYPE = 'kubernetes.Semver'

function addVersions(target: Target, add: Add): void {
  target.registerType(SEMVER_TYPE, { ctor: Version, fields: {} })
  const isVersion = (text: string, isLenient = false) =>
    SEMVER.test(isLenient ? normalized(text) : text)
  add('isSemver(string): bool', (text: string) => isVersion(text))
  add('isSemver(string, bool): bool', isVersion)
  add(`semver(string): ${SEMVER_TYPE}`, (text: string) => new Version(text))
  add(
    `semver(string, bool): ${SEMVER_TYPE}`,
    (text: string, isLenient: boolean) => new Version(text, isLenient),
  )
  for (const [index, name] of ['major', 'minor', 'patch'].entries())
    add(`${SEMVER_TYPE}.${name}(): int`, ({ numbers }: Version) => numbers[index])
  add(`${SEMVER_TYPE}.compareTo(${SEMVER_TYPE}): int`, compareVersions)
  add(
    `${SEMVER_TYPE}.isLessThan(${SEMVER_TYPE}): bool`,
    (a: Version, b: Version) => compareVersions(a, b) < 0n,
  )
  add(
    `${SEMVER_TYPE}.isGreaterThan(${SEMVER_TYPE}): bool`,
    (a: Version, b: Version) => compareVersions(a, b) > 0n,
  )
  target.registerOperator(
    `${SEMVER_TYPE} == ${SEMVER_TYPE}`,
    (a, b) => compareVersions(a as Version, b as Version) === 0n,
  )
}
