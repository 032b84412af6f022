/** An audit policy (audit.k8s.io/v1) from its file, judged by upstream's rules and in its words. */
import { type FieldError, invalid, notSupported, required } from '#api/machinery/field-error.ts'
import { goQuote } from '#api/machinery/go-quote.ts'
import { isDns1123Subdomain } from '#api/machinery/names.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import { jsonTypeOf } from '#api/machinery/scalars.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { AUDIT_API_VERSION } from './event.ts'
import {
  type AuditPolicy,
  LEVELS,
  type Level,
  type PolicyRule,
  STAGES,
  type Stage,
} from './policy.ts'

export interface ReadPolicy {
  readonly policy: AuditPolicy
  /** Fields that mean nothing, which upstream tells of and passes over. */
  readonly unknownFields: readonly string[]
}

/** `file` is for messages. Throws a UserError. */
export function parseAuditPolicy(bytes: Uint8Array, file: string): ReadPolicy {
  try {
    return policyIn(bytes)
  } catch (error) {
    throw new UserError(`loading audit policy file: ${messageOf(error)}: from file ${file}`)
  }
}

function policyIn(bytes: Uint8Array): ReadPolicy {
  const raw = decoded(bytes)
  const errors = [
    ...stageErrors(textsIn(raw.omitStages), 'omitStages'),
    ...partsOf(raw.rules).flatMap((rule, at) => ruleErrors(rule, `rules[${at}]`)),
  ]
  const texts = errors.map(({ field, message }) => `${field}: ${message}`)
  if (texts.length > 0) throw new Error(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`)
  const rules = partsOf(raw.rules).map(ruleOf)
  if (rules.length === 0) throw new Error('loaded illegal policy with 0 rules')
  return {
    policy: {
      omitStages: textsIn(raw.omitStages) as Stage[],
      omitManagedFields: raw.omitManagedFields === true,
      rules,
    },
    unknownFields: strangersIn(raw, POLICY, ''),
  }
}

function decoded(bytes: Uint8Array): PlainObject {
  const failed = (why: string) => new Error(`failed decoding: ${why}`)
  let value: unknown
  try {
    value = parseYaml(bytes) ?? {}
  } catch (error) {
    throw failed(messageOf(error))
  }
  if (!isPlainObject(value))
    throw failed(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    )
  const { kind, apiVersion } = value
  if (!kind || !apiVersion)
    throw new Error('unknown group version field audit.k8s.io/__internal, Kind=Policy in policy')
  if (kind !== 'Policy' || apiVersion !== AUDIT_API_VERSION)
    throw failed(
      `no kind ${goQuote(String(kind))} is registered for version ${goQuote(String(apiVersion))} in scheme "pkg/runtime/scheme.go:111"`,
    )
  const mistake = mistakeIn(value, POLICY, { owner: 'Policy', path: '' })
  if (mistake !== undefined) throw failed(mistake)
  return value
}

/** What may stand where; the Go type of each is for messages. */
type Shape =
  | { readonly go: string; readonly is: 'string' | 'boolean' }
  | { readonly go: string; readonly each: Shape }
  | { readonly go: string; readonly fields: Readonly<Record<string, Shape>> }

const TEXT: Shape = { go: 'string', is: 'string' }
const TEXTS: Shape = { go: '[]string', each: TEXT }
const FLAG: Shape = { go: 'bool', is: 'boolean' }
const STAGE_LIST: Shape = { go: '[]v1.Stage', each: { go: 'v1.Stage', is: 'string' } }
const GROUP_RESOURCES: Shape = {
  go: 'v1.GroupResources',
  fields: { group: TEXT, resources: TEXTS, resourceNames: TEXTS },
}
const RULE: Shape = {
  go: 'v1.PolicyRule',
  fields: {
    level: { go: 'v1.Level', is: 'string' },
    users: TEXTS,
    userGroups: TEXTS,
    verbs: TEXTS,
    resources: { go: '[]v1.GroupResources', each: GROUP_RESOURCES },
    namespaces: TEXTS,
    nonResourceURLs: TEXTS,
    omitStages: STAGE_LIST,
    omitManagedFields: FLAG,
  },
}
const POLICY: Shape = {
  go: 'v1.Policy',
  fields: {
    apiVersion: TEXT,
    kind: TEXT,
    metadata: { go: 'v1.ObjectMeta', fields: {} },
    omitStages: STAGE_LIST,
    rules: { go: '[]v1.PolicyRule', each: RULE },
    omitManagedFields: FLAG,
  },
}

/** The type around a value, and the way there without places in lists, as Go tells it. */
interface Place {
  readonly owner: string
  readonly path: string
}

/** The first value of a wrong type. */
function mistakeIn(value: unknown, shape: Shape, at: Place): string | undefined {
  if (value === null || value === undefined) return undefined
  const wrong = () =>
    `json: cannot unmarshal ${jsonTypeOf(value)} into Go struct field ${at.owner}.${at.path} of type ${shape.go}`
  if ('is' in shape) return typeof value === shape.is ? undefined : wrong()
  if ('each' in shape) {
    if (!Array.isArray(value)) return wrong()
    return firstOf(value, each => mistakeIn(each, shape.each, at))
  }
  if (!isPlainObject(value)) return wrong()
  const owner = shape.go.replace('v1.', '')
  return firstOf(Object.entries(shape.fields), ([name, part]) =>
    mistakeIn(value[name], part, { owner, path: at.path === '' ? name : `${at.path}.${name}` }),
  )
}

function firstOf<T>(all: readonly T[], find: (each: T) => string | undefined): string | undefined {
  for (const each of all) {
    const found = find(each)
    if (found !== undefined) return found
  }
  return undefined
}

function strangersIn(value: unknown, shape: Shape, at: string): string[] {
  if ('each' in shape)
    return partsOf(value).flatMap((each, index) => strangersIn(each, shape.each, `${at}[${index}]`))
  // Of a policy's own metadata nobody reads anything.
  if (!('fields' in shape) || !isPlainObject(value) || shape.go === 'v1.ObjectMeta') return []
  return Object.entries(value).flatMap(([name, part]) => {
    const path = at === '' ? name : `${at}.${name}`
    const known = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
    return known ? strangersIn(part, known, path) : [path]
  })
}

const partsOf = (value: unknown): readonly PlainObject[] =>
  Array.isArray(value) ? value.map(each => (isPlainObject(each) ? each : {})) : []
const textsIn = (value: unknown): readonly string[] => (Array.isArray(value) ? value : [])

function ruleOf(raw: PlainObject): PolicyRule {
  return {
    level: raw.level as Level,
    users: textsIn(raw.users),
    userGroups: textsIn(raw.userGroups),
    verbs: textsIn(raw.verbs),
    resources: partsOf(raw.resources).map(({ group, resources, resourceNames }) => ({
      group: typeof group === 'string' ? group : '',
      resources: textsIn(resources),
      resourceNames: textsIn(resourceNames),
    })),
    namespaces: textsIn(raw.namespaces),
    nonResourceUrls: textsIn(raw.nonResourceURLs),
    omitStages: textsIn(raw.omitStages) as Stage[],
    ...(typeof raw.omitManagedFields === 'boolean'
      ? { omitManagedFields: raw.omitManagedFields }
      : {}),
  }
}

function ruleErrors(rule: PlainObject, at: string): FieldError[] {
  const { level } = rule
  const urls = textsIn(rule.nonResourceURLs)
  const errors: FieldError[] = []
  if (!level) errors.push(required(`${at}.level`))
  else if (!LEVELS.some(each => each === level))
    errors.push(notSupported(`${at}.level`, level, LEVELS))
  errors.push(...urlErrors(urls, `${at}.nonResourceURLs`))
  errors.push(...resourceErrors(partsOf(rule.resources), `${at}.resources`))
  errors.push(...stageErrors(textsIn(rule.omitStages), `${at}.omitStages`))
  const isAboutResources = partsOf(rule.resources).length > 0 || textsIn(rule.namespaces).length > 0
  if (urls.length > 0 && isAboutResources)
    errors.push(
      invalid(
        `${at}.nonResourceURLs`,
        urls,
        'rules cannot apply to both regular resources and non-resource URLs',
      ),
    )
  return errors
}

function stageErrors(stages: readonly string[], at: string): FieldError[] {
  return stages.flatMap((stage, index) =>
    STAGES.some(each => each === stage)
      ? []
      : [invalid(`${at}[${index}]`, stage, `allowed stages are ${STAGES.join(',')}`)],
  )
}

function urlErrors(urls: readonly string[], at: string): FieldError[] {
  return urls.flatMap((url, index) => {
    if (url === '*') return []
    const path = `${at}[${index}]`
    const errors: FieldError[] = []
    if (!url.startsWith('/'))
      errors.push(invalid(path, url, "non-resource URL rules must begin with a '/' character"))
    if (url.slice(0, -1).includes('*'))
      errors.push(
        invalid(
          path,
          url,
          "non-resource URL wildcards '*' must be the final character of the rule",
        ),
      )
    return errors
  })
}

function resourceErrors(resources: readonly PlainObject[], at: string): FieldError[] {
  return resources.flatMap(({ group, resources: named, resourceNames }) => {
    const errors: FieldError[] = []
    if (typeof group === 'string' && group !== '')
      for (const why of isDns1123Subdomain(group)) errors.push(invalid(`${at}.group`, group, why))
    const names = textsIn(resourceNames)
    if (names.length > 0 && textsIn(named).length === 0)
      errors.push(
        invalid(`${at}.resourceNames`, names, 'using resourceNames requires at least one resource'),
      )
    return errors
  })
}
