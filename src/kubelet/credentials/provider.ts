/** One program that knows how to pull images, with what it said for as long as that is good. */
import { createHash } from 'node:crypto'
import { serviceAccount as serviceAccountKind } from '#api/core/v1/service-account.ts'
import { parseDuration } from '#api/machinery/duration.ts'
import type { Clock } from '#base/clock.ts'
import type { Client } from '#client/client.ts'
import type { ObjectCoordinates, PullCredential } from '../image-access/pull-credentials.ts'
import type { Pod } from '../pod-types.ts'
import type { RegistryAuth } from '../runtime.ts'
import type { Tokens } from '../volumes/tokens.ts'
import type { ProviderSettings, TokenSettings } from './configuration.ts'
import { matchesImage } from './image-match.ts'

/** Runs a program with a text as its input; resolves with what it prints. Rejects where it fails, with an error that tells nothing of that. */
export type RunProgram = (
  file: string,
  args: readonly string[],
  options: {
    readonly input: string
    readonly env: Readonly<Record<string, string>>
    readonly timeoutMs: number
  },
) => Promise<string>

export interface ProviderParts {
  readonly binDirectory: string
  readonly run: RunProgram
  readonly client: Client
  readonly clock: Clock
  readonly tokens: Tokens
}

/** As upstream's kubelet. */
const TIMEOUT_MS = 60_000
const TOKEN_SECONDS = 600
/** Answers that are remembered. */
const CACHE_LIMIT = 1000

interface Remembered {
  readonly auths: readonly Entry[]
  /** Monotonic. */
  readonly untilMs: number
}

interface Entry {
  readonly pattern: string
  readonly auth: RegistryAuth
}

interface Account {
  readonly token: string
  readonly annotations: Readonly<Record<string, string>>
  readonly coordinates: ObjectCoordinates
  /** What answers are remembered by. */
  readonly key: string
}

export class Provider {
  readonly #settings: ProviderSettings
  readonly #parts: ProviderParts
  readonly #remembered = new Map<string, Remembered>()
  /** Two pods that want the same image wait for one answer. */
  readonly #asking = new Map<string, Promise<readonly Entry[]>>()

  constructor(settings: ProviderSettings, parts: ProviderParts) {
    this.#settings = settings
    this.#parts = parts
  }

  get name(): string {
    return this.#settings.name
  }

  /** What it knows for a repository; nothing for one that it is not there for. Rejects where the program fails. */
  async credentialsFor(
    pod: Pod,
    repository: string,
  ): Promise<readonly { readonly pattern: string; readonly credential: PullCredential }[]> {
    const { matchImages, token } = this.#settings
    if (!matchImages.some(pattern => matchesImage(pattern, repository))) return []
    const account = token && (await this.#accountOf(pod, token))
    if (token?.isRequired && !account) return []
    const known = this.#recall(repository, account)
    const auths = known ?? (await this.#ask(repository, account))
    // What was said for a token is its account's; else it is the node's.
    const source = account ? { serviceAccount: account.coordinates } : {}
    return auths
      .filter(({ pattern }) => matchesImage(pattern, repository))
      .map(({ pattern, auth }) => ({ pattern, credential: { auth, ...source } }))
  }

  #recall(repository: string, account: Account | undefined): readonly Entry[] | undefined {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const place of placesOf(repository)) {
      const known = this.#remembered.get(keyOf(place, account))
      if (known && known.untilMs > nowMs) return known.auths
    }
    return undefined
  }

