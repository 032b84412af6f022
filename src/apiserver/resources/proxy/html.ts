/**
 * Pages of HTML that come through a proxy: their links to the target's own paths would miss it, so they lead through the proxy
 * instead. A page is held in whole for that. One that is too large, is packed in a way we do not know, or breaks off
 * passes as it came: a page with wrong links is better than none.
 */
import { promisify } from 'node:util'
import { constants, deflate, deflateRaw, gunzip, gzip, inflate, inflateRaw } from 'node:zlib'
import type { Clock } from '#base/clock.ts'
import type { ApiResponse, Method } from '#client/transport.ts'
import { turn } from '../../storage/slices.ts'
import { createBodyHolder, streamOf } from './held-body.ts'
import { rewritingLinks } from './html-links.ts'
import { type ProxiedPlace, throughProxy } from './location.ts'

/** Packed or not: so much of ordinary markup takes some 90 ms, of links alone 250 ms. */
const MAXIMUM_PAGE_BYTES = 2 * 1024 * 1024
/** So slow targets and slow clients, of whom there may be hundreds, cannot fill our memory. */
const MAXIMUM_HELD_BYTES = 64 * 1024 * 1024

const holder = createBodyHolder({ each: MAXIMUM_PAGE_BYTES, all: MAXIMUM_HELD_BYTES })

export async function htmlThrough(
  response: ApiResponse,
  method: Method,
  { clock, ...place }: ProxiedPlace & { readonly clock: Clock },
): Promise<ApiResponse> {
  const { status, headers, body } = response
  const packing = PACKINGS[headers['content-encoding']?.trim().toLowerCase() ?? '']
  // Nobody knows whether a page's part begins in a tag, a script or a text.
  if (!packing || status === 206) return response
  const { 'content-length': _, ...others } = headers
  // The length would be another one, which only the page itself can tell.
  if (method === 'HEAD' || status === 304) return { ...response, headers: others }
  if (body.kind !== 'stream' && body.kind !== 'bytes') return response
  const taken =
    body.kind === 'stream'
      ? await holder.take(body.stream)
      : { bytes: body.bytes, giveBack: () => {} }
  if ('stream' in taken) return { ...response, body: { kind: 'stream', stream: taken.stream } }
  const page = await rewritten(taken.bytes, packing(taken.bytes), bytes =>
    withLinks(bytes, place, clock),
  )
  return {
    status,
    headers: { ...others, 'content-length': String(page.length) },
    // As a stream: a whole body would be compressed for its client, which the target did not do.
    body: { kind: 'stream', stream: streamOf(page, taken.giveBack) },
  }
}

/** Undefined for what is not packed. */
type PackingOf = (bytes: Uint8Array) => Packing | undefined

interface Packing {
  readonly unpack: (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>
  readonly pack: (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>
}

const PACKINGS: Readonly<Record<string, PackingOf>> = Object.assign(Object.create(null), {
  '': () => undefined,
  identity: () => undefined,
  gzip: () => ({ unpack: promisify(gunzip), pack: promisify(gzip) }),
  deflate: (bytes: Uint8Array) =>
    isZlib(bytes)
      ? { unpack: promisify(inflate), pack: promisify(deflate) }
      : { unpack: promisify(inflateRaw), pack: promisify(deflateRaw) },
} satisfies Record<string, PackingOf>)

/** Servers mean either by `deflate`, and browsers take either. */
const isZlib = ([first = 0, second = 0]: Uint8Array) =>
  (first & 15) === 8 && (first * 256 + second) % 31 === 0

async function rewritten(
  bytes: Uint8Array,
  packing: Packing | undefined,
  withLinks: (page: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (!packing) return withLinks(bytes)
  try {
    const page = await packing.unpack(bytes, { maxOutputLength: MAXIMUM_PAGE_BYTES })
    const changed = await withLinks(page)
    // The fastest level: a page is packed for one client alone.
    return changed === page ? bytes : await packing.pack(changed, { level: constants.Z_BEST_SPEED })
  } catch {
    return bytes // Not what it says it is, or too large.
  }
}

/** The very same where nothing is changed. Others have their turns meanwhile. */
async function withLinks(
  bytes: Uint8Array,
  { hosts, prefix }: ProxiedPlace,
  clock: Clock,
): Promise<Uint8Array> {
  // A character for each byte, whatever the encoding: tags and slashes are ASCII in all that pages are written in.
  const page = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  // What the client wrote into the path must not end an attribute.
  const place = { hosts, prefix: prefix.replace(/[^\w.~:%/-]/g, percentEncoded) }
  const work = rewritingLinks(page, url => throughProxy(url, place))
  let step = work.next()
  for (; !step.done; step = work.next()) await turn(clock)
  return step.value === page ? bytes : Buffer.from(step.value, 'latin1')
}

const percentEncoded = (character: string) =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
