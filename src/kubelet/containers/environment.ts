/**
 * A container's environment: services first, then envFrom, then env, in which later ones may refer
 * to earlier ones. Pure but for the lookups that are passed in.
 */
import type { Service } from '#api/core/v1/service.ts'
import { hostPort } from '#base/host-port.ts'
import type { AnyContainer, EnvVar } from '../pod-types.ts'
import { configError } from './config-error.ts'
import { expand } from './expand.ts'
import { type FieldContext, fieldValue, resourceValue, usableBy } from './fields.ts'

/** Values by key, texts already decoded; undefined where the object is missing. */
export type Lookup = (
  kind: 'configmap' | 'secret',
  name: string,
) => Promise<Readonly<Record<string, string>> | undefined>

export interface EnvironmentInput {
  readonly container: AnyContainer
  readonly fields: FieldContext
  readonly services: readonly Service[]
  readonly lookup: Lookup
}

export interface NameValue {
  readonly name: string
  readonly value: string
}

export async function environmentOf(input: EnvironmentInput): Promise<readonly NameValue[]> {
  const all = serviceEnvironment(input.services, input.fields.pod)
  const values = new Map<string, string>()
  await addSources(input, values)
  for (const variable of input.container.env ?? []) {
    const value = await variableValue(
      variable,
      input,
      name => values.get(name) ?? all.get(name)?.value,
    )
    if (value === undefined) continue
    values.set(variable.name, value)
  }
  for (const [name, value] of values) all.set(name, { name, value })
  return [...all.values()]
}

async function addSources(input: EnvironmentInput, values: Map<string, string>): Promise<void> {
  for (const source of input.container.envFrom ?? []) {
    const reference = source.configMapRef ?? source.secretRef
    if (!reference) continue
    const kind = source.configMapRef ? 'configmap' : 'secret'
    const data = await input.lookup(kind, reference.name ?? '')
    if (!data) {
      if (reference.optional) continue
      throw configError(`${kind} "${reference.name}" not found`)
    }
    for (const [key, value] of Object.entries(data))
      if (isEnvName(`${source.prefix ?? ''}${key}`))
        values.set(`${source.prefix ?? ''}${key}`, value)
  }
}

/** Environment names may hold any printable ASCII but `=`. */
const isEnvName = (name: string) => /^[ -<>-~]+$/.test(name)

async function variableValue(
  variable: EnvVar,
  input: EnvironmentInput,
  known: (name: string) => string | undefined,
): Promise<string | undefined> {
  const from = variable.valueFrom
  if (!from) return expand(variable.value ?? '', known)
  if (from.fieldRef) {
    const value = fieldValue(from.fieldRef.fieldPath, input.fields)
    if (value === undefined) throw configError(`unsupported fieldPath: ${from.fieldRef.fieldPath}`)
    return value
  }
  if (from.resourceFieldRef) {
    const owner = from.resourceFieldRef.containerName
      ? [
          ...(input.fields.pod.spec?.containers ?? []),
          ...(input.fields.pod.spec?.initContainers ?? []),
        ].find(other => other.name === from.resourceFieldRef?.containerName)
      : input.container
    if (!owner) throw configError(`container ${from.resourceFieldRef.containerName} not found`)
    return resourceValue(from.resourceFieldRef, owner, usableBy(input.fields))
  }
  const reference = from.configMapKeyRef ?? from.secretKeyRef
  if (!reference) return ''
  const kind = from.configMapKeyRef ? 'configmap' : 'secret'
  const data = await input.lookup(kind, reference.name ?? '')
  const value = data?.[reference.key]
  if (value !== undefined || reference.optional) return value
  if (!data) throw configError(`${kind} "${reference.name}" not found`)
  const { namespace } = input.fields.pod.metadata
  const word = kind === 'configmap' ? 'ConfigMap' : 'Secret'
  throw configError(`couldn't find key ${reference.key} in ${word} ${namespace}/${reference.name}`)
}

/**
 * `REDIS_SERVICE_HOST` and the docker-link names, for the pod's namespace; the API's own service is
 * told everywhere.
 */
export function serviceEnvironment(
  services: readonly Service[],
  pod: FieldContext['pod'],
): Map<string, NameValue> {
  const values = new Map<string, NameValue>()
  const links = pod.spec?.enableServiceLinks !== false
  for (const service of services) {
    const { name = '', namespace } = service.metadata
    const isMaster = namespace === 'default' && name === 'kubernetes'
    if (!isMaster && (!links || namespace !== pod.metadata.namespace)) continue
    for (const variable of variablesOf(service)) values.set(variable.name, variable)
  }
  return values
}

/** All containers of a namespace have them, so they are made once a service and held once. */
const known = new WeakMap<Service, readonly NameValue[]>()

function variablesOf(service: Service): readonly NameValue[] {
  let variables = known.get(service)
  if (!variables) {
    variables = [...madeVariables(service)].map(([name, value]) => ({ name, value }))
    known.set(service, variables)
  }
  return variables
}

interface Port {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
}

function madeVariables({ metadata, spec }: Service): Map<string, string> {
  const values = new Map<string, string>()
  const ip = spec?.clusterIP
  const ports: readonly Port[] = spec?.ports ?? []
  const first = ports[0]
  if (!ip || ip === 'None' || !first) return values
  const prefix = envName(metadata.name ?? '')
  values.set(`${prefix}_SERVICE_HOST`, ip)
  values.set(`${prefix}_SERVICE_PORT`, String(first.port))
  for (const port of ports)
    if (port.name) values.set(`${prefix}_SERVICE_PORT_${envName(port.name)}`, String(port.port))
  for (const [index, port] of ports.entries()) {
    const protocol = (port.protocol || 'TCP').toUpperCase()
    const url = `${protocol.toLowerCase()}://${hostPort(ip, port.port)}`
    const key = `${prefix}_PORT_${port.port}_${protocol}`
    if (index === 0) values.set(`${prefix}_PORT`, url)
    values.set(key, url)
    values.set(`${key}_PROTO`, protocol.toLowerCase())
    values.set(`${key}_PORT`, String(port.port))
    values.set(`${key}_ADDR`, ip)
  }
  return values
}

const envName = (name: string) => name.replaceAll('-', '_').toUpperCase()
