/**
 * Lists in every form. What is made for one answer alone, and not shared, is made in slices like all the rest, and answered in the pieces
 * that come of them: neither a table of a hundred thousand rows nor its text may hold up other requests.
 */
import { asGoJson, stringifyJson } from '#api/machinery/exact-json.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import { partialObjectMetadataKind } from '#api/machinery/meta-kinds.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { encodeProtobuf } from '#api/machinery/protobuf.ts'
import { encodeListProtobuf } from '#api/machinery/protobuf-envelope.ts'
import { type ListMetadata, metaApiVersion, partialMetadataOf } from '#api/machinery/table.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { goTypeOf } from '../go-types.ts'
import { notAcceptable, type Representing } from '../media-type.ts'
import { messageOf } from '../protobuf.ts'
import { CBOR_HEADERS, JSON_HEADERS, PROTOBUF_HEADERS, respondValue, wantedBy } from '../respond.ts'
import { emptyAsNull } from '../storage/empty-lists.ts'
import { inSlices } from '../storage/slices.ts'
import {
  type Form,
  itemOf,
  type Representation,
  type StoredObject,
} from '../storage/stored-object.ts'
import { prepare } from '../storage/view.ts'
import type { ListPage } from '../watch-cache/read-list.ts'
import type { StoredResource } from './registry.ts'
import { tableFor } from './tables.ts'

interface List {
  readonly exchange: Exchange
  readonly resource: StoredResource
  readonly items: readonly StoredObject[]
  readonly metadata: ListMetadata
}

