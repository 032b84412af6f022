/** A registry on the loopback with one image under every name, of which some want a password. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface PrivateRegistry {
  /** `127.0.0.1:PORT`, to which containerd speaks without TLS. */
  readonly address: string
  /** What is taken for repositories below `private/`; may be changed. */
  credentials: { readonly username: string; readonly password: string }
  stop(): Promise<void>
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
}

/** `tarball` is an archive in the OCI layout with one image. */
export async function startPrivateRegistry(tarball: Uint8Array): Promise<PrivateRegistry> {
  const layout = mkdtempSync(join(tmpdir(), 'proa-registry-'))
  execFileSync('tar', ['-x', '-C', layout], { input: tarball })
  const { manifests }: { manifests: readonly Descriptor[] } = JSON.parse(
    readFileSync(join(layout, 'index.json'), 'utf8'),
  )
  const [manifest] = manifests
  if (!manifest) throw new Error('the archive has no image')
  const blob = (digest: string) => readFileSync(join(layout, 'blobs', ...digest.split(':')))
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (/^\/v2\/private\//.test(pathname) && !isKnown(request, registry.credentials)) {
      response.setHeader('www-authenticate', 'Basic realm="private"')
      return refuse(response, 401, 'UNAUTHORIZED')
    }
    const [, kind, reference = ''] = /\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? []
    if (!kind) return void response.end('{}')
    if (kind === 'manifests' && !/^(1|sha256:.*)$/.test(reference))
      return refuse(response, 404, 'MANIFEST_UNKNOWN')
    const digest = reference.startsWith('sha256:') ? reference : manifest.digest
    const bytes = blob(digest)
    response.writeHead(200, {
      'content-type': kind === 'manifests' ? manifest.mediaType : 'application/octet-stream',
      'content-length': bytes.length,
      'docker-content-digest': digest,
    })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const registry: PrivateRegistry = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { username: 'user', password: 'p<&>ss' },
    async stop() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await rm(layout, { recursive: true, force: true })
    },
  }
  return registry
}

function isKnown(
  { headers }: IncomingMessage,
  { username, password }: PrivateRegistry['credentials'],
): boolean {
  const [, encoded = ''] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? []
  return Buffer.from(encoded, 'base64').toString() === `${username}:${password}`
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ errors: [{ code, message: 'no' }] }))
}
