/** The types that every object shares: ObjectMeta, ListMeta and what they hold. */
import { FIELDS_V1 } from './any-types.ts'
import {
  any,
  boolean,
  int64,
  list,
  map,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from './schema.ts'

export const ownerReference = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  'Names an object that owns this one, in the same namespace or cluster-scoped.',
  {
    apiVersion: string(5).required().doc('Group and version of the owner.'),
    kind: string(1).required().doc('Kind of the owner.'),
    name: string(3).required().doc('Name of the owner.'),
    uid: string(4)
      .required()
      .doc('UID of the owner; an owner of the same name with another UID is not meant.'),
    controller: boolean(6).optional().doc('True for the one owner that manages this object.'),
    blockOwnerDeletion: boolean(7)
      .optional()
      .doc(
        'When true, an owner that is deleted in the foreground waits until this object is gone.',
      ),
  },
  { atomic: true },
)
export type OwnerReference = ValueOfShape<typeof ownerReference>

export const managedFieldsEntry = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry',
  'The fields that one manager owns, by its last operation of one type.',
  {
    manager: string(1).doc('Name of the program or user that set the fields.'),
    operation: string(2).doc('Apply or Update.'),
    apiVersion: string(3).doc('The version of the object in which the field paths are written.'),
    time: time(4).optional().doc('When the manager last changed its set of fields.'),
    fieldsType: string(6).doc('The format of fieldsV1; only FieldsV1 exists.'),
    fieldsV1: any(7)
      .of(FIELDS_V1)
      .optional()
      .doc('The set of field paths as a tree: f: for fields, k: for list keys, v: for set values.'),
    subresource: string(8).doc(
      'The subresource through which the fields were set, empty for the object itself.',
    ),
  },
)
export type ManagedFieldsEntry = ValueOfShape<typeof managedFieldsEntry>

export const objectMeta = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  'What every stored object says about itself.',
  {
    name: string(1).doc(
      'Unique among the objects of its resource in its namespace; never changes.',
    ),
    generateName: string(2).doc(
      'A prefix from which the server makes a unique name when name is empty.',
    ),
    namespace: string(3).doc(
      'The namespace that holds the object; empty for cluster-scoped kinds.',
    ),
    selfLink: string(4).doc('Not set by servers any more.').deprecated(),
    uid: string(5).doc('Tells this object from any other of the same name, before or after it.'),
    resourceVersion: string(6).doc(
      'The revision of the last change, to detect concurrent writes and to watch from.',
    ),
    generation: int64(7).doc('Counts the changes of the desired state.'),
    creationTimestamp: time(8)
      .omitZero()
      .doc('CreationTimestamp is a timestamp: when the server first stored the object.'),
    deletionTimestamp: time(9)
      .optional()
      .doc('When the object is to be gone; set by the server on a graceful delete.'),
    deletionGracePeriodSeconds: int64(10)
      .optional()
      .doc('Seconds that the object was given to end.'),
    labels: map(11, string()).doc('Keys and values for selecting objects.'),
    annotations: map(12, string()).doc('Keys and values for tools; not selectable.'),
    ownerReferences: list(13, struct(undefined, ownerReference))
      .mergeKey('uid')
      .listMap('uid')
      .doc('The objects that own this one; with the last of them it is collected.'),
    finalizers: list(14, string())
      .mergeKey()
      .listSet()
      .doc('Names of who must act before the object can go; it stays until the list is empty.'),
    managedFields: list(17, managedFieldsEntry)
      .atomic()
      .doc('Who owns which fields; kept by server-side apply.'),
  },
)
export type ObjectMeta = ValueOfShape<typeof objectMeta>

export const listMeta = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta',
  'What a list says about itself.',
  {
    selfLink: string(1).doc('Not set by servers any more.').deprecated(),
    resourceVersion: string(2).doc('The revision that the list shows.'),
    continue: string(3).doc('Pass it as the continue parameter to get the next page.'),
    remainingItemCount: int64(4)
      .optional()
      .doc('How many items follow this page, where the server knows.'),
  },
)

export const typeMeta = {
  apiVersion: string(2).doc('Group and version in which the object is written, such as apps/v1.'),
  kind: string(1).doc('Name of the type in CamelCase.'),
}

/** What all stored objects have in common. */
export interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

export const labelSelectorRequirement = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  'One condition on a label.',
  {
    key: string(1).required().doc('The label that is looked at.'),
    operator: string(2).required().doc('In, NotIn, Exists or DoesNotExist.'),
    values: list(3, string()).atomic().doc('The values for In and NotIn; empty for the others.'),
  },
)
export const labelSelector = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  'Selects objects by their labels; all parts must hold. Empty selects everything, absent selects nothing.',
  {
    matchLabels: map(1, string()).doc('Labels that must have exactly these values.'),
    matchExpressions: list(2, labelSelectorRequirement)
      .atomic()
      .doc('Further conditions on labels.'),
  },
  { atomic: true },
)
// Upstream marks label selectors atomic for apply at the type.
export type LabelSelector = ValueOfShape<typeof labelSelector>

export const condition = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Condition',
  'One aspect of the state of an object.',
  {
    type: string(1).required().doc('Names the aspect.'),
    status: string(2).required().doc('True, False or Unknown.'),
    observedGeneration: int64(3).doc('The generation that the status was computed from.'),
    lastTransitionTime: time(4).required().doc('When status last changed.'),
    reason: string(5).required().doc('Why, as one CamelCase word for programs.'),
    message: string(6).required().doc('Why, as a sentence for people.'),
  },
)
export type Condition = ValueOfShape<typeof condition>

/** The object's controller, i.e. its owner reference with `controller: true`. */
export function controllerOf(object: { metadata: ObjectMeta }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(owner => owner.controller === true)
}

/** `namespace/name`, or the bare name of a cluster-scoped object: the key used by caches and queues. */
export function keyOf(object: { metadata: ObjectMeta }): string {
  const { namespace, name = '' } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}
