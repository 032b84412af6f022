/** What pods of a namespace tolerate beside what they say, and what they may tolerate at all, as its annotations, or the configuration, say. */
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { PodSpec } from '#api/core/v1/pod/pod.ts'
import { qualityOfServiceOf } from '#api/core/v1/pod/qos.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { jsonTypeOf } from '#api/machinery/scalars.ts'
import { notFound, PlainError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { AdmissionStep } from '../admission.ts'
import { asPod, concernsPods } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'

export type Toleration = NonNullable<PodSpec['tolerations']>[number]

/** What holds for namespaces that say nothing. */
export interface TolerationRules {
  readonly default?: readonly Toleration[]
  readonly whitelist?: readonly Toleration[]
}

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const WHITELIST = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'
const MEMORY_PRESSURE: Toleration = {
  key: 'node.kubernetes.io/memory-pressure',
  operator: 'Exists',
  effect: 'NoSchedule',
}

export function podTolerationRestriction({
  namespace: find,
  pluginConfiguration,
}: Pick<AdmissionWorld, 'namespace' | 'pluginConfiguration'>): AdmissionStep {
  const configured = pluginConfiguration?.podTolerationRestriction ?? {}
  const namespaceOf = async (name: string): Promise<Namespace> => {
    const found = await find(name)
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, name)
    return found
  }
  const judge = (tolerations: readonly Toleration[], namespace: Namespace) => {
    if (tolerations.length === 0) return
    const own = annotated(namespace, WHITELIST)
    const whitelist = own ?? configured.whitelist ?? []
    if (whitelist.length === 0) return
    if (!tolerations.every(each => whitelist.some(allowed => covers(allowed, each))))
      throw new PlainError(
        `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${own ? 'namespace' : 'cluster'} whitelist`,
      )
  }
  return {
    name: 'PodTolerationRestriction',
    resources: ['pods'],
    isFor: request =>
      concernsPods(request) && (request.operation === 'CREATE' || request.operation === 'UPDATE'),
    async mutate(request, draft) {
      const { spec } = asPod(draft)
      const namespace = await namespaceOf(request.namespace)
      const defaults =
        request.operation === 'CREATE'
          ? (annotated(namespace, DEFAULTS) ?? configured.default ?? [])
          : []
      const more =
        qualityOfServiceOf(spec) === 'BestEffort' ? defaults : [...defaults, MEMORY_PRESSURE]
      if (more.length > 0) spec.tolerations = merged([...(spec.tolerations ?? []), ...more])
      judge(spec.tolerations ?? [], namespace)
    },
    async validate(request) {
      const { spec } = asPod(request.object as NonNullable<typeof request.object>)
      const { tolerations = [] } = spec
      if (tolerations.length > 0) judge(tolerations, await namespaceOf(request.namespace))
    },
  }
}

/** Undefined where the namespace says nothing of it. */
function annotated({ metadata }: Namespace, name: string): readonly Toleration[] | undefined {
  const text = metadata.annotations?.[name]
  if (text === undefined) return undefined
  // An empty one says that there are none.
  if (text === '') return []
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new PlainError(isCutOff(text) ? 'unexpected end of JSON input' : messageOf(error))
  }
  return tolerationsIn(value)
}

/** Go's types of their fields. */
const TYPES = {
  key: 'string',
  operator: 'v1.TolerationOperator',
  value: 'string',
  effect: 'v1.TaintEffect',
  tolerationSeconds: 'int64',
} as const

/** Whoever may change a namespace may write anything there. Throws a PlainError in Go's words. */
function tolerationsIn(value: unknown): readonly Toleration[] {
  if (value === null) return []
  const wrong = (of: unknown, where: string) =>
    new PlainError(`json: cannot unmarshal ${jsonTypeOf(of)} into Go ${where}`)
  if (!Array.isArray(value)) throw wrong(value, 'value of type []v1.Toleration')
  return value.map(each => {
    if (each === null) return {}
    if (!isPlainObject(each)) throw wrong(each, 'value of type v1.Toleration')
    for (const [name, type] of Object.entries(TYPES)) {
      const part = each[name]
      const isFitting = type === 'int64' ? Number.isSafeInteger(part) : typeof part === 'string'
      if (part !== undefined && part !== null && !isFitting)
        throw wrong(part, `struct field Toleration.${name} of type ${type}`)
    }
    return each as Toleration
  })
}

/** Something could follow that would make it whole. */
const isCutOff = (text: string): boolean => /[[{:,]\s*$/.test(text) || !/[\]}]\s*$/.test(text)

/** Without those that another one covers; of equal ones the first stays. */
function merged(all: readonly Toleration[]): Toleration[] {
  const kept: Toleration[] = []
  for (const [at, each] of all.entries()) {
    const isCovered =
      kept.some(other => covers(other, each)) ||
      all.slice(at + 1).some(other => !isSame(other, each) && covers(other, each))
    if (!isCovered) kept.push(each)
  }
  return kept
}

const isSame = (one: Toleration, other: Toleration): boolean =>
  one.key === other.key &&
  one.operator === other.operator &&
  one.value === other.value &&
  one.effect === other.effect &&
  one.tolerationSeconds === other.tolerationSeconds

/** Whatever the second one tolerates, the first one does. */
export function covers(wide: Toleration, narrow: Toleration): boolean {
  if (isSame(wide, narrow)) return true
  if ((wide.key ?? '') !== (narrow.key ?? '') && (wide.key || wide.operator !== 'Exists'))
    return false
  if ((wide.effect ?? '') !== (narrow.effect ?? '') && wide.effect) return false
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined) {
    const { tolerationSeconds: seconds } = narrow
    if (seconds === undefined || seconds > wide.tolerationSeconds) return false
  }
  if (wide.operator === 'Exists') return true
  const isEqual = (operator: Toleration['operator']) => !operator || operator === 'Equal'
  return (
    isEqual(wide.operator) &&
    isEqual(narrow.operator) &&
    (wide.value ?? '') === (narrow.value ?? '')
  )
}
