/** What expressions of admission and of devices know of. */
import {
  type Environment,
  environmentOf,
  type Fields,
  fieldsFrom,
  type Structs,
} from './checker/environment.ts'
import { typeNamed } from './checker/signatures.ts'
import type { Type } from './checker/types.ts'
import { type Kind, plain, type SizedType } from './cost.types.ts'

type Described = Readonly<Record<string, Readonly<Record<string, string>>>>

const STRUCTS: Described = {
  'kubernetes.AdmissionRequest': {
    kind: 'kubernetes.GroupVersionKind',
    resource: 'kubernetes.GroupVersionResource',
    subResource: 'string',
    requestKind: 'kubernetes.GroupVersionKind',
    requestResource: 'kubernetes.GroupVersionResource',
    requestSubResource: 'string',
    name: 'string',
    namespace: 'string',
    operation: 'string',
    userInfo: 'kubernetes.UserInfo',
    dryRun: 'bool',
    options: 'dyn',
  },
  'kubernetes.GroupVersionKind': { group: 'string', version: 'string', kind: 'string' },
  'kubernetes.GroupVersionResource': { group: 'string', version: 'string', resource: 'string' },
  'kubernetes.UserInfo': {
    username: 'string',
    uid: 'string',
    groups: 'list<string>',
    extra: 'map<string, list<string>>',
  },
  'kubernetes.Namespace': {
    metadata: 'kubernetes.NamespaceMetadata',
    spec: 'kubernetes.NamespaceSpec',
    status: 'kubernetes.NamespaceStatus',
  },
  'kubernetes.NamespaceMetadata': {
    name: 'string',
    generateName: 'string',
    namespace: 'string',
    labels: 'map<string, string>',
    annotations: 'map<string, string>',
    UID: 'string',
    creationTimestamp: 'timestamp',
    deletionGracePeriodSeconds: 'int',
    deletionTimestamp: 'timestamp',
    generation: 'int',
    resourceVersion: 'string',
    finalizers: 'list<string>',
  },
  'kubernetes.NamespaceSpec': { finalizers: 'list<string>' },
  'kubernetes.NamespaceStatus': {
    conditions: 'list<kubernetes.NamespaceCondition>',
    phase: 'string',
  },
  'kubernetes.NamespaceCondition': {
    status: 'string',
    type: 'string',
    lastTransitionTime: 'timestamp',
    message: 'string',
    reason: 'string',
  },
}

const structsOf = (described: Described): ReadonlyMap<string, Fields> =>
  new Map(
    Object.entries(described).map(([name, fields]) => {
      const types = Object.entries(fields).map(([field, type]) => [field, typeNamed(type)])
      return [name, fieldsFrom(Object.fromEntries(types))]
    }),
  )

const DEVICE: Described = {
  'kubernetes.DRADevice': {
    driver: 'string',
    attributes: 'map<string, map<string, any>>',
    capacity: 'map<string, map<string, kubernetes.Quantity>>',
    allowMultipleAllocations: 'bool',
  },
}

let admission: ReadonlyMap<string, Fields> | undefined
let devices: Environment | undefined

export const VARIABLES_TYPE = 'kubernetes.variables'

export interface Seen {
  readonly hasParams?: boolean
  readonly hasAuthorizer?: boolean
  /** The fields of `variables`, where that is declared. */
  readonly variables?: ReadonlyMap<string, Type>
  /** What `object` and `oldObject`, and `params` are; anything where nothing is said. */
  readonly object?: Type
  readonly params?: Type
  readonly structs?: Structs
  readonly isMutating?: boolean
}

export function admissionEnvironment(seen: Seen): Environment {
  admission ??= structsOf(STRUCTS)
  const known = admission
  const { variables } = seen
  const ofVariables: Fields = name => variables?.get(name)
  const structs: Structs = name =>
    name === VARIABLES_TYPE && variables ? ofVariables : (known.get(name) ?? seen.structs?.(name))
  const rights = 'kubernetes.authorization'
  const named: [string, Type][] = [
    ['object', seen.object ?? typeNamed('dyn')],
    ['oldObject', seen.object ?? typeNamed('dyn')],
    ['request', typeNamed('kubernetes.AdmissionRequest')],
    ['namespaceObject', typeNamed('kubernetes.Namespace')],
  ]
  if (seen.hasParams) named.push(['params', seen.params ?? typeNamed('dyn')])
  if (seen.hasAuthorizer !== false)
    named.push(
      ['authorizer', typeNamed(`${rights}.Authorizer`)],
      ['authorizer.requestResource', typeNamed(`${rights}.ResourceCheck`)],
    )
  if (variables) named.push(['variables', typeNamed(VARIABLES_TYPE)])
  return environmentOf({ variables: named, structs, isMutating: seen.isMutating === true })
}

const sized = (kind: Kind, maximum: number, more?: Partial<SizedType>): SizedType => ({
  kind,
  maximum,
  ...more,
})
/** How large what a device tells may be, as validation has it: names of domains and drivers, identifiers, values; and how many. */
const DOMAIN = sized('string', 63)
const IDENTIFIER = sized('string', 32)
const ATTRIBUTE = sized('dyn', 64)
const MOST_ENTRIES = 32
const byDomain = (values: SizedType): SizedType =>
  sized('map', MOST_ENTRIES, { keys: DOMAIN, items: values })
const byIdentifier = (values: SizedType, more?: Partial<SizedType>): SizedType =>
  sized('map', MOST_ENTRIES, { keys: IDENTIFIER, items: values, ...more })

/** The same with the sizes of what there may be, by which is estimated what an expression costs. */
export const DEVICE_VARIABLES: ReadonlyMap<string, SizedType> = new Map([
  [
    'device',
    sized('object', 0, {
      fields: {
        driver: DOMAIN,
        attributes: byDomain(byIdentifier(ATTRIBUTE, { others: ATTRIBUTE })),
        capacity: byDomain(byIdentifier(plain('opaque'))),
        allowMultipleAllocations: sized('bool', 1),
      },
    }),
  ],
])

export function deviceEnvironment(): Environment {
  if (devices) return devices
  const described = structsOf(DEVICE)
  devices = environmentOf({
    variables: [['device', typeNamed('kubernetes.DRADevice')]],
    structs: name => described.get(name),
  })
  return devices
}
