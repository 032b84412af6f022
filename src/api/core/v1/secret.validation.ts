import {
  type FieldError,
  forbidden,
  invalid,
  required,
  tooLong,
} from '../../machinery/field-error.ts'
import { isConfigMapKey } from '../../machinery/names.ts'
import type { Secret } from './secret.ts'
import { immutable, wrong } from './validation.ts'

/** A secret must fit in one request and one store value: 1 MiB over all its values. */
const MAXIMUM_BYTES = 1024 * 1024

export function validateSecret(secret: Secret): readonly FieldError[] {
  const data = secret.data ?? {}
  const errors: FieldError[] = Object.keys(data).flatMap(key =>
    wrong(`data[${key}]`, key, isConfigMapKey(key)),
  )
  const bytes = Object.values(data).reduce((sum, value) => sum + decodedLength(value), 0)
  if (bytes > MAXIMUM_BYTES) errors.push(tooLong('data', MAXIMUM_BYTES))
  return [...errors, ...validateType(secret, data)]
}

/** Types that people and programs rely on promise certain keys. */
function validateType(
  { type, metadata }: Secret,
  data: Readonly<Record<string, string>>,
): FieldError[] {
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return metadata.annotations?.['kubernetes.io/service-account.name']
        ? []
        : [required('metadata.annotations[kubernetes.io/service-account.name]')]
    case 'kubernetes.io/dockercfg':
      return holdsJson('.dockercfg', data)
    case 'kubernetes.io/dockerconfigjson':
      return holdsJson('.dockerconfigjson', data)
    case 'kubernetes.io/basic-auth':
      return data.username !== undefined || data.password !== undefined
        ? []
        : [required('data[username]'), required('data[password]')]
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')]
    case 'kubernetes.io/tls':
      return ['tls.crt', 'tls.key']
        .filter(key => data[key] === undefined)
        .map(key => required(`data[${key}]`))
    default:
      return []
  }
}

function holdsJson(key: string, data: Readonly<Record<string, string>>): FieldError[] {
  const value = data[key]
  if (value === undefined) return [required(`data[${key}]`)]
  try {
    JSON.parse(textOf(value))
    return []
  } catch {
    // The parser's own message would quote the secret.
    return [invalid(`data[${key}]`, '<secret contents redacted>', 'must be valid JSON')]
  }
}

function textOf(base64: string): string {
  return new TextDecoder().decode(
    Uint8Array.from(atob(base64), character => character.charCodeAt(0)),
  )
}

function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return Math.floor((base64.length * 3) / 4) - padding
}

/** A key with nothing is a key. */
function isSameData(next: Secret['data'] = {}, previous: Secret['data'] = {}): boolean {
  const keys = Object.keys(next)
  return (
    keys.length === Object.keys(previous).length && keys.every(key => next[key] === previous[key])
  )
}

export function validateSecretUpdate(next: Secret, previous: Secret): readonly FieldError[] {
  const errors = [...immutable('type', next.type, previous.type)]
  if (!previous.immutable) return errors
  const detail = 'field is immutable when `immutable` is set'
  if (!next.immutable) errors.push(forbidden('immutable', detail))
  if (!isSameData(next.data, previous.data)) errors.push(forbidden('data', detail))
  return errors
}
