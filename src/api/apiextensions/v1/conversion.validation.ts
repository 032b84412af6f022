/** What a definition says about conversion between its versions. */
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { isDns1035Label, isDns1123Subdomain, isPortNumber } from '../../machinery/names.ts'
import type { CustomResourceDefinition } from './custom-resource-definition.schema.ts'

type Spec = CustomResourceDefinition['spec']
type Conversion = NonNullable<Spec['conversion']>
type Webhook = NonNullable<Conversion['webhook']>
type Client = NonNullable<Webhook['clientConfig']>
type Service = NonNullable<Client['service']>

const PATH = 'spec.conversion'
const CLIENT = `${PATH}.webhookClientConfig`
const REVIEW = `${PATH}.conversionReviewVersions`
const STRATEGIES = ['None', 'Webhook']
const REVIEW_VERSIONS = ['v1', 'v1beta1']

export function wrongConversion({ conversion }: Spec, established?: Spec): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  if (strategy !== 'Webhook')
    return [
      ...(strategy === ''
        ? [required(`${PATH}.strategy`)]
        : STRATEGIES.includes(strategy)
          ? []
          : [notSupported(`${PATH}.strategy`, strategy, STRATEGIES)]),
      ...(webhook?.clientConfig
        ? [forbidden(CLIENT, 'should not be set when strategy is not set to Webhook')]
        : []),
      ...(webhook?.conversionReviewVersions.length
        ? [forbidden(REVIEW, 'should not be set when strategy is not set to Webhook')]
        : []),
    ]
  const before = established?.conversion?.webhook?.clientConfig?.caBundle
  const mayBeBroken = !established || (before !== undefined && wrongBundle(before) !== undefined)
  return [
    ...wrongClient(webhook?.clientConfig, mayBeBroken),
    ...wrongReviewVersions(webhook?.conversionReviewVersions ?? []),
  ]
}

function wrongClient(client: Client | undefined, mayBeBroken: boolean): FieldError[] {
  if (!client) return [required(CLIENT, 'required when strategy is set to Webhook')]
  const { url, service, caBundle } = client
  const errors: FieldError[] = []
  if ((url === undefined) === (service === undefined))
    errors.push(required(CLIENT, 'exactly one of url or service is required'))
  else if (url !== undefined) errors.push(...wrongUrl(url))
  else if (service) errors.push(...wrongService(service))
  const why = caBundle && !mayBeBroken ? wrongBundle(caBundle) : undefined
  if (why) errors.push(invalid(`${CLIENT}.caBundle`, caBundle, why))
  return errors
}

/** Why the base64 of certificates in PEM cannot be used. */
export function wrongBundle(caBundle: string): string | undefined {
  const pem = atob(caBundle)
  const isPem = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/.test(pem)
  return isPem ? undefined : 'unable to load root certificates: unable to parse bytes as PEM block'
}

function wrongUrl(text: string): FieldError[] {
  const field = `${CLIENT}.url`
  const form = '; desired format: https://host[/path]'
  if (!URL.canParse(text)) return [required(field, `url must be a valid URL${form}`)]
  const url = new URL(text)
  const scheme = url.protocol.slice(0, -1)
  const user = url.password ? `${url.username}:${url.password}` : url.username
  const rules: [boolean, string, string][] = [
    [scheme !== 'https', scheme, `'https' is the only allowed URL scheme${form}`],
    [url.host === '', url.host, `host must be specified${form}`],
    [user !== '', user, 'user information is not permitted in the URL'],
    [url.hash !== '', url.hash.slice(1), 'fragments are not permitted in the URL'],
    [url.search !== '', url.search.slice(1), 'query parameters are not permitted in the URL'],
  ]
  return rules.filter(([isWrong]) => isWrong).map(([, value, why]) => invalid(field, value, why))
}

function wrongService({ name, namespace, path, port = 443 }: Service): FieldError[] {
  const field = `${CLIENT}.service`
  return [
    ...(name ? [] : [required(`${field}.name`)]),
    ...(namespace ? [] : [required(`${field}.namespace`)]),
    ...isPortNumber(port).map(why => invalid(`${field}.port`, port, `port is not valid: ${why}`)),
    ...wrongPath(path ?? '/', `${field}.path`),
  ]
}

function wrongPath(path: string, field: string): FieldError[] {
  if (path === '' || path === '/') return []
  if (path === '//') return [invalid(field, path, 'segment[0] may not be empty')]
  const errors = path.startsWith('/') ? [] : [invalid(field, path, "must start with a '/'")]
  const segments = path.slice(1).replace(/\/$/, '').split('/')
  for (const [at, segment] of segments.entries()) {
    const why =
      segment === '' ? [' may not be empty'] : isDns1123Subdomain(segment).map(w => `: ${w}`)
    errors.push(...why.map(text => invalid(field, path, `segment[${at}]${text}`)))
  }
  return errors
}

function wrongReviewVersions(versions: readonly string[]): FieldError[] {
  if (versions.length === 0) return [required(REVIEW)]
  const errors = versions.flatMap((version, at) => {
    if (versions.indexOf(version) < at)
      return [invalid(`${REVIEW}[${at}]`, version, 'duplicate version')]
    return isDns1035Label(version).map(why => invalid(`${REVIEW}[${at}]`, version, why))
  })
  if (!versions.some(version => REVIEW_VERSIONS.includes(version)))
    errors.push(
      invalid(REVIEW, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`),
    )
  return errors
}
