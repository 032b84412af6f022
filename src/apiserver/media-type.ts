/** Which representation a client wants and which one it sent, by Accept and Content-Type. */
import { StatusError } from '#api/machinery/status.ts'

export type Encoding = 'json' | 'yaml' | 'protobuf'
/** Another shape of the same object, asked for with `as=`. */
export type As = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export interface Representing {
  readonly encoding: Encoding
  readonly as?: As
  readonly pretty: boolean
}

export const JSON_TYPE = 'application/json'
export const YAML_TYPE = 'application/yaml'
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
const ACCEPTED = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]

/** Headers longer than this are no list that a client has reason to send. */
const MAXIMUM_ACCEPT_LENGTH = 4096

const PLAIN: Representing = Object.freeze({ encoding: 'json', pretty: false })

/** The first type of the Accept header that we can serve; throws NotAcceptable where there is none. */
export function negotiate(
  accept: string | undefined,
  { pretty = false, isCustom = false } = {},
): Representing {
  if (!accept || accept === JSON_TYPE || accept === '*/*')
    return pretty ? { encoding: 'json', pretty } : PLAIN
  if (accept.length <= MAXIMUM_ACCEPT_LENGTH)
    for (const clause of clausesOf(accept)) {
      const found = representing(clause, pretty)
      // Custom resources have no messages, but their metadata has.
      const isUnknown = isCustom && found?.encoding === 'protobuf' && found.as === undefined
      if (found && !isUnknown) return found
    }
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: ${ACCEPTED.join(', ')}`,
    {},
  )
}

interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

function clausesOf(accept: string): Clause[] {
  return accept
    .split(',')
    .map((text, order) => {
      const [type = '', ...pairs] = text.split(';').map(part => part.trim())
      const parameters = new Map(
        pairs.map(pair => {
          const at = pair.indexOf('=')
          return [pair.slice(0, at).toLowerCase(), pair.slice(at + 1)] as const
        }),
      )
      const quality = Number(parameters.get('q') ?? 1)
      return { type: type.toLowerCase(), parameters, quality, order }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality || a.order - b.order)
}

function representing({ type, parameters }: Clause, pretty: boolean): Representing | undefined {
  const encoding = encodingOf(type)
  if (!encoding) return undefined
  const as = parameters.get('as')
  if (as === undefined) return { encoding, pretty }
  if (parameters.get('g') !== 'meta.k8s.io') return undefined
  const version = parameters.get('v')
  if (version !== 'v1' && version !== 'v1beta1') return undefined
  if (as !== 'Table' && as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList')
    return undefined
  // Tables have no message; clients name JSON as what they take instead.
  if (encoding === 'protobuf' && as === 'Table') return undefined
  return { encoding, as, pretty }
}

function encodingOf(type: string): Encoding | undefined {
  if (type === JSON_TYPE || type === '*/*' || type === 'application/*') return 'json'
  if (type === PROTOBUF_TYPE) return 'protobuf'
  return type === YAML_TYPE ? 'yaml' : undefined
}

/** What the body is written in; JSON where the client does not say. */
export function encodingOfBody(contentType: string | undefined): Encoding {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (!contentType || type === JSON_TYPE) return 'json'
  if (type === YAML_TYPE || type === 'application/x-yaml' || type === 'text/yaml') return 'yaml'
  if (type === PROTOBUF_TYPE) return 'protobuf'
  throw unsupportedMediaType(ACCEPTED)
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    {},
  )
}
