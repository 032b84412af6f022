/** The rules that need no cryptography; keys and certificates are looked at by the server. */
import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { immutable, sameValue, wrong } from '../../core/v1/validation.ts'
import {
  type FieldError,
  invalid,
  invalidAsWhole,
  notSupported,
  required,
  tooLong,
} from '../../machinery/field-error.ts'
import type { Condition } from '../../machinery/metadata.ts'
import { isDns1123Subdomain, isQualifiedName, utf8Length } from '../../machinery/names.ts'
import { isKubernetesSigner, validateSignerName } from '../v1/signer-name.ts'
import type { PodCertificateRequest } from './pod-certificate-request.ts'

const MAXIMUM_UID_BYTES = 128
const MAXIMUM_ANNOTATION_BYTES = 256 * 1024
const SHORTEST_SECONDS = 3600
const DAY_SECONDS = 86_400
const LONGEST_SECONDS = 91 * DAY_SECONDS
export const FINAL = ['Issued', 'Denied', 'Failed']

export function validatePodCertificateRequest({
  spec,
}: PodCertificateRequest): readonly FieldError[] {
  const errors = [
    ...validateSignerName('spec.signerName', spec.signerName),
    ...validateUserAnnotations(
      'spec.unverifiedUserAnnotations',
      spec.unverifiedUserAnnotations ?? {},
    ),
  ]
  for (const owner of ['pod', 'serviceAccount', 'node'] as const) {
    const [name, uid] = [spec[`${owner}Name`], spec[`${owner}UID`]]
    errors.push(...wrong(`spec.${owner}Name`, name, isDns1123Subdomain(name)))
    if (uid === '') errors.push(invalid(`spec.${owner}UID`, uid, 'must not be empty'))
    if (utf8Length(uid) > MAXIMUM_UID_BYTES)
      errors.push(tooLong(`spec.${owner}UID`, MAXIMUM_UID_BYTES))
  }
  const { maxExpirationSeconds: seconds, signerName } = spec
  const at = 'spec.maxExpirationSeconds'
  if (seconds === undefined) return [...errors, required(at, 'must be set')]
  const longest = isKubernetesSigner(signerName) ? DAY_SECONDS : LONGEST_SECONDS
  if (seconds < SHORTEST_SECONDS || seconds > longest)
    errors.push(invalid(at, seconds, `must be in the range [${SHORTEST_SECONDS}, ${longest}]`))
  return errors
}

export function validatePodCertificateUpdate(
  next: PodCertificateRequest,
  previous: PodCertificateRequest,
): readonly FieldError[] {
  return immutable('spec', next.spec, previous.spec)
}

/** A signer answers once: it issues, denies or fails. What it issues is looked at by the server. */
export function validatePodCertificateStatus(
  { status: next }: PodCertificateRequest,
  { status: previous }: PodCertificateRequest,
): readonly FieldError[] {
  const { conditions = [] } = next
  const errors = validateAnswer(conditions)
  if (errors.length > 0) return errors
  const same = sameValue(next, previous)
  if (isAnswered(previous.conditions))
    return same ? [] : because('immutable after PodCertificateRequest is issued, denied, or failed')
  if (conditions.some(({ type }) => type !== 'Issued'))
    return sameValue(next, { conditions })
      ? []
      : because(
          'non-condition status fields must be empty when denying or failing the PodCertificateRequest',
        )
  if (conditions.length > 0 || same) return []
  return because('status is immutable unless transitioning to "Issued", "Denied", or "Failed"')
}

/** The signer issues now, and there is nothing wrong with that but perhaps what it issues. */
export function isBeingIssued(
  { status: next }: PodCertificateRequest,
  { status: previous }: PodCertificateRequest,
): boolean {
  const { conditions = [] } = next
  if (validateAnswer(conditions).length > 0 || isAnswered(previous.conditions)) return false
  return conditions.some(({ type }) => type === 'Issued')
}

const because = (why: string) => [invalidAsWhole('status', why)]
const isAnswered = (conditions: readonly Condition[] = []) =>
  conditions.some(({ type, status }) => FINAL.includes(type) && status === 'True')

function validateAnswer(conditions: readonly Condition[]): readonly FieldError[] {
  let answers = 0
  const errors = conditions.flatMap(({ type, status }, index) => {
    const path = `status.conditions[${index}]`
    if (!FINAL.includes(type)) return [notSupported(`${path}.type`, type, FINAL)]
    answers++
    const again = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
    return [
      ...(answers > 1 ? [invalid(`${path}.type`, type, again)] : []),
      ...(status === 'True' ? [] : [notSupported(`${path}.status`, status, ['True'])]),
    ]
  })
  return [...errors, ...validateConditions('status.conditions', conditions)]
}

/** Like annotations, but every key carries the domain of who understands it. */
function validateUserAnnotations(
  field: string,
  annotations: Readonly<Record<string, string>>,
): readonly FieldError[] {
  let bytes = 0
  const errors = Object.entries(annotations).flatMap(([written, value]) => {
    bytes += utf8Length(written) + utf8Length(value)
    const key = written.toLowerCase()
    if (key === '') return [required(field)]
    const problems = isQualifiedName(key)
    if (problems.length > 0) return wrong(field, key, problems)
    return key.includes('/')
      ? []
      : [invalid(field, key, 'must be a domain-prefixed key (such as "acme.io/foo")')]
  })
  return bytes > MAXIMUM_ANNOTATION_BYTES
    ? [...errors, tooLong(field, MAXIMUM_ANNOTATION_BYTES)]
    : errors
}
