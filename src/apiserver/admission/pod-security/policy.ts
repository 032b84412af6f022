/** Which Pod Security Standard holds in a namespace, as its labels say. */
import { type FieldError, invalid } from '#api/machinery/field-error.ts'

/** From lenient to strict. */
const LEVELS = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof LEVELS)[number]

/** A level as the given minor version of Kubernetes defines it; `latest` is beyond all numbers. */
export interface Standard {
  readonly level: Level
  readonly minor: number
}

/** What is done where a pod breaks the standard. */
const MODES = ['enforce', 'audit', 'warn'] as const
type Mode = (typeof MODES)[number]
export type Policy = Readonly<Record<Mode, Standard>>

export const LABEL_PREFIX = 'pod-security.kubernetes.io/'
const LATEST = Number.POSITIVE_INFINITY
const LENIENT: Standard = { level: 'privileged', minor: LATEST }
/** Of namespaces that say nothing. */
const USUAL: Policy = { enforce: LENIENT, audit: LENIENT, warn: LENIENT }

/** `restricted:latest`, `baseline:v1.25`. */
export function standardText({ level, minor }: Standard): string {
  return `${level}:${minor === LATEST ? 'latest' : `v1.${minor}`}`
}

export const isSame = (a: Standard, b: Standard) => a.level === b.level && a.minor === b.minor

export const isStricter = (a: Level, b: Level) => LEVELS.indexOf(a) > LEVELS.indexOf(b)

export interface Found {
  readonly policy: Policy
  readonly errors: readonly FieldError[]
}

/** Always a policy to go by, also where labels are wrong: then it enforces the strictest, and tells nobody of anything. */
export function policyOf(
  labels: Readonly<Record<string, string>> = {},
  usual: Policy = USUAL,
): Found {
  const names = Object.keys(labels)
  if (!names.some(label => label.startsWith(LABEL_PREFIX))) return { policy: usual, errors: [] }
  const { policy, errors } = read(labels, LABEL_PREFIX, usual, label => `metadata.labels[${label}]`)
  const { enforce, audit, warn } = policy
  // Who enforces a level and says nothing of warnings, wants to be warned of what controllers will fail with.
  const isSilent = labels[`${LABEL_PREFIX}warn`] === undefined
  if (!isSilent || !isStricter(enforce.level, warn.level)) return { policy, errors }
  const isPinned = labels[`${LABEL_PREFIX}warn-version`] !== undefined
  const minor = isPinned ? warn.minor : enforce.minor
  return { policy: { enforce, audit, warn: { level: enforce.level, minor } }, errors }
}

/** The same of a configuration, whose fields have no prefix. */
export const policyIn = (fields: Readonly<Record<string, string>>, at: string): Found =>
  read(fields, '', USUAL, field => `${at}.${field}`)

function read(
  values: Readonly<Record<string, string>>,
  prefix: string,
  usual: Policy,
  fieldOf: (name: string) => string,
): Found {
  const errors: FieldError[] = []
  const said = (mode: Mode): Standard => {
    const name = `${prefix}${mode}`
    const [level, version] = [values[name], values[`${name}-version`]]
    const known = LEVELS.find(each => each === level)
    if (level !== undefined && !known)
      errors.push(invalid(fieldOf(name), level, `must be one of ${LEVELS.join(', ')}`))
    const wrong = mode === 'enforce' ? 'restricted' : 'privileged'
    const minor = version === undefined ? usual[mode].minor : minorIn(version)
    if (minor === undefined)
      errors.push(invalid(fieldOf(`${name}-version`), version, 'must be "latest" or "v1.x"'))
    const fallback = level === undefined ? usual[mode].level : wrong
    return { level: known ?? fallback, minor: minor ?? LATEST }
  }
  const [enforce, audit, warn] = [said('enforce'), said('audit'), said('warn')]
  return { policy: { enforce, audit, warn }, errors }
}

function minorIn(version: string): number | undefined {
  if (version === 'latest') return LATEST
  const minor = /^v1\.(0|[1-9]\d*)$/.exec(version)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
