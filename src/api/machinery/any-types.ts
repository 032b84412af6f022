/** Types of values whose form no schema tells: clients know them by name. */

/** A named type of OpenAPI in which anything stands. */
export interface AnyType {
  readonly name: string
  readonly doc: string
  /** Where it can be nothing but this. */
  readonly type?: 'object'
}

export const FIELDS_V1: AnyType = {
  name: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  doc: 'A set of field paths as a tree: f: for fields, k: for list keys, v: for set values, i: for places in a list, a point for the field itself.',
  type: 'object',
}

export const RAW_EXTENSION: AnyType = {
  name: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  doc: 'An object of any kind, as whoever wrote it knows.',
  type: 'object',
}

export const JSON_VALUE: AnyType = {
  name: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
  doc: 'Any JSON value.',
}
