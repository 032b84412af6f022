import { isCanonicalIp } from '../../core/v1/addresses.ts'
import { given, needed } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { type FieldError, required } from '../../machinery/field-error.ts'
import { immutableStruct } from '../../machinery/go-shown.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { isDns1123Subdomain, isPathSegment } from '../../machinery/names.ts'
import { shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

export const parentReference = shape(
  'io.k8s.api.networking.v1.ParentReference',
  'Names an object of any resource.',
  {
    group: string(1).doc('Group of the object; empty for the core group.'),
    resource: string(2).required().mayBeAbsent().doc('Resource of the object, such as services.'),
    namespace: string(3).doc('Namespace of the object.'),
    name: string(4).required().mayBeAbsent().doc('Name of the object.'),
  },
)
export type ParentReference = ValueOfShape<typeof parentReference>

export const ipAddressSpec = shape(
  'io.k8s.api.networking.v1.IPAddressSpec',
  'Who has an address.',
  {
    parentRef: struct(1, parentReference)
      .requiredPointer()
      .doc('Who has it, usually a service; never changes.'),
  },
)
export type IpAddressSpec = ValueOfShape<typeof ipAddressSpec>

export const ipAddressShape = objectShape(
  'io.k8s.api.networking.v1.IPAddress',
  'An address that is taken; it is the name of the object, in canonical form.',
  { spec: struct(2, ipAddressSpec).required().doc('Who has it.') },
)
export type IpAddress = ObjectOfShape<typeof ipAddressShape>

export const ipAddress = defineKind<IpAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  shortNames: ['ip'],
  scope: 'Cluster',
  nameRule: isCanonicalIp,
  shape: ipAddressShape,
  validate: ({ spec }) =>
    spec.parentRef
      ? validateParent('spec.parentRef', spec.parentRef)
      : [required('spec.parentRef')],
  validateUpdate: (next, previous) =>
    immutableStruct(
      'spec.parentRef',
      parentReference,
      next.spec.parentRef,
      previous.spec.parentRef,
    ),
  columns: [
    nameColumn,
    column('ParentRef', 'Who has the address.', ({ spec }) =>
      spec.parentRef ? shownParent(spec.parentRef) : '<none>',
    ),
    // Upstream's rows end in an age of which its definitions know nothing.
    { ...ageColumn, isUndefined: true },
  ],
})

function validateParent(path: string, parent: ParentReference): readonly FieldError[] {
  return [
    ...given(`${path}.group`, parent.group, isDns1123Subdomain),
    ...needed(`${path}.resource`, parent.resource, isPathSegment),
    ...needed(`${path}.name`, parent.name, isPathSegment),
    ...given(`${path}.namespace`, parent.namespace, isPathSegment),
  ]
}

function shownParent({ group, resource, namespace, name }: ParentReference): string {
  const qualified = group ? `${resource}.${group}` : resource
  return [qualified.toLowerCase(), ...(namespace ? [namespace] : []), name].join('/')
}
