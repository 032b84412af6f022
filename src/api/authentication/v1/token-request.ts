import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  int64,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const boundObjectReference = shape(
  'io.k8s.api.authentication.v1.BoundObjectReference',
  'authentication.BoundObjectReference',
  {
    kind: string(1).doc('authentication.BoundObjectReference.kind'),
    apiVersion: string(2).doc('authentication.BoundObjectReference.apiVersion'),
    name: string(3).doc('authentication.BoundObjectReference.name'),
    uid: string(4).doc('authentication.BoundObjectReference.uid'),
  },
)
export type BoundObjectReference = ValueOfShape<typeof boundObjectReference>

export const tokenRequestSpec = shape(
  'io.k8s.api.authentication.v1.TokenRequestSpec',
  'authentication.TokenRequestSpec',
  {
    audiences: list(1, string()).always().atomic().doc('authentication.TokenRequestSpec.audiences'),
    expirationSeconds: int64(4).optional().doc('authentication.TokenRequestSpec.expirationSeconds'),
    boundObjectRef: struct(3, boundObjectReference)
      .optional()
      .doc('authentication.TokenRequestSpec.boundObjectRef'),
  },
)
export type TokenRequestSpec = ValueOfShape<typeof tokenRequestSpec>

export const tokenRequestStatus = shape(
  'io.k8s.api.authentication.v1.TokenRequestStatus',
  'authentication.TokenRequestStatus',
  {
    token: string(1).always().doc('authentication.TokenRequestStatus.token'),
    expirationTimestamp: time(2)
      .always()
      .doc('authentication.TokenRequestStatus.expirationTimestamp'),
  },
)
export type TokenRequestStatus = ValueOfShape<typeof tokenRequestStatus>

export const tokenRequestShape = objectShape(
  'io.k8s.api.authentication.v1.TokenRequest',
  'authentication.TokenRequest',
  {
    spec: struct(2, tokenRequestSpec).always().doc('authentication.TokenRequest.spec'),
    status: struct(3, tokenRequestStatus).always().doc('authentication.TokenRequest.status'),
  },
)
export type TokenRequest = ObjectOfShape<typeof tokenRequestShape>

export const tokenRequest = defineKind<TokenRequest>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  scope: 'Namespaced',
  shape: tokenRequestShape,
  verbs: [],
  ephemeral: true,
})
