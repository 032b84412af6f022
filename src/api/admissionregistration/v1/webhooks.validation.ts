import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { needed, sameValue, wrong } from '../../core/v1/validation.ts'
import { duplicate, type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../machinery/names.ts'
import { validateWebhookClient } from '../../machinery/webhook-client.ts'
import { supported, validateMatchConditions, validateRule } from './validation.ts'
import type { MutatingWebhook, ValidatingWebhook } from './webhooks.schema.ts'

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>

interface Configuration {
  readonly webhooks?: readonly Webhook[]
}

/** What this server speaks. */
const REVIEW_VERSIONS = ['v1', 'v1beta1']
const SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown']
const HARMLESS = ['None', 'NoneOnDryRun']
const MAXIMUM_TIMEOUT_SECONDS = 30

/** What was once accepted stays acceptable, so that an old configuration can still be changed in other parts. */
interface Leniency {
  readonly anySideEffects: boolean
  readonly anyReviewVersion: boolean
  readonly sameNames: boolean
  readonly anySelectors: boolean
  readonly sameConditions: boolean
}
const STRICT: Leniency = {
  anySideEffects: false,
  anyReviewVersion: false,
  sameNames: false,
  anySelectors: false,
  sameConditions: false,
}

export function validateNewWebhooks({ webhooks = [] }: Configuration): readonly FieldError[] {
  return validateWebhooks(webhooks, STRICT)
}

export function validateChangedWebhooks(
  { webhooks = [] }: Configuration,
  { webhooks: before = [] }: Configuration,
): readonly FieldError[] {
  const names = before.map(({ name }) => name)
  return validateWebhooks(webhooks, {
    anySideEffects: before.some(
      ({ sideEffects }) => sideEffects === undefined || !HARMLESS.includes(sideEffects),
    ),
    anyReviewVersion: before.some(
      ({ admissionReviewVersions: versions }) => versions.length > 0 && !hasKnownVersion(versions),
    ),
    sameNames: new Set(names).size < names.length,
    anySelectors: before.some(webhook => validateSelectors('', webhook).length > 0),
    sameConditions:
      webhooks.length === before.length &&
      webhooks.every(({ matchConditions }, index) =>
        sameValue(matchConditions, before[index]?.matchConditions),
      ),
  })
}

function validateWebhooks(webhooks: readonly Webhook[], lenient: Leniency): FieldError[] {
  return webhooks.flatMap((webhook, index) => {
    const { name, admissionReviewVersions: versions } = webhook
    const path = `webhooks[${index}]`
    const isAgain = name !== '' && webhooks.findIndex(each => each.name === name) < index
    return [
      ...validateWebhook(path, webhook, lenient),
      ...validateVersions(`${path}.admissionReviewVersions`, versions, lenient),
      ...(isAgain && !lenient.sameNames ? [duplicate(`${path}.name`, name)] : []),
    ]
  })
}

function validateWebhook(path: string, webhook: Webhook, lenient: Leniency): FieldError[] {
  const { name, rules = [], failurePolicy, matchPolicy, sideEffects, timeoutSeconds } = webhook
  const errors: FieldError[] = [
    ...validateFullName(`${path}.name`, name),
    ...rules.flatMap((rule, index) => validateRule(`${path}.rules[${index}]`, rule)),
    ...supported(`${path}.failurePolicy`, failurePolicy, ['Fail', 'Ignore']),
    ...supported(`${path}.matchPolicy`, matchPolicy, ['Equivalent', 'Exact']),
    ...validateSideEffects(`${path}.sideEffects`, sideEffects, lenient),
  ]
  if (
    timeoutSeconds !== undefined &&
    (timeoutSeconds < 1 || timeoutSeconds > MAXIMUM_TIMEOUT_SECONDS)
  )
    errors.push(
      invalid(
        `${path}.timeoutSeconds`,
        timeoutSeconds,
        `the timeout value must be between 1 and ${MAXIMUM_TIMEOUT_SECONDS} seconds`,
      ),
    )
  if (!lenient.anySelectors) errors.push(...validateSelectors(path, webhook))
  const { reinvocationPolicy, clientConfig, matchConditions } = webhook
  errors.push(
    ...supported(`${path}.reinvocationPolicy`, reinvocationPolicy, ['IfNeeded', 'Never']),
    ...validateWebhookClient(`${path}.clientConfig`, clientConfig),
  )
  if (!lenient.sameConditions)
    errors.push(...validateMatchConditions(`${path}.matchConditions`, matchConditions))
  return errors
}

function validateFullName(field: string, name: string): readonly FieldError[] {
  return needed(field, name, () => {
    const problems = isDns1123Subdomain(name)
    if (problems.length > 0) return [problems.join(',')]
    return name.split('.').length < 3
      ? ['should be a domain with at least three segments separated by dots']
      : []
  })
}

function validateSideEffects(
  field: string,
  value: string | undefined,
  { anySideEffects }: Leniency,
): readonly FieldError[] {
  const allowed = anySideEffects ? SIDE_EFFECTS : HARMLESS
  if (value === undefined) return [required(field, `must specify one of ${allowed.join(', ')}`)]
  return supported(field, value, allowed)
}

function validateSelectors(path: string, webhook: Webhook): FieldError[] {
  return [
    ...validateLabelSelector(`${path}.namespaceSelector`, webhook.namespaceSelector),
    ...validateLabelSelector(`${path}.objectSelector`, webhook.objectSelector),
  ]
}

const hasKnownVersion = (versions: readonly string[]) =>
  versions.some(version => REVIEW_VERSIONS.includes(version))

function validateVersions(
  field: string,
  versions: readonly string[],
  { anyReviewVersion }: Leniency,
): readonly FieldError[] {
  const known = REVIEW_VERSIONS.join(', ')
  if (versions.length === 0) return [required(field, `must specify one of ${known}`)]
  const errors = versions.flatMap((version, index) =>
    versions.indexOf(version) < index
      ? [invalid(`${field}[${index}]`, version, 'duplicate version')]
      : wrong(`${field}[${index}]`, version, isDns1035Label(version)),
  )
  if (!anyReviewVersion && !hasKnownVersion(versions))
    errors.push(invalid(field, versions, `must include at least one of ${known}`))
  return errors
}
