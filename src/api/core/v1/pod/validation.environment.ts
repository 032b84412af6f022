import {
  type FieldError,
  invalid,
  notFound,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import {
  isConfigMapKey,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isRelaxedEnvironmentName,
} from '../../../machinery/names.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { needed, wrong } from '../validation.ts'
import { noDotDot } from '../validation.volume-sources.ts'
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from './schema.environment.ts'
import type { PodSpec } from './schema.ts'

const MORE_THAN_ONE = 'may not have more than one field specified at a time'

/** Fields of the pod that an environment variable may show; volumes may show others. */
const environmentFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
export const volumeFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.labels',
  'metadata.annotations',
  'metadata.uid',
]
const containerResources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

export function validateEnvironment(
  path: string,
  variables: readonly EnvVar[],
): readonly FieldError[] {
  return variables.flatMap((variable, index) => {
    const at = `${path}[${index}]`
    return [
      ...(variable.name
        ? wrong(`${at}.name`, variable.name, isRelaxedEnvironmentName(variable.name))
        : [required(`${at}.name`)]),
      ...(variable.valueFrom
        ? validateSource(`${at}.valueFrom`, variable.valueFrom, variable.value)
        : []),
    ]
  })
}

function validateSource(path: string, source: EnvVarSource, value = ''): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(
    Boolean,
  ).length
  const errors: FieldError[] = []
  if (fieldRef) errors.push(...validateFieldRef(`${path}.fieldRef`, fieldRef, environmentFields))
  if (resourceFieldRef)
    errors.push(...validateResourceFieldRef(`${path}.resourceFieldRef`, resourceFieldRef))
  for (const [field, reference] of [
    ['configMapKeyRef', configMapKeyRef],
    ['secretKeyRef', secretKeyRef],
  ] as const) {
    if (!reference) continue
    errors.push(
      ...wrongName(`${path}.${field}.name`, reference.name),
      ...needed(`${path}.${field}.key`, reference.key, isConfigMapKey),
    )
  }
  if (fileKeyRef)
    errors.push(
      ...needed(`${path}.fileKeyRef.volumeName`, fileKeyRef.volumeName, isDns1123Label),
      ...needed(`${path}.fileKeyRef.key`, fileKeyRef.key, isRelaxedEnvironmentName),
      ...needed(`${path}.fileKeyRef.path`, fileKeyRef.path),
      ...noDotDot(`${path}.fileKeyRef.path`, fileKeyRef.path),
    )
  if (count === 0)
    errors.push(
      invalid(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    )
  else if (value) errors.push(invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (count > 1) errors.push(invalid(path, '', MORE_THAN_ONE))
  return errors
}

/** Upstream asks for no name but for one in this form. */
const wrongName = (field: string, name = '') => wrong(field, name, isDns1123Subdomain(name))

/** Files of variables are written by containers of the pod, into volumes that are theirs alone. */
export function validateFileVolumes(path: string, spec: PodSpec): readonly FieldError[] {
  const volumes = new Map((spec.volumes ?? []).map(volume => [volume.name, volume]))
  return (['initContainers', 'containers'] as const).flatMap(list =>
    (spec[list] ?? []).flatMap(({ env = [] }, index) =>
      env.flatMap(({ valueFrom }, at) => {
        const name = valueFrom?.fileKeyRef?.volumeName
        if (name === undefined) return []
        const field = `${path}.${list}[${index}].env[${at}].valueFrom.fileKeyRef.volumeName`
        const volume = volumes.get(name)
        if (!volume) return [notFound(field, name)]
        if (volume.emptyDir) return []
        return [invalid(field, name, 'referenced volume must be of type emptyDir')]
      }),
    ),
  )
}

export function validateFieldRef(
  path: string,
  { apiVersion, fieldPath }: ObjectFieldSelector,
  supported: readonly string[],
): FieldError[] {
  if (!apiVersion) return [required(`${path}.apiVersion`)]
  if (!fieldPath) return [required(`${path}.fieldPath`)]
  if (apiVersion !== 'v1')
    return [
      invalid(
        `${path}.fieldPath`,
        fieldPath,
        `error converting fieldPath: unsupported pod version: ${apiVersion}`,
      ),
    ]
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(fieldPath)
  if (subscript) {
    const [, map = '', key = ''] = subscript
    const name = map === 'metadata.annotations' ? key.toLowerCase() : key
    return [...wrong(`${path}.fieldPath`, fieldPath, isQualifiedName(name))]
  }
  const known = new Set([
    ...environmentFields,
    ...volumeFields,
    'spec.restartPolicy',
    'status.phase',
  ])
  if (!known.has(fieldPath))
    return [
      invalid(
        `${path}.fieldPath`,
        fieldPath,
        `error converting fieldPath: field label not supported: ${fieldPath}`,
      ),
    ]
  return supported.includes(fieldPath)
    ? []
    : [notSupported(`${path}.fieldPath`, fieldPath, supported.toSorted())]
}

export function validateResourceFieldRef(
  path: string,
  { resource, divisor }: ResourceFieldSelector,
): FieldError[] {
  if (!resource) return [required(`${path}.resource`)]
  const isHugePages = /^(limits|requests)\.hugepages-/.test(resource)
  if (!isHugePages && !containerResources.includes(resource))
    return [notSupported(`${path}.resource`, resource, containerResources)]
  return validDivisor(`${path}.divisor`, resource.replace(/^\w+\./, ''), divisor)
}

const binaryDivisors = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei'

function validDivisor(field: string, resource: string, divisor = '0'): FieldError[] {
  if (compareQuantities(divisor, '0') === 0) return []
  const allowed = resource === 'cpu' ? '1m, 1' : binaryDivisors
  const words = resource === 'cpu' ? '1m and 1' : allowed
  if (allowed.split(', ').some(one => compareQuantities(one, divisor) === 0)) return []
  return [
    invalid(
      field,
      divisor,
      `only divisor's values ${words} are supported with the ${resource} resource`,
    ),
  ]
}

export function validateEnvironmentFrom(
  path: string,
  sources: readonly EnvFromSource[],
): readonly FieldError[] {
  return sources.flatMap(({ prefix, configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`
    const errors: FieldError[] = []
    if (prefix) errors.push(...wrong(`${at}.prefix`, prefix, isRelaxedEnvironmentName(prefix)))
    // Of what is wrong with a source as a whole upstream names the list alone.
    if (configMapRef)
      errors.push(...needed(`${at}.configMapRef.name`, configMapRef.name, isDns1123Subdomain))
    if (secretRef)
      errors.push(...needed(`${at}.secretRef.name`, secretRef.name, isDns1123Subdomain))
    if (!configMapRef && !secretRef)
      errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (configMapRef && secretRef) errors.push(invalid(path, '', MORE_THAN_ONE))
    return errors
  })
}
