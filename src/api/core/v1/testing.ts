/** For tests of kinds: what becomes of the JSON that a client sends, step by step as the server does it. */
import { decodeObject } from '../../machinery/decode.ts'
import { applyDefaults } from '../../machinery/defaults.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import type { KindDefinition } from '../../machinery/kind.ts'
import { apiVersionOf } from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { wrongNames } from '../../machinery/validate-metadata.ts'

type Body = Readonly<Record<string, unknown>>

/** Decoded and with defaults. */
export function defaulted<T extends KubernetesObject>(kind: KindDefinition<T>, body: Body): T {
  const whole = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name: 'web' },
    ...body,
  }
  const { object } = decodeObject(kind, whole)
  applyDefaults(kind, object)
  return object as T
}

/** As it is stored after a create. */
export function created<T extends KubernetesObject>(kind: KindDefinition<T>, body: Body): T {
  const draft = defaulted(kind, body)
  kind.prepareForCreate(draft)
  return draft
}

/** As it is stored after an update of `previous`. */
export function updated<T extends KubernetesObject>(
  kind: KindDefinition<T>,
  previous: T,
  body: Body,
): T {
  const draft = defaulted(kind, body)
  kind.prepareForUpdate(draft, previous)
  return draft
}

/** `field: message` of each error, the form in which tests compare them. */
export function lines(errors: readonly FieldError[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`)
}

/** What is wrong with an object that is created from `body`, its names among it. */
export function problemsOf<T extends KubernetesObject>(
  kind: KindDefinition<T>,
  body: Body,
): string[] {
  const object = created(kind, body)
  return lines([
    ...wrongNames(kind, object),
    ...kind.validate(object),
    ...kind.validateCreate(object),
  ])
}

/** What is wrong with the change of an object from `before` to `after`; the status of `before` is kept. */
export function changeProblemsOf<T extends KubernetesObject>(
  kind: KindDefinition<T>,
  before: Body,
  after: Body,
): string[] {
  const previous = defaulted(kind, before)
  return lines(kind.validateUpdate(updated(kind, previous, after), previous))
}

/** The row that `kubectl get` shows, by column. */
export function rowOf<T extends KubernetesObject>(
  kind: KindDefinition<T>,
  object: T,
  now = Date.parse('2026-01-01T01:00:00Z'),
): Record<string, string | number | boolean | null> {
  return Object.fromEntries(kind.columns.map(({ name, cell }) => [name, cell(object, now)]))
}
