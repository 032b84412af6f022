/** Asks the webhook of a definition to convert objects: many at once, none of which is believed unless all are in order. */
import {
  believed,
  ConversionFault,
  conversionReview,
  convertedObjects,
  reviewVersion,
  typeText,
} from '#api/apiextensions/custom/conversion-review.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { stringifyJson } from '#api/machinery/exact-json.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import { PlainError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { type PostWorld, postReview } from '../admission/webhooks/post.ts'

/** A moment less than clients and proxies commonly wait. */
const TIMEOUT_SECONDS = 30
/** Of one review, so that the answer of a usual webhook, which says the same in other words, fits its limit. */
const MAXIMUM_OBJECTS = 500
const MAXIMUM_BYTES = 2 * 1024 * 1024

/** An object, and how long it is in JSON. */
export interface Sized {
  readonly object: KubernetesObject
  readonly size: number
}

const encoder = new TextEncoder()

export class ConversionWebhook {
  readonly #webhook: NonNullable<
    NonNullable<CustomResourceDefinition['spec']['conversion']>['webhook']
  >
  readonly #world: PostWorld

  constructor({ spec }: CustomResourceDefinition, world: PostWorld) {
    this.#webhook = spec.conversion?.webhook ?? { conversionReviewVersions: [] }
    this.#world = world
  }

  /** The same objects in another version, in their order. Rejects with a PlainError. */
  async convert(objects: readonly Sized[], apiVersion: string): Promise<KubernetesObject[]> {
    const converted: KubernetesObject[] = []
    for (const batch of batches(objects)) converted.push(...(await this.#ask(batch, apiVersion)))
    return converted
  }

  async #ask(objects: readonly KubernetesObject[], apiVersion: string) {
    const { clientConfig, conversionReviewVersions } = this.#webhook
    const version = reviewVersion(conversionReviewVersions)
    if (version === undefined || !clientConfig)
      throw new PlainError('no supported conversion review versions')
    const [first] = objects
    const asked = `conversion webhook for ${typeText(first?.apiVersion, first?.kind)}`
    const id = { uid: this.#world.random.uuid(), version }
    const review = conversionReview(objects, apiVersion, id)
    let found: unknown[]
    try {
      const body = encoder.encode(stringifyJson(review))
      const answer = await postReview(trimmed(clientConfig), body, TIMEOUT_SECONDS, this.#world)
      found = convertedObjects(answer, id)
    } catch (error) {
      throw new PlainError(`${asked} failed: ${messageOf(error)}`)
    }
    if (found.length !== objects.length)
      throw new PlainError(`${asked} returned ${found.length} objects, expected ${objects.length}`)
    return objects.map((object, at) => {
      try {
        return believed(object as unknown as PlainObject, found[at], apiVersion)
      } catch (error) {
        throw new PlainError(`${asked} returned ${faultOf(error, at, objects.length)}`)
      }
    }) as unknown as KubernetesObject[]
  }
}

/** Blanks alone are no authorities. */
function trimmed<T extends { readonly caBundle?: string | undefined }>(client: T): T {
  const { caBundle, ...rest } = client
  return caBundle && atob(caBundle).trim() !== '' ? client : (rest as T)
}

function faultOf(error: unknown, at: number, count: number): string {
  const isMetadata = error instanceof ConversionFault && error.isMetadata
  const place = count === 1 ? '' : ` at index ${at}`
  if (isMetadata) return `invalid metadata${place && ` in object${place}`}: ${messageOf(error)}`
  return `invalid ${count === 1 ? '' : 'converted '}object${place}: ${messageOf(error)}`
}

function* batches(objects: readonly Sized[]): Iterable<KubernetesObject[]> {
  let batch: KubernetesObject[] = []
  let bytes = 0
  for (const { object, size } of objects) {
    if (batch.length >= MAXIMUM_OBJECTS || (batch.length > 0 && bytes + size > MAXIMUM_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(object)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
