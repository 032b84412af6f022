/** An issuer of tokens for tests, on a port of its own: OpenID Connect discovery, keys that can be exchanged, and claims that are elsewhere. */
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'

const HOUR_MS = 3_600_000

interface Key {
  readonly id: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

export class TestIssuer {
  readonly authority: string
  readonly #server: Server
  /** By the algorithm. */
  #keys = new Map<string, Key>()
  #generation = 0
  /** Answers for further paths. */
  readonly answers = new Map<string, (authorization: string) => string>()
  /** What was asked for, in order. */
  readonly asked: string[] = []

  constructor(server: Server, authority: string) {
    this.#server = server
    this.authority = authority
  }

  static async start(): Promise<TestIssuer> {
    const now = Date.now()
    const validity = { notBefore: now - HOUR_MS, notAfter: now + 24 * HOUR_MS }
    const authority = issueAuthority('issuer', validity, systemRandom)
    const { certificate: cert, key } = issueLeaf(
      { subject: { commonName: 'localhost' }, usages: ['server'], validity, names: ['127.0.0.1'] },
      authority,
      systemRandom,
    )
    const server = createServer({ cert, key })
    const issuer = new TestIssuer(server, authority.certificate)
    server.on('request', (request, response) => {
      const path = request.url ?? ''
      issuer.asked.push(path)
      const text = issuer.#answer(path, request.headers.authorization ?? '')
      response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(text)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return issuer
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Other keys from now on. */
  rotate(): void {
    this.#keys = new Map()
    this.#generation++
  }

  /** A token with these claims, and those that every good one has. */
  token(claims: object, { algorithm = 'RS256', head = {} } = {}): string {
    const key = this.#keyFor(algorithm)
    const nowSeconds = Math.floor(Date.now() / 1000)
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const whole = { iss: this.url, aud: 'proa', exp: nowSeconds + 3600, ...claims }
    const signed = `${part({ alg: algorithm, kid: key.id, ...head })}.${part(whole)}`
    return `${signed}.${signatureOf(signed, algorithm, key.privateKey).toString('base64url')}`
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }

  #keyFor(algorithm: string): Key {
    const known = this.#keys.get(algorithm)
    if (known) return known
    const curve = CURVES[algorithm]
    const pair = curve
      ? generateKeyPairSync('ec', { namedCurve: curve })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = { id: `${algorithm}-${this.#generation}`, ...pair }
    this.#keys.set(algorithm, key)
    return key
  }

  #answer(path: string, authorization: string): string | undefined {
    if (path === '/.well-known/openid-configuration')
      return JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` })
    if (path === '/keys')
      return JSON.stringify({
        keys: [...this.#keys].map(([alg, { id, publicKey }]) => ({
          ...publicKey.export({ format: 'jwk' }),
          kid: id,
          alg,
          use: 'sig',
        })),
      })
    return this.answers.get(path)?.(authorization)
  }
}

function signatureOf(text: string, algorithm: string, key: KeyObject): Buffer {
  const hash = `sha${algorithm.slice(2)}`
  const bytes = Buffer.from(text)
  if (algorithm.startsWith('ES')) return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' })
  if (algorithm.startsWith('RS')) return sign(hash, bytes, key)
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return sign(hash, bytes, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })
}
