/** What a definition says about conversion between its versions. */
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { isDns1035Label } from '../../machinery/names.ts'
import { validateWebhookClient } from '../../machinery/webhook-client.ts'
import type { CustomResourceDefinition } from './custom-resource-definition.schema.ts'

type Spec = CustomResourceDefinition['spec']
type Conversion = NonNullable<Spec['conversion']>
type Webhook = NonNullable<Conversion['webhook']>
type Client = NonNullable<Webhook['clientConfig']>

const PATH = 'spec.conversion'
const CLIENT = `${PATH}.webhookClientConfig`
const REVIEW = `${PATH}.conversionReviewVersions`
/** Where a webhook listens when nobody said otherwise. */
const HTTPS_PORT = 443
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
  const { service, caBundle } = client
  const errors = [
    ...validateWebhookClient(
      CLIENT,
      service ? { ...client, service: { port: HTTPS_PORT, ...service } } : client,
    ),
  ]
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