/** A list in whichever form is wanted. `revision` is undefined for what is not stored. */
export async function respondList(
  exchange: Exchange,
  resource: StoredResource,
  page: Omit<ListPage, 'revision'> & { readonly revision: number | undefined },
): Promise<ApiResponse> {
  const { kind, view } = resource
  const { items } = page
  await prepare(view, items)
  const metadata: ListMetadata = {
    ...(page.revision === undefined ? {} : { resourceVersion: String(page.revision) }),
    ...(page.continue === undefined ? {} : { continue: page.continue }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  }
  const list = { exchange, resource, items, metadata }
  // Upstream's lists of whole custom resources say so even where nothing follows.
  const head = {
    kind: kind.listKind,
    apiVersion: apiVersionOf(kind),
    metadata: kind.custom ? { continue: '', ...metadata } : metadata,
  }
  if (exchange.request.objects) {
    const objects = await made(list, { form: 'object', make: each => each.object })
    const answer = respondValue(exchange, 200, { ...head, items: objects })
    if (exchange.audit?.wantsResponse) exchange.audit.answersList(await inJson(list, head))
    return answer
  }
  const wanted = wantedBy(exchange)
  if (exchange.audit?.wantsResponse) {
    if (wanted.as || wanted.encoding === 'json') exchange.audit.answersInJson()
    else exchange.audit.answersList(await inJson(list, head))
  }
  if (wanted.as === 'Table') return table(inRowOrder(list), wanted)
  if (wanted.as === 'PartialObjectMetadata')
    throw notAcceptable(
      `you requested PartialObjectMetadata, but the requested object is a list (${goTypeOf(kind, kind.listKind)})`,
    )
  if (wanted.as) return bareMetadata(list, wanted)
  if (wanted.encoding === 'protobuf') {
    const make = (shown: Representation) => messageOf(kind, shown)
    const messages = await made(list, { form: 'protobuf', make })
    return inPieces(PROTOBUF_HEADERS, encodeListProtobuf(kind, metadata, messages))
  }
  if (wanted.encoding === 'cbor') {
    const { cborItemOf, cborOfList } = await import('../cbor.ts')
    const make = (shown: Representation) => cborItemOf(kind, shown)
    const encoded = await made(list, { form: 'object', isMadeOf: true, make })
    return inPieces(CBOR_HEADERS, cborOfList(kind, head.metadata, encoded))
  }
  if (wanted.encoding !== 'json' || wanted.pretty)
    return inText(list, wanted, { ...head, items: [] }, slice =>
      slice.map(({ object }) => (kind.custom ? object : withoutKind(emptyAsNull(object)))),
    )
  return inPieces(JSON_HEADERS, await inJson(list, head))
}

async function inJson(list: List, head: object): Promise<Uint8Array[]> {
  const { kind } = list.resource
  return kind.custom
    ? joined(head, '', await made(list, { form: 'bytes', make: ({ bytes }) => bytes }))
    : joined(head, '{', await made(list, { form: 'bytes', make: each => itemOf(kind, each) }))
}

/** Some kinds are printed in another order than that of their names. */
function inRowOrder(list: List): List {
  const { kind, view } = list.resource
  const { compareRows } = kind
  if (!compareRows) return list
  const objectOf = (stored: StoredObject) => stored.in(view).object
  return {
    ...list,
    items: list.items.toSorted((one, other) => compareRows(objectOf(one), objectOf(other))),
  }
}

function table(list: List, wanted: Representing): Promise<ApiResponse> {
  const { exchange, resource, items, metadata } = list
  const outline = tableFor(exchange, resource.kind, [], { metadata, rowCount: items.length })
  const rowsOf = (slice: readonly Representation[]) =>
    tableFor(
      exchange,
      resource.kind,
      slice.map(({ object }) => object),
    ).rows ?? []
  const { rows, ...rest } = outline
  return inText(list, wanted, items.length > 0 ? { ...rest, rows: [] } : { ...rest, rows }, rowsOf)
}

async function bareMetadata(list: List, { encoding, ...wanted }: Representing) {
  const { resource, metadata } = list
  const version = wanted.version ?? 'v1'
  const kind = { ...partialObjectMetadataKind, version }
  const make = ({ object }: Representation) => partialMetadataOf(resource.kind, object, version)
  if (encoding === 'protobuf') {
    if (list.exchange.audit?.wantsResponse) {
      const items = await made(list, { form: 'object', isMadeOf: true, make })
      const { listKind } = kind
      const apiVersion = metaApiVersion(version)
      list.exchange.audit.answers({ kind: listKind, apiVersion, metadata, items })
    }
    const encode = (shown: Representation) => encodeProtobuf(kind.shape, make(shown))
    const messages = await made(list, { form: 'object', isMadeOf: true, make: encode })
    return inPieces(PROTOBUF_HEADERS, encodeListProtobuf(kind, metadata, messages))
  }
  const head = { kind: kind.listKind, apiVersion: metaApiVersion(version), metadata }
  // As upstream: Go writes a list that nobody made as null.
  const outline = { ...head, items: list.items.length > 0 ? [] : null }
  return inText(list, { ...wanted, encoding }, outline, slice => slice.map(make))
}

const inPieces = (headers: ApiResponse['headers'], chunks: readonly Uint8Array[]): ApiResponse => ({
  status: 200,
  headers,
  body: { kind: 'chunks', chunks },
})

/** What is made of each, in their order, without holding up other requests. */
async function made<T>(
  list: List,
  how: { readonly form: Form; readonly isMadeOf?: boolean; make(shown: Representation): T },
): Promise<T[]> {
  const all: T[] = []
  for await (const slice of shownInSlices(list, how))
    for (const shown of slice) all.push(how.make(shown))
  return all
}

async function* shownInSlices(
  { exchange: { server }, resource: { view }, items }: List,
  { form, isMadeOf = false }: { readonly form: Form; readonly isMadeOf?: boolean },
): AsyncGenerator<readonly Representation[], void, undefined> {
  // In another version than the stored one everything is made of the object.
  const needed = view.fromStored || view.own ? 'object' : form
  for await (const slice of inSlices(server, items, { form: needed, isMadeOf }))
    yield slice.map(stored => stored.in(view))
}

/** Its last field is the list itself, empty. */
type Outline =
  | { readonly items: readonly never[] | null }
  | { readonly rows: readonly unknown[] | null }

/** Made for this answer alone. JSON is made slice by slice; who wants another text waits for all of it. */
async function inText(
  list: List,
  { encoding, pretty }: Representing,
  outline: Outline,
  valuesOf: (slice: readonly Representation[]) => readonly unknown[],
): Promise<ApiResponse> {
  const { exchange } = list
  const slices = shownInSlices(list, { form: 'object', isMadeOf: true })
  // Tables and protobuf do not go together; they are told in JSON.
  if (list.items.length === 0 || encoding === 'yaml' || encoding === 'cbor') {
    const values: unknown[] = []
    for await (const slice of slices) for (const value of valuesOf(slice)) values.push(value)
    const name = 'rows' in outline ? 'rows' : 'items'
    return respondValue(exchange, 200, values.length > 0 ? { ...outline, [name]: values } : outline)
  }
  const indent = pretty ? 2 : undefined
  const line = pretty ? '\n    ' : ''
  const around = asGoJson(stringifyJson(outline, indent))
  const at = around.lastIndexOf('[]') + 1
  const chunks = [encoder.encode(around.slice(0, at))]
  for await (const slice of slices) {
    const texts = valuesOf(slice).map(value => stringifyJson(value, indent))
    // Line ends are those of the layout alone; texts have none.
    const text = (pretty ? texts.map(each => each.replaceAll('\n', line)) : texts).join(`,${line}`)
    chunks.push(encoder.encode(asGoJson(`${chunks.length > 1 ? ',' : ''}${line}${text}`)))
  }
  chunks.push(encoder.encode(`${pretty ? '\n  ' : ''}${around.slice(at)}${pretty ? '' : '\n'}`))
  return inPieces(JSON_HEADERS, chunks)
}

/** Lists of built-in kinds say once for all items what they are; those of custom resources say it with each. */
const withoutKind = ({ kind: _, apiVersion: __, ...rest }: KubernetesObject) => rest

const encoder = new TextEncoder()
const END = encoder.encode(']}\n')

/** The bytes of the items, shared, between those of the list around them; `opening` comes before each. */
function joined(head: object, opening: string, items: readonly Uint8Array[]): Uint8Array[] {
  const start = `${JSON.stringify(head).slice(0, -1)},"items":[`
  const chunks: Uint8Array[] = [encoder.encode(items.length > 0 ? start + opening : start)]
  const between = encoder.encode(`,${opening}`)
  for (const [at, item] of items.entries()) {
    if (at > 0) chunks.push(between)
    chunks.push(item)
  }
  chunks.push(END)
  return chunks
}
