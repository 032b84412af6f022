/** A key management plugin over gRPC on a unix socket of its own, which tests may turn, break and slow down. For tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Server, ServerCredentials, type sendUnaryData, status } from '@grpc/grpc-js'
import type { Message } from '#base/protobuf.ts'
import {
  decryptRequest,
  decryptResponse,
  encryptRequest,
  encryptResponse,
  statusRequest,
  statusResponse,
} from '../grpc-key-service.ts'

export class KeyPlugin {
  readonly directory = mkdtempSync(join(tmpdir(), 'proa-kms-'))
  readonly path = join(this.directory, 'kms.sock')
  readonly endpoint = `unix://${this.path}`
  /** Its key: what it seals says so, and it opens what any of the `known` sealed. */
  keyId = 'key-1'
  readonly known = new Set(['key-1'])
  /** What it says of itself; its key where nothing else is set. */
  said: { version: string; healthz: string; keyId?: string } = { version: 'v2', healthz: 'ok' }
  delayMs = 0
  readonly calls = { status: 0, encrypt: 0, decrypt: 0 }
  #server: Server | undefined

  static async start(): Promise<KeyPlugin> {
    const plugin = new KeyPlugin()
    await plugin.serve()
    return plugin
  }

  turn(keyId: string): void {
    this.keyId = keyId
    this.known.add(keyId)
  }

  async serve(): Promise<void> {
    const server = new Server()
    server.addService(SERVICE, {
      status: this.#answer('status', () => ({ keyId: this.keyId, ...this.said })),
      encrypt: this.#answer('encrypt', ({ plaintext }) => ({
        keyId: this.keyId,
        ciphertext: turned(plaintext, this.keyId),
        annotations: { 'sealed-by.test.example.com': Buffer.from(this.keyId) },
      })),
      decrypt: this.#answer('decrypt', ({ ciphertext, keyId, annotations }) => {
        const told = Buffer.from(annotations['sealed-by.test.example.com'] ?? []).toString()
        if (!this.known.has(keyId) || told !== keyId) throw new Error(`no key ${keyId}`)
        return { plaintext: turned(ciphertext, keyId) }
      }),
    })
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${this.path}`, ServerCredentials.createInsecure(), error =>
        error ? reject(error) : resolve(),
      )
    })
    this.#server = server
  }

  /** It may be served again. */
  away(): void {
    this.#server?.forceShutdown()
    this.#server = undefined
    rmSync(this.path, { force: true })
  }

  remove(): void {
    this.away()
    rmSync(this.directory, { recursive: true, force: true })
  }

  // biome-ignore lint/suspicious/noExplicitAny: each answers another message
  #answer(name: keyof KeyPlugin['calls'], answer: (request: any) => object) {
    return async ({ request }: { request: unknown }, done: sendUnaryData<object>) => {
      this.calls[name]++
      await sleep(this.delayMs, undefined, { ref: false })
      try {
        done(null, answer(request))
      } catch (error) {
        done({ code: status.FAILED_PRECONDITION, details: (error as Error).message })
      }
    }
  }
}

/** No cipher, but another one for each key, and its own reverse. */
function turned(bytes: Uint8Array, keyId: string): Uint8Array {
  return bytes.map((byte, at) => byte ^ 0x5a ^ keyId.charCodeAt(at % keyId.length))
}

const method = <Request, Response>(
  name: string,
  request: Message<Request>,
  response: Message<Response>,
) => ({
  path: `/v2.KeyManagementService/${name}`,
  requestStream: false,
  responseStream: false,
  requestDeserialize: (bytes: Buffer) => request.decode(bytes),
  requestSerialize: (value: Partial<Request>) => Buffer.from(request.encode(value)),
  responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  responseSerialize: (value: Partial<Response>) => Buffer.from(response.encode(value)),
})

const SERVICE = {
  status: method('Status', statusRequest, statusResponse),
  encrypt: method('Encrypt', encryptRequest, encryptResponse),
  decrypt: method('Decrypt', decryptRequest, decryptResponse),
}
