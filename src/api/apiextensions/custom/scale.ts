/** How the scale subresource reads and writes a custom resource, by the paths of its definition. */
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import type { ScaleMapping } from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { isPlainObject, type PlainObject, setKey } from '../../machinery/plain.ts'
import type { CustomResourceVersion } from '../v1/custom-resource-definition.schema.ts'

type Paths = NonNullable<NonNullable<CustomResourceVersion['subresources']>['scale']>

const MAXIMUM_REPLICAS = 2 ** 31 - 1

const partsOf = (path: string) => path.replace(/^\./, '').split('.')

/** What is at a path of names, or undefined. */
export function valueAt(object: unknown, path: string): unknown {
  let value = object
  for (const name of partsOf(path)) {
    if (!isPlainObject(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}

/** A copy of the object with another value at the path, whose missing parents are made. */
function withValueAt<T extends object>(object: T, path: string, value: unknown): T {
  const result = structuredClone(object)
  const names = partsOf(path)
  const last = names.pop() ?? ''
  let holder = result as PlainObject
  for (const name of names) {
    if (!isPlainObject(holder[name])) setKey(holder, name, {})
    holder = holder[name] as PlainObject
  }
  setKey(holder, last, value)
  return result
}

/** As upstream casts what it reads: a number of 64 bits keeps its lower half. */
const numberAt = (object: unknown, path: string) => {
  const value = valueAt(object, path)
  if (typeof value === 'bigint') return Number(BigInt.asIntN(32, value))
  return typeof value === 'number' ? Number(BigInt.asIntN(32, BigInt(Math.trunc(value)))) : 0
}

export function scaleMappingOf(paths: Paths): ScaleMapping<KubernetesObject> {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = paths
  return {
    path: specReplicasPath,
    missing: object =>
      valueAt(object, specReplicasPath) === undefined
        ? `the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`
        : undefined,
    specReplicas: object => numberAt(object, specReplicasPath),
    statusReplicas: object => numberAt(object, statusReplicasPath),
    selector: object => {
      const value = labelSelectorPath ? valueAt(object, labelSelectorPath) : undefined
      return typeof value === 'string' ? value : ''
    },
    withReplicas: (object, replicas) => withValueAt(object, specReplicasPath, replicas),
  }
}

/** What is wrong with the wished number. */
export function wrongScaleSpec(object: KubernetesObject, paths: Paths | undefined): FieldError[] {
  return paths ? wrongReplicas(object, paths.specReplicasPath) : []
}

/** What is wrong with the present number and the selector. */
export function wrongScaleStatus(object: KubernetesObject, paths: Paths | undefined): FieldError[] {
  if (!paths) return []
  const errors = wrongReplicas(object, paths.statusReplicasPath)
  const { labelSelectorPath } = paths
  const selector = labelSelectorPath ? valueAt(object, labelSelectorPath) : undefined
  if (labelSelectorPath && selector !== undefined && typeof selector !== 'string')
    errors.push(invalid(labelSelectorPath, '', accessor(labelSelectorPath, selector, 'string')))
  return errors
}

function wrongReplicas(object: KubernetesObject, path: string): FieldError[] {
  const value = valueAt(object, path)
  if (value === undefined) return []
  const isWhole = typeof value === 'bigint' || Number.isInteger(value)
  if (!isWhole || (typeof value !== 'bigint' && typeof value !== 'number'))
    return [invalid(path, 0, accessor(path, value, 'int64'))]
  if (value < 0) return [invalid(path, value, 'should be a non-negative integer')]
  if (value > MAXIMUM_REPLICAS)
    return [invalid(path, value, `should be less than or equal to ${MAXIMUM_REPLICAS}`)]
  return []
}

/** In the words of Go's helper for nested fields. */
function accessor(path: string, value: unknown, wanted: string): string {
  if (value === null)
    return `.${partsOf(path).join('.')} accessor error: <nil> is of the type <nil>, expected ${wanted}`
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const found =
    typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : typeof value
  return `.${partsOf(path).join('.')} accessor error: ${shown} is of the type ${found}, expected ${wanted}`
}
