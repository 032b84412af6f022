/** Field selectors: `metadata.name=web,status.phase!=Running`. */
import { type AnyKind, apiVersionOf } from './kind.ts'
import type { KubernetesObject } from './metadata.ts'
import { badRequest } from './status.ts'

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** Reads the text; backslash, comma and equals sign are escaped by a backslash inside values. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const requirements: FieldRequirement[] = []
  for (const term of termsOf(text).sort()) {
    if (term === '') continue
    const match = /^([^=!]*(?:!(?!=)[^=!]*)*)(!=|==|=)([\s\S]*)$/.exec(term)
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const [, field = '', operator, value = ''] = match
    requirements.push({
      field,
      operator: operator === '!=' ? '!=' : '=',
      value: unescaped(value),
    })
  }
  return requirements
}

/** Splits at commas that no backslash precedes; the backslashes stay for `unescaped`. */
function termsOf(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === ',') {
      terms.push(text.slice(start, i))
      start = i + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

function unescaped(value: string): string {
  if (!/[\\,=]/.test(value)) return value
  let result = ''
  for (let i = 0; i < value.length; i++) {
    const letter = value.charAt(i)
    if (letter === '\\') {
      const next = value.charAt(++i)
      if (next === '' || !'\\,='.includes(next))
        throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`)
      result += next
    } else if (letter === '=' || letter === ',') {
      // Upstream prints the character's number here.
      throw badRequest(
        `invalid field selector: unescaped character in value: ${letter.charCodeAt(0)}`,
      )
    } else result += letter
  }
  return result
}

/** The value as it must be written inside a field selector. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&')
}

/** The canonical text of requirements. */
export function formatFieldSelector(requirements: readonly FieldRequirement[]): string {
  return requirements
    .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
    .join(',')
}

const METADATA_FIELDS: Readonly<Record<string, (object: KubernetesObject) => string>> = {
  'metadata.name': object => object.metadata.name ?? '',
  'metadata.namespace': object => object.metadata.namespace ?? '',
}

/** A predicate for objects of the kind. A field that the kind does not offer is a BadRequest. */
export function compileFieldSelector(
  kind: AnyKind,
  text: string,
): (object: KubernetesObject) => boolean {
  const tests = parseFieldSelector(text).map(requirement => testOf(kind, requirement))
  const [only] = tests
  if (!only) return () => true
  return tests.length === 1 ? only : object => tests.every(test => test(object))
}

function testOf(kind: AnyKind, { field, operator, value }: FieldRequirement) {
  const read = readerOf(kind, field)
  return operator === '='
    ? (object: KubernetesObject) => read(object) === value
    : (object: KubernetesObject) => read(object) !== value
}

/** Some kinds word it in their own way. */
const REFUSALS: Readonly<Record<string, (kind: AnyKind, field: string) => string>> = {
  'batch Job': (_, field) => `field label ${JSON.stringify(field)} not supported for batchv1.Job`,
  'resource.k8s.io ResourceSlice': (kind, field) =>
    `field label not supported for ${apiVersionOf(kind)}, Kind=ResourceSlice: ${field}`,
}

/** Cluster-scoped kinds with selectors of their own offer no namespace, the others do by an old default. */
const isNamespaceOfNone = ({ scope }: AnyKind, field: string) =>
  scope === 'Cluster' && field === 'metadata.namespace'

function readerOf(kind: AnyKind, field: string): (object: KubernetesObject) => string {
  const own = kind.fieldSelectors
  // Custom resources have a reader of their own, whatever they let clients select by.
  const hasOwn = kind.custom !== undefined || Object.keys(own).length > 0
  const reader = Object.hasOwn(own, field)
    ? own[field]
    : Object.hasOwn(METADATA_FIELDS, field) && !(hasOwn && isNamespaceOfNone(kind, field))
      ? METADATA_FIELDS[field]
      : undefined
  if (reader) return reader
  throw badRequest(
    hasOwn || kind.custom
      ? (REFUSALS[`${kind.group} ${kind.kind}`]?.(kind, field) ??
          `field label not supported: ${field}`)
      : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  )
}
