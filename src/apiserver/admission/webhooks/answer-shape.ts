/** What an answer to an AdmissionReview must look like to be read, in v1 and v1beta1 alike. */
import { decodeShape } from '#api/machinery/decode.ts'
import { goQuote } from '#api/machinery/go-quote.ts'
import { statusShape } from '#api/machinery/meta-kinds.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import {
  boolean,
  bytes,
  list,
  map,
  type ObjectShape,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '#api/machinery/schema.ts'
import { checkTypeTexts } from '../../resources/body.ts'

export const GROUP = 'admission.k8s.io'
export const KIND = 'AdmissionReview'
export const VERSIONS: readonly string[] = ['v1', 'v1beta1']

const shapesOf = (version: string) => {
  const prefix = `io.k8s.api.admission.${version}`
  const response = shape(`${prefix}.AdmissionResponse`, 'What a webhook says of a request.', {
    uid: string(1).required().doc('Of the request.'),
    allowed: boolean(2).required().doc('Whether the request may pass.'),
    status: struct(3, statusShape).optional().doc('Why it may not.'),
    patch: bytes(4).doc('Operations of a JSON patch.'),
    patchType: string(5).optional().doc('JSONPatch.'),
    auditAnnotations: map(6, string()).doc('For the audit event of the request.'),
    warnings: list(7, string()).atomic().doc('For the client.'),
  })
  return shape(`${prefix}.AdmissionReview`, 'A question about a request, or its answer.', {
    apiVersion: string().doc('Group and version.'),
    kind: string().doc('AdmissionReview.'),
    response: struct(2, response).optional().doc('The answer.'),
  })
}
type ReviewShape = ReturnType<typeof shapesOf>
export type AdmissionReview = ValueOfShape<ReviewShape>
export type AdmissionResponse = NonNullable<AdmissionReview['response']>
export type Result = Partial<NonNullable<AdmissionResponse['status']>>

const shapes = new Map<string, ReviewShape>(VERSIONS.map(version => [version, shapesOf(version)]))

/** The review in an answer. Throws an Error, in upstream's words, that says why there is none. */
export function reviewIn(value: unknown, version: string): AdmissionReview {
  checkTypeTexts({ value })
  const review = isPlainObject(value) ? value : {}
  const { apiVersion, kind } = review
  const wanted = `${GROUP}/${version}`
  const [itsVersion, itsKind] = [String(apiVersion || wanted), String(kind || KIND)]
  if (itsVersion !== wanted || itsKind !== KIND)
    throw new Error(unread(itsVersion, itsKind, version))
  const { value: decoded } = decodeShape(shapes.get(version) as ObjectShape, review)
  return decoded as AdmissionReview
}

/** Statuses are known in any case. */
function unread(apiVersion: string, kind: string, version: string): string {
  const its = apiVersion.slice(apiVersion.lastIndexOf('/') + 1)
  const isKnown =
    (kind === KIND && VERSIONS.some(each => apiVersion === `${GROUP}/${each}`)) ||
    (kind === 'Status' && apiVersion === 'v1')
  return isKnown
    ? `converting (${its}.${kind}) to (${version}.${KIND}): unknown conversion`
    : `no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`
}
