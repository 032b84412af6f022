import { validateLabelSelector } from '../../core/v1/validation.selectors.ts'
import { needed, sameValue, wrong } from '../../core/v1/validation.ts'
import { duplicate, type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { isDns1035Label, isDns1123Subdomain, isPortNumber } from '../../machinery/names.ts'
import { supported, validateMatchConditions, validateRule } from './validation.ts'
import type {
  MutatingWebhook,
  ValidatingWebhook,
  WebhookClientConfig,
  WebhookServiceReference,
} from './webhooks.schema.ts'

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
    anySideEffects: before.some(({ sideEffects }) => !HARMLESS.includes(sideEffects)),
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
    ...validateClientConfig(`${path}.clientConfig`, clientConfig),
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
  value: string,
  { anySideEffects }: Leniency,
): readonly FieldError[] {
  const allowed = anySideEffects ? SIDE_EFFECTS : HARMLESS
  if (!value) return [required(field, `must specify one of ${allowed.join(', ')}`)]
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

function validateClientConfig(
  path: string,
  { url, service }: WebhookClientConfig,
): readonly FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [required(path, 'exactly one of url or service is required')]
  return url === undefined
    ? validateService(`${path}.service`, service as WebhookServiceReference)
    : validateUrl(`${path}.url`, url)
}

const FORM = '; desired format: https://host[/path]'

function validateUrl(field: string, text: string): readonly FieldError[] {
  const parts = partsOf(text)
  if (!parts) return [required(field, `url must be a valid URL: parse ${quoted(text)}${FORM}`)]
  const { scheme, host, user, query, fragment } = parts
  const errors = []
  if (scheme !== 'https')
    errors.push(invalid(field, scheme, `'https' is the only allowed URL scheme${FORM}`))
  if (host === '') errors.push(invalid(field, host, `host must be specified${FORM}`))
  if (user !== undefined)
    errors.push(invalid(field, user, 'user information is not permitted in the URL'))
  if (fragment) errors.push(invalid(field, fragment, 'fragments are not permitted in the URL'))
  if (query) errors.push(invalid(field, query, 'query parameters are not permitted in the URL'))
  return errors
}

const quoted = (text: string) => JSON.stringify(text)

/** By RFC 3986, not by the rules of browsers, which mend what is wrong. */
function partsOf(text: string) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: just those may not be in a URL
  if (/[\u0000-\u001f\u007f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined
  const match =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#@]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(
      text,
    )
  if (!match) return undefined
  const [, scheme = '', user, host = '', query = '', fragment = ''] = match
  if (/[\s<>"^`{|}\\]/.test(host)) return undefined
  return { scheme: scheme.toLowerCase(), user, host, query, fragment }
}

function validateService(
  path: string,
  { namespace, name, path: urlPath, port = 0 }: WebhookServiceReference,
): readonly FieldError[] {
  const portProblems = isPortNumber(port)
  return [
    // Upstream says of each that the other is missing, and programs may look for that.
    ...needed(`${path}.name`, namespace),
    ...needed(`${path}.namespace`, name),
    ...(portProblems.length === 0
      ? []
      : [invalid(`${path}.port`, port, `port is not valid: ${portProblems.join(', ')}`)]),
    ...validatePath(`${path}.path`, urlPath),
  ]
}

function validatePath(field: string, path = ''): readonly FieldError[] {
  if (path === '' || path === '/') return []
  if (path === '//') return [invalid(field, path, 'segment[0] may not be empty')]
  const errors = path.startsWith('/') ? [] : [invalid(field, path, "must start with a '/'")]
  const segments = path.slice(1).replace(/\/$/, '').split('/')
  for (const [index, segment] of segments.entries()) {
    if (segment === '') errors.push(invalid(field, path, `segment[${index}] may not be empty`))
    else
      for (const problem of isDns1123Subdomain(segment))
        errors.push(invalid(field, path, `segment[${index}]: ${problem}`))
  }
  return errors
}
