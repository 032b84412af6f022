/** What a provider `kms` of an EncryptionConfiguration says, judged as upstream does and in its words. */
import { canonicalDuration, parseDuration } from '#api/machinery/duration.ts'
import { type FieldError, invalid, required } from '#api/machinery/field-error.ts'

export interface RawKms {
  readonly apiVersion?: string
  readonly name?: string
  readonly cachesize?: number
  readonly endpoint?: string
  readonly timeout?: string
}

/** Version 2 of the API of plugins, the only one that is served. */
export interface KmsConfiguration {
  readonly kind: 'kms'
  readonly name: string
  /** Of the plugin's unix socket; one that begins with @ is in Linux' abstract name space. */
  readonly path: string
  /** For one call. */
  readonly timeoutMs: number
}

const DEFAULT_VERSION = 'v1'
const DEFAULT_TIMEOUT = '3s'
const SCHEME = /^([a-zA-Z][a-zA-Z0-9+.-]*):/

/** `taken` has the names of the plugins before, and gets this one's. A timeout that is no duration was refused before. */
export function kmsErrors(kms: RawKms, field: string, taken: Set<string>): FieldError[] {
  const { apiVersion = DEFAULT_VERSION, name = '', cachesize, timeout = DEFAULT_TIMEOUT } = kms
  const errors: FieldError[] = []
  if (name === '')
    errors.push(required(`${field}.name`, 'name is a mandatory field for a provider'))
  if (apiVersion !== 'v1' && name.includes(':'))
    errors.push(
      invalid(`${field}.name`, name, `invalid KMS provider name ${name}, must not contain ':'`),
    )
  if (apiVersion !== 'v1' && taken.has(name))
    errors.push(
      invalid(`${field}.name`, name, `duplicate KMS provider name ${name}, names must be unique`),
    )
  taken.add(name)
  if (parseDuration(timeout) <= 0n)
    errors.push(
      invalid(`${field}.timeout`, canonicalDuration(timeout), 'timeout should be a positive value'),
    )
  errors.push(...endpointErrors(kms.endpoint ?? '', `${field}.endpoint`))
  if (apiVersion !== 'v1' && cachesize !== undefined && cachesize !== null)
    errors.push(invalid(`${field}.cachesize`, cachesize, 'cachesize is not supported in v2'))
  if (apiVersion === 'v1' && cachesize === 0)
    errors.push(
      invalid(
        `${field}.cachesize`,
        cachesize,
        'cachesize should be a positive value, or negative to disable',
      ),
    )
  if (apiVersion !== 'v1' && apiVersion !== 'v2')
    errors.push(
      invalid(
        `${field}.apiVersion`,
        apiVersion,
        'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported',
      ),
    )
  return errors
}

function endpointErrors(endpoint: string, field: string): FieldError[] {
  if (endpoint === '') return [invalid(field, '', 'endpoint is a mandatory field for a kms')]
  const [, scheme = ''] = SCHEME.exec(endpoint) ?? []
  return scheme.toLowerCase() === 'unix'
    ? []
    : [
        invalid(
          field,
          endpoint,
          `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`,
        ),
      ]
}

/** Why one without mistakes cannot be used all the same. */
export function unservedVersion({ apiVersion = DEFAULT_VERSION }: RawKms): string | undefined {
  return apiVersion === 'v1'
    ? 'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.'
    : undefined
}

export function kmsConfigurationOf({
  name = '',
  endpoint = '',
  timeout = DEFAULT_TIMEOUT,
}: RawKms): KmsConfiguration {
  // `unix:///run/kms.sock`, or `unix:///@kms`; what stands before the path names no host.
  const path = endpoint.slice(endpoint.indexOf(':') + 1).replace(/^\/\/[^/]*/, '')
  return {
    kind: 'kms',
    name,
    path: path.startsWith('/@') ? path.slice(1) : path,
    timeoutMs: Number(parseDuration(timeout) / 1_000_000n),
  }
}
