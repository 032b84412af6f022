/** Pulls of images, so many at a time and so often a second as somebody wants. */
import { messageOf } from '#base/errors.ts'
import { TokenBucket } from '#client/serving/http2/token-bucket.ts'
import type { PullCredential } from '../image-access/pull-credentials.ts'
import type { KubeletContext } from '../options.ts'
import type { RegistryAuth } from '../runtime.ts'

export interface PullLimits {
  /** At a time; as many as pods want without. */
  readonly parallel?: number
  /** How many may begin a second, after a burst; any number without. */
  readonly rate?: { readonly perSecond: number; readonly burst: number }
}

export interface Pulled {
  readonly imageRef: string
  /** Undefined where none was wanted. */
  readonly credential: PullCredential | undefined
}

export class Pulls {
  readonly #context: KubeletContext
  readonly #rate: TokenBucket | undefined
  /** Two pods that want the same image with the same words wait for one pull; with others, or none, each has its own. */
  readonly #underWay = new Map<string, Promise<string>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(context: KubeletContext) {
    this.#context = context
    const { rate } = context.options.pullLimits
    if (rate)
      this.#rate = new TokenBucket([rate.burst, rate.perSecond], () => context.clock.monotonicMs())
  }

  /** With the first credential that the registry takes. Rejects with all that it said. */
  async pull(image: string, credentials: readonly PullCredential[]): Promise<Pulled> {
    const messages = new Set<string>()
    for (const credential of credentials.length > 0 ? credentials : [undefined])
      try {
        return { imageRef: await this.#pullOnce(image, credential?.auth), credential }
      } catch (error) {
        messages.add(messageOf(error))
      }
    const all = [...messages]
    throw new Error(all.length === 1 ? all[0] : `[${all.join(', ')}]`)
  }

  #pullOnce(image: string, auth: RegistryAuth | undefined): Promise<string> {
    const key = JSON.stringify([image, auth])
    const underWay = this.#underWay.get(key)
    if (underWay) return underWay
    const pull = this.#inTurn(image, auth).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, pull)
    return pull
  }

  async #inTurn(image: string, auth: RegistryAuth | undefined): Promise<string> {
    const { runtime, pullLimits } = this.#context.options
    if (this.#running >= (pullLimits.parallel ?? Number.POSITIVE_INFINITY))
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#running++
    try {
      if (this.#rate && !this.#rate.take()) throw new Error('pull QPS exceeded')
      return await runtime.pullImage(image, auth)
    } finally {
      // Whose turn is next has the place of this one.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