  #ask(repository: string, account: Account | undefined): Promise<readonly Entry[]> {
    const key = keyOf(repository, account)
    const underway = this.#asking.get(key)
    if (underway) return underway
    const asked = this.#run(repository, account).finally(() => this.#asking.delete(key))
    this.#asking.set(key, asked)
    return asked
  }

  async #run(repository: string, account: Account | undefined): Promise<readonly Entry[]> {
    const { name, apiVersion, args, env, defaultCacheMs } = this.#settings
    const { binDirectory, run, clock } = this.#parts
    const request = {
      kind: 'CredentialProviderRequest',
      apiVersion,
      image: repository,
      ...(account
        ? {
            serviceAccountToken: account.token,
            ...(Object.keys(account.annotations).length > 0
              ? { serviceAccountAnnotations: account.annotations }
              : {}),
          }
        : {}),
    }
    const input = JSON.stringify(request)
    const printed = await run(`${binDirectory}/${name}`, args, {
      input,
      env,
      timeoutMs: TIMEOUT_MS,
    })
    const { cacheKeyType, cacheDuration, auths } = answerIn(printed, apiVersion)
    const lifeMs = cacheDuration ?? defaultCacheMs
    const [image = '', registry = '', everything = ''] = placesOf(repository)
    const place = { Image: image, Registry: registry, Global: everything }[cacheKeyType]
    if (lifeMs > 0) {
      const key = keyOf(place, account)
      this.#remembered.delete(key)
      this.#remembered.set(key, { auths, untilMs: clock.monotonicMs() + lifeMs })
      const oldest = this.#remembered.keys().next().value
      if (this.#remembered.size > CACHE_LIMIT && oldest !== undefined)
        this.#remembered.delete(oldest)
    }
    return auths
  }

  /** Undefined where the program is to be asked without one. */
  async #accountOf(pod: Pod, wanted: TokenSettings): Promise<Account | undefined> {
    const { client, tokens } = this.#parts
    const name = pod.spec?.serviceAccountName
    const { namespace = '' } = pod.metadata
    if (!name) return undefined
    const keys = [...wanted.requiredAnnotations, ...wanted.optionalAnnotations]
    const { metadata } = await client.get(serviceAccountKind, name, namespace)
    const all = metadata.annotations ?? {}
    const missing = wanted.requiredAnnotations.filter(key => all[key] === undefined)
    if (missing.length > 0)
      throw new Error(
        `the service account ${namespace}/${name} lacks the annotations ${missing.join(', ')}`,
      )
    const annotations = Object.fromEntries(
      keys.flatMap(key => (all[key] === undefined ? [] : [[key, all[key]]])),
    )
    const bytes = (await tokens.get(pod, wanted.audience, TOKEN_SECONDS)).token
    const token = new TextDecoder().decode(bytes)
    const by = wanted.cacheType === 'Token' ? [token] : [namespace, name, metadata.uid ?? '']
    const key = hashOf(JSON.stringify([by, annotations]))
    const coordinates = { uid: metadata.uid ?? '', namespace, name }
    return { token, annotations, coordinates, key }
  }
}

/** From what an answer is for: this image, its registry, or all. */
const placesOf = (repository: string) => [repository, repository.split('/')[0] ?? '', '*']

const keyOf = (place: string, account: Account | undefined) => `${account?.key ?? ''} ${place}`
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

const KEY_TYPES = ['Image', 'Registry', 'Global'] as const

interface Answer {
  readonly kind?: unknown
  readonly apiVersion?: unknown
  readonly cacheKeyType?: unknown
  readonly cacheDuration?: unknown
  readonly auth?: Readonly<Record<string, { username?: unknown; password?: unknown }>>
}

/** Node's own error would quote what was printed. */
function parsed(printed: string): Answer {
  try {
    return (JSON.parse(printed) ?? {}) as Answer
  } catch {
    throw new Error('it did not answer with JSON')
  }
}

/** Throws where a program says what nobody can use; what it printed is not told, since there are passwords in it. */
function answerIn(printed: string, apiVersion: string) {
  const answer = parsed(printed)
  if (answer.kind !== 'CredentialProviderResponse' || answer.apiVersion !== apiVersion)
    throw new Error(`it did not answer with a CredentialProviderResponse of ${apiVersion}`)
  const cacheKeyType = KEY_TYPES.find(type => type === answer.cacheKeyType)
  if (!cacheKeyType)
    throw new Error(
      `its cacheKeyType must be one of ${KEY_TYPES.join(', ')}, not ${JSON.stringify(answer.cacheKeyType)}`,
    )
  const entries = Object.entries(answer.auth ?? {}).map(([pattern, { username, password }]) => ({
    pattern,
    auth: { username: String(username ?? ''), password: String(password ?? '') },
  }))
  return {
    cacheKeyType,
    cacheDuration:
      typeof answer.cacheDuration === 'string'
        ? Number(parseDuration(answer.cacheDuration) / 1_000_000n)
        : undefined,
    auths: entries,
  }
}
