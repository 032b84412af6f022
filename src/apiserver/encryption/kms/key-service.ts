/** What a key management plugin (version 2 of its API) does for an API server. It is asked rarely: for keys, never for values. */

/** A data key that only the plugin can read, and what it wants to be given back with it. */
export interface SealedKey {
  readonly ciphertext: Uint8Array
  /** Which of the plugin's own keys sealed it. */
  readonly keyId: string
  readonly annotations: Readonly<Record<string, Uint8Array>>
}

export interface KeyServiceStatus {
  /** Of the API, `v2`. */
  readonly version: string
  /** `ok`, or what is wrong. */
  readonly healthz: string
  /** Which of the plugin's own keys seals now. */
  readonly keyId: string
}

/** Each call rejects with a KeyServiceError, at the latest when its time is up. */
export interface KeyService {
  status(): Promise<KeyServiceStatus>
  /** `uid` names the call in the logs of both. */
  encrypt(uid: string, plaintext: Uint8Array): Promise<SealedKey>
  decrypt(uid: string, key: SealedKey): Promise<Uint8Array>
  close(): void
}

/** The message is as Go prints errors of gRPC, since it stands in answers and logs. */
export class KeyServiceError extends Error {
  override readonly name = 'KeyServiceError'
  /** gRPC's name of it, such as `Unavailable`. */
  readonly code: string
  constructor(code: string, details: string) {
    super(`rpc error: code = ${code} desc = ${details}`)
    this.code = code
  }
}

/** What `code` counts as in metrics. */
export function codeOf(error: unknown): string {
  if (error === undefined) return 'OK'
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (at instanceof KeyServiceError) return at.code
  return 'unknown-non-grpc'
}
