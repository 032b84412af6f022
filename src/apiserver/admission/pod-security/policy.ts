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

/** Always a policy to go by, also where labels are wrong: then it enforces the strictest, and tells nobody of anything. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): {
  readonly policy: Policy
  readonly errors: readonly FieldError[]
} {
  const errors: FieldError[] = []
  if (!Object.keys(labels).some(label => label.startsWith(LABEL_PREFIX)))
    return { policy: USUAL, errors }
  const wrong = (label: string, why: string) =>
    errors.push(invalid(`metadata.labels[${label}]`, labels[label], why))
  const said = (mode: Mode): Standard => {
    const label = `${LABEL_PREFIX}${mode}`
    const [level, version] = [labels[label], labels[`${label}-version`]]
    const known = LEVELS.find(each => each === level)
    if (level !== undefined && !known) wrong(label, `must be one of ${LEVELS.join(', ')}`)
    const fallback = mode === 'enforce' && level !== undefined ? 'restricted' : 'privileged'
    const minor = minorIn(version)
    if (minor === undefined) wrong(`${label}-version`, 'must be "latest" or "v1.x"')
    return { level: known ?? fallback, minor: minor ?? LATEST }
  }
  const [enforce, audit, warn] = [said('enforce'), said('audit'), said('warn')]
  // Who enforces a level and says nothing of warnings, wants to be warned of what controllers will fail with.
  const isSilent = labels[`${LABEL_PREFIX}warn`] === undefined
  if (!isSilent || !isStricter(enforce.level, warn.level))
    return { policy: { enforce, audit, warn }, errors }
  const isPinned = labels[`${LABEL_PREFIX}warn-version`] !== undefined
  const minor = isPinned ? warn.minor : enforce.minor
  return { policy: { enforce, audit, warn: { level: enforce.level, minor } }, errors }
}

function minorIn(version = 'latest'): number | undefined {
  if (version === 'latest') return LATEST
  const minor = /^v1\.(0|[1-9]\d*)$/.exec(version)?.[1]
  return minor === undefined ? undefined : Number(minor)
}
