import { type FieldError, invalid } from '../../machinery/field-error.ts'
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
  'The object with which a token ends.',
  {
    kind: string(1).doc('Pod, Secret or Node.'),
    apiVersion: string(2).doc('Group and version of the object.'),
    name: string(3).doc('Name of the object.'),
    uid: string(4).doc('UID of the object.'),
  },
)
export type BoundObjectReference = ValueOfShape<typeof boundObjectReference>

export const tokenRequestSpec = shape(
  'io.k8s.api.authentication.v1.TokenRequestSpec',
  'The token that is wanted.',
  {
    audiences: list(1, string()).always().atomic().doc('For whom it is meant.'),
    expirationSeconds: int64(4)
      .optional()
      .doc('How long it should be valid; an hour if absent, at least ten minutes.'),
    boundObjectRef: struct(3, boundObjectReference)
      .optional()
      .doc('The object with which it ends.'),
  },
)
export type TokenRequestSpec = ValueOfShape<typeof tokenRequestSpec>

export const tokenRequestStatus = shape(
  'io.k8s.api.authentication.v1.TokenRequestStatus',
  'The token.',
  {
    token: string(1).always().doc('The token itself.'),
    expirationTimestamp: time(2).always().doc('When it ends.'),
  },
)
export type TokenRequestStatus = ValueOfShape<typeof tokenRequestStatus>

export const tokenRequestShape = objectShape(
  'io.k8s.api.authentication.v1.TokenRequest',
  'Asks for a token of a service account.',
  {
    spec: struct(2, tokenRequestSpec).always().doc('The token that is wanted.'),
    status: struct(3, tokenRequestStatus).always().doc('The token.'),
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
  defaults: draft => {
    draft.spec.expirationSeconds ??= EXPIRATION_SECONDS
  },
  validate: lastsReasonablyLong,
  verbs: [],
  ephemeral: true,
})

/** An hour, unless the asker says how long. */
const EXPIRATION_SECONDS = 60 * 60
const LEAST_EXPIRATION_SECONDS = 10 * 60
const MOST_EXPIRATION_SECONDS = 2 ** 32

function lastsReasonablyLong({ spec }: TokenRequest): readonly FieldError[] {
  const field = 'spec.expirationSeconds'
  const seconds = spec.expirationSeconds ?? EXPIRATION_SECONDS
  if (seconds < LEAST_EXPIRATION_SECONDS)
    return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')]
  if (seconds > MOST_EXPIRATION_SECONDS)
    return [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')]
  return []
}
