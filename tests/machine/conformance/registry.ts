/**
 * A registry that serves an OCI image layout on the loopback, to be read only. It stands for every registry in the world, so that a
 * test which wants to pull, pulls, and nothing is asked of a machine outside.
 */

import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { hostPort } from '#base/host-port.ts'

/** Of a manifest in `index.json`: the image's whole name, with the registry's. Those who export images know one or the other. */
export const NAME_ANNOTATION = 'org.opencontainers.image.ref.name'
const CONTAINERD_ANNOTATION = 'io.containerd.image.name'

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Registry {
  readonly url: string
  stop(): Promise<void>
}

/** On the loopback, or on an address that only a network of the harness has. */
export async function startRegistry(layout: string, address = '127.0.0.1'): Promise<Registry> {
  const { manifests }: { manifests: readonly Descriptor[] } = JSON.parse(
    readFileSync(join(layout, 'index.json'), 'utf8'),
  )
  const server = createServer((request, response) =>
    answer({ layout, manifests }, request, response),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, address, resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://${hostPort(address, port)}`, stop: () => stop(server) }
}

interface Shelf {
  readonly layout: string
  readonly manifests: readonly Descriptor[]
}

function answer(shelf: Shelf, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/v2/') return void response.end('{}')
  const [, name = '', kind, reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? []
  const host = searchParams.get('ns') ?? ''
  const found =
    kind === 'manifests'
      ? manifestOf(shelf, `${host}/${name}`, reference)
      : blobOf(shelf, reference, 'application/octet-stream')
  if (!found) {
    const code = kind === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN'
    response.writeHead(404, { 'content-type': 'application/json' })
    return void response.end(JSON.stringify({ errors: [{ code, message: `no ${pathname}` }] }))
  }
  response.writeHead(200, {
    'content-type': found.mediaType,
    'content-length': found.size,
    'docker-content-digest': found.digest,
  })
  if (request.method === 'HEAD') return void response.end()
  const bytes = createReadStream(blobPath(shelf.layout, found.digest))
  bytes.on('error', error => response.destroy(error)).pipe(response)
}

function manifestOf(shelf: Shelf, name: string, reference: string): Descriptor | undefined {
  return shelf.manifests.find(({ digest, annotations = {} }) =>
    reference.startsWith('sha256:')
      ? digest === reference
      : [annotations[NAME_ANNOTATION], annotations[CONTAINERD_ANNOTATION]].includes(
          `${name}:${reference}`,
        ),
  )
}

function blobOf({ layout }: Shelf, digest: string, mediaType: string): Descriptor | undefined {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined
  const path = blobPath(layout, digest)
  return existsSync(path) ? { mediaType, digest, size: statSync(path).size } : undefined
}

export const blobPath = (layout: string, digest: string): string =>
  join(layout, 'blobs', ...digest.split(':'))

function stop(server: Server): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeAllConnections()
  return closed
}
