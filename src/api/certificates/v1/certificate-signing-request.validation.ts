/** The rules that need no cryptography; what is inside of requests and certificates is looked at by the server. */
import { sameValue } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import {
  type CertificateSigningRequest,
  type CertificateSigningRequestCondition,
  KEY_USAGES,
} from './certificate-signing-request.schema.ts'
import { validateSignerName } from './signer-name.ts'

const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown'
const SHORTEST_SECONDS = 600
/** Decided once and for good; only approvers write the first two. */
const DECISIONS = ['Approved', 'Denied', 'Failed']
const APPROVALS = DECISIONS.slice(0, 2)
const STATUSES = ['False', 'True', 'Unknown']
const CONDITIONS = 'status.conditions'
const CERTIFICATE = 'status.certificate'

export function validateSigningRequest({ spec }: CertificateSigningRequest): FieldError[] {
  const { usages = [], signerName, expirationSeconds: seconds } = spec
  const errors: FieldError[] = usages.length === 0 ? [required('spec.usages')] : []
  const known: readonly string[] = KEY_USAGES
  for (const [index, usage] of usages.entries())
    if (!known.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, known))
  for (const [index, usage] of usages.entries())
    if (usages.indexOf(usage) !== index) errors.push(duplicate(`spec.usages[${index}]`, usage))
  if (signerName === LEGACY_SIGNER)
    errors.push(
      invalid(
        'spec.signerName',
        signerName,
        'the legacy signerName is not allowed via this API version',
      ),
    )
  else errors.push(...validateSignerName('spec.signerName', signerName))
  if (seconds !== undefined && seconds < SHORTEST_SECONDS)
    errors.push(
      invalid(
        'spec.expirationSeconds',
        seconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    )
  return errors
}

/** A signer answers once, and neither approves nor denies. */
export function validateSigningStatus(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  const errors = [...validateConditions(next, previous), ...lostDecisions(next, previous)]
  for (const type of APPROVALS)
    if (count(next, type) > count(previous, type))
      errors.push(forbidden(CONDITIONS, `updates may not add a condition of type "${type}"`))
  const { certificate: before } = previous.status
  if (before && !sameValue(next.status.certificate, before))
    errors.push(forbidden(CERTIFICATE, 'updates may not modify existing certificate content'))
  return errors
}

/** An approver decides, and does not sign. */
export function validateApproval(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  const errors = [...validateConditions(next, previous), ...lostDecisions(next, previous)]
  if (!sameValue(next.status.certificate, previous.status.certificate))
    errors.push(forbidden(CERTIFICATE, 'updates may not set certificate content'))
  return errors
}

const conditionsOf = ({ status }: CertificateSigningRequest) => status.conditions ?? []
const count = (request: CertificateSigningRequest, type: string) =>
  conditionsOf(request).filter(condition => condition.type === type).length

function lostDecisions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  return DECISIONS.filter(type => count(next, type) < count(previous, type)).map(type =>
    forbidden(CONDITIONS, `updates may not remove a condition of type "${type}"`),
  )
}

/** What is wrong already, and could be stored once, does not stop further writes. */
function validateConditions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  const mayBeBoth = APPROVALS.every(type => count(previous, type) > 0)
  const types = conditionsOf(previous).map(({ type }) => type)
  const mayRepeat = new Set(types).size < types.length
  const seen: string[] = []
  return conditionsOf(next).flatMap((condition, index) => {
    const { type } = condition
    const at = `${CONDITIONS}[${index}]`
    const errors: FieldError[] = type === '' && !types.includes('') ? [required(`${at}.type`)] : []
    errors.push(...validateConditionStatus(at, condition))
    const other = APPROVALS.find(each => each !== type) ?? ''
    if (!mayBeBoth && APPROVALS.includes(type) && seen.includes(other))
      errors.push(
        invalid(CONDITIONS, type, 'Approved and Denied conditions are mutually exclusive'),
      )
    if (!mayRepeat && seen.includes(type)) errors.push(duplicate(`${at}.type`, type))
    seen.push(type)
    return errors
  })
}

function validateConditionStatus(
  at: string,
  { type, status }: CertificateSigningRequestCondition,
): FieldError[] {
  if (status === '') return [required(`${at}.status`)]
  const allowed = DECISIONS.includes(type) ? ['True'] : STATUSES
  return allowed.includes(status) ? [] : [notSupported(`${at}.status`, status, allowed)]
}
