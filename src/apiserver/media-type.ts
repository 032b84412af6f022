/** Which representation a client wants and which one it sent, by Accept and Content-Type. */
import { StatusError } from '#api/machinery/status.ts'
import { type Clause, clausesOf } from '#client/serving/accept.ts'

export type Encoding = 'json' | 'yaml' | 'protobuf' | 'cbor'
/** Another shape of the same object, asked for with `as=`. */
export type As = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export interface Representing {
  readonly encoding: Encoding
  readonly as?: As
  /** Of the other shape. */
  readonly version?: MetaVersion
  readonly pretty: boolean
}
export type MetaVersion = 'v1' | 'v1beta1'

export const JSON_TYPE = 'application/json'
export const YAML_TYPE = 'application/yaml'
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
export const CBOR_TYPE = 'application/cbor'
/** Items one after the other, each of which ends by itself (RFC 8742). */
export const CBOR_SEQUENCE_TYPE = 'application/cbor-seq'

/** In the order of preference where a client takes anything. */
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  [JSON_TYPE]: 'json',
  [YAML_TYPE]: 'yaml',
  [PROTOBUF_TYPE]: 'protobuf',
  [CBOR_TYPE]: 'cbor',
}
const ACCEPTED = Object.keys(ENCODINGS)
/** YAML texts do not say where they end. */
const ACCEPTED_STREAMS = [
  `${JSON_TYPE};stream=watch`,
  `${PROTOBUF_TYPE};stream=watch`,
  CBOR_SEQUENCE_TYPE,
]

/** Headers longer than this are no list that a client has reason to send. */
const MAXIMUM_ACCEPT_LENGTH = 4096

export interface Negotiation {
  /** Whether the query or the client as such prefers a text for people. */
  readonly pretty?: boolean
  /** A watch, which not every encoding can carry. */
  readonly isStream?: boolean
  /** Custom resources have no protobuf messages, but their metadata has. */
  readonly isCustom?: boolean
  /** There is nothing that a table could show, so none is made. */
  readonly hasNoTable?: boolean
  /** What is told has no other shape. */
  readonly hasOneShape?: boolean
}

const PLAIN: Representing = Object.freeze({ encoding: 'json', pretty: false })

/** Clients repeat few headers over and over; what comes beyond this number is worked out anew. */
const MAXIMUM_KNOWN = 32
/** By the rest of what was asked, and then by the header: clients say it with the very same text again. */
const known = Array.from({ length: 32 }, () => new Map<string, Representing>())

/** The first type of the Accept header that we can serve; throws NotAcceptable where there is none. */
export function negotiate(accept: string | undefined, asked: Negotiation = {}): Representing {
  const { pretty = false, isStream = false, isCustom = false } = asked
  if (!accept || accept === JSON_TYPE || accept === '*/*')
    return pretty ? { encoding: 'json', pretty } : PLAIN
  const shapes = (asked.hasOneShape ? 16 : 0) + (asked.hasNoTable ? 8 : 0)
  const those = known[shapes + (pretty ? 4 : 0) + (isStream ? 2 : 0) + (isCustom ? 1 : 0)]
  const before = those?.get(accept)
  if (before) return before
  const found = accept.length > MAXIMUM_ACCEPT_LENGTH ? undefined : firstServed(accept, asked)
  if (!found && !isCustom && !clausesOf(accept.slice(0, MAXIMUM_ACCEPT_LENGTH)).some(isProduced))
    throw new StatusError(
      'NotAcceptable',
      `406: Not Acceptable\n\nAvailable representations: ${[...ACCEPTED, ...ACCEPTED_STREAMS].join(', ')}`,
      {},
    )
  if (!found || (isStream && found.encoding === 'yaml'))
    throw notAcceptable(
      `only the following media types are accepted: ${(isStream ? ACCEPTED_STREAMS : ACCEPTED).join(', ')}`,
    )
  if (those && those.size < MAXIMUM_KNOWN) those.set(accept, found)
  return found
}

/** True for what the routes of built-in kinds write at all, whatever its parameters. */
const isProduced = ({ type }: Clause): boolean =>
  type === '*/*' || type === 'application/*' || type in ENCODINGS || type === CBOR_SEQUENCE_TYPE

export const notAcceptable = (message: string) => new StatusError('NotAcceptable', message)

function firstServed(
  accept: string,
  { pretty = false, isCustom = false, hasNoTable = false, hasOneShape = false }: Negotiation,
): Representing | undefined {
  for (const { type, parameters } of clausesOf(accept))
    for (const served of ACCEPTED) {
      if (type !== served && type !== 'application/*' && type !== '*/*') continue
      const found = representing(ENCODINGS[served] as Encoding, parameters, pretty)
      const isUnknown = isCustom && found?.encoding === 'protobuf' && found.as === undefined
      const isShapeless = (hasNoTable && found?.as === 'Table') || (hasOneShape && found?.as)
      if (found && !isUnknown && !isShapeless) return found
    }
  return undefined
}

/** Undefined where the encoding cannot carry what the parameters ask for. */
function representing(
  encoding: Encoding,
  parameters: ReadonlyMap<string, string>,
  prettyAsked: boolean,
): Representing | undefined {
  const stream = parameters.get('stream')
  if (stream && (stream !== 'watch' || encoding === 'yaml')) return undefined
  const serverVersion = parameters.get('sv')
  if (serverVersion && serverVersion !== 'v1') return undefined
  const pretty = prettyAsked || parameters.get('pretty') === '1'
  const as = parameters.get('as')
  const group = parameters.get('g')
  const version = parameters.get('v')
  if (as === undefined && group === undefined && version === undefined) return { encoding, pretty }
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  if (as !== 'Table' && as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList')
    return undefined
  // Clients name JSON as what they take instead.
  if (as === 'Table' && encoding !== 'json' && encoding !== 'yaml') return undefined
  return { encoding, as, version, pretty }
}

/** What the body is written in; JSON where the client does not say. */
export function encodingOfBody(contentType: string | undefined): Encoding {
  if (!contentType) return 'json'
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const encoding = Object.hasOwn(ENCODINGS, type) ? ENCODINGS[type] : undefined
  if (encoding === undefined) throw unsupportedMediaType(ACCEPTED)
  return encoding
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
}
