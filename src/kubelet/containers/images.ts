/** Brings a container's image to the node as its pull policy says, with back-off for those that fail. */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { count, observe } from '../figures/count.ts'
import type { StartTimes } from '../figures/start-times.ts'
import type { ImageAccess } from '../image-access/image-access.ts'
import type { PullCredential } from '../image-access/pull-credentials.ts'
import type { KubeletContext } from '../options.ts'
import type { PodEvents } from '../pod-events.ts'
import { type ContainerReference, type Pod, uidOf } from '../pod-types.ts'
import { Backoff } from '../pods/restart-backoff.ts'
import type { ContainerRuntime, Image } from '../runtime.ts'
import { StartError } from './config-error.ts'
import type { Pulls } from './pulls.ts'

export interface ImagesOptions {
  readonly context: KubeletContext
  readonly runtime: ContainerRuntime
  readonly clock: Clock
  readonly events: PodEvents
  readonly times: StartTimes
  readonly access: ImageAccess
  readonly pulls: Pulls
  /** Credentials from the pod's imagePullSecrets and from the node's programs that fit the image, best first. */
  readonly credentialsFor: (pod: Pod, image: string) => Promise<readonly PullCredential[]>
}

/** An image that a pod needs, for a container or for a volume. */
export interface WantedImage {
  readonly reference: string
  readonly policy: string | undefined
  /** The container that events are about. */
  readonly container?: ContainerReference
}

export class Images {
  readonly #options: ImagesOptions
  readonly #backoff: Backoff
  /** The last failure by pod and image, for the message while it backs off. */
  readonly #failures = new Map<string, { message: string; at: number }>()

  constructor(options: ImagesOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.clock)
  }

  /** The image of a container, present on the node; throws StartError. */
  ensure(pod: Pod, container: ContainerReference): Promise<Image> {
    const { image = '', imagePullPolicy } = container.container
    return this.ensureWanted(pod, { reference: image, policy: imagePullPolicy, container })
  }

  /** The same of any image. */
  async ensureWanted(pod: Pod, wanted: WantedImage): Promise<Image> {
    const { runtime, events } = this.#options
    const { reference: asked, container } = wanted
    const image = withTag(asked)
    if (image === undefined) {
      const message = `Failed to apply default image tag "${asked}": couldn't parse image name "${asked}": invalid reference format`
      events.warning(pod, 'InspectFailed', message, container)
      throw new StartError('InvalidImageName', message)
    }
    const policy = wanted.policy || 'IfNotPresent'
    const present = await this.#inspect(pod, wanted, image)
    const mustPull = await this.#mustPull(pod, image, { policy, present })
    this.#count(policy, { isPresent: present !== undefined, mustPull })
    if (present && !mustPull) {
      events.normal(
        pod,
        'Pulled',
        `Container image "${asked}" already present on machine and can be accessed by the pod`,
        container,
      )
      return present
    }
    if (policy === 'Never') {
      const message = `Container image "${asked}" is not present with pull policy of Never`
      events.warning(pod, 'ErrImageNeverPull', message, container)
      throw new StartError('ErrImageNeverPull', message)
    }
    await this.#pull(pod, wanted, image)
    const pulled = await runtime.imageStatus(image)
    if (!pulled)
      throw new StartError('ErrImagePull', `image "${asked}" is gone after it was pulled`)
    return pulled
  }

  /** Undefined where nothing may be pulled and nothing is there: then nobody asks. */
  async #mustPull(
    pod: Pod,
    image: string,
    { policy, present }: { policy: string; present: Image | undefined },
  ): Promise<boolean | undefined> {
    const { access, credentialsFor } = this.#options
    if (policy === 'Always') return true
    if (!present) return policy === 'Never' ? undefined : true
    return access.mustPull(image, present.id, () => credentialsFor(pod, image))
  }

  #count(
    policy: string,
    { isPresent, mustPull }: { isPresent: boolean; mustPull: boolean | undefined },
  ): void {
    count(
      this.#options.context,
      'kubelet_image_manager_ensure_image_requests_total',
      // As upstream, which does not ask what is there where it pulls in any case.
      policy === 'Always' ? 'unknown' : String(isPresent),
      ...[policy.toLowerCase(), String(mustPull ?? 'unknown')],
    )
  }

  async #inspect(pod: Pod, { reference, container }: WantedImage, image: string) {
    try {
      return await this.#options.runtime.imageStatus(image)
    } catch (error) {
      const message = `Failed to inspect image "${reference}": ${messageOf(error)}`
      this.#options.events.warning(pod, 'InspectFailed', message, container)
      throw new StartError('ImageInspectError', message)
    }
  }

  async #pull(pod: Pod, wanted: WantedImage, image: string): Promise<void> {
    const { context, clock, events, times } = this.#options
    const { reference: asked, container } = wanted
    const key = `${uidOf(pod)}_${asked}`
    const failure = this.#failures.get(key)
    if (failure && this.#backoff.remaining(key, failure.at) > 0) {
      const message = `Back-off pulling image "${asked}"`
      events.normal(pod, 'BackOff', message, container)
      throw new StartError('ImagePullBackOff', `${message}: ErrImagePull: ${failure.message}`)
    }
    events.normal(pod, 'Pulling', `Pulling image "${asked}"`, container)
    const started = clock.monotonicMs()
    try {
      await times.pulling(uidOf(pod), () => this.#pullAs(pod, image))
    } catch (error) {
      const message = messageOf(error)
      events.warning(pod, 'Failed', `Failed to pull image "${asked}": ${message}`, container)
      const at = clock.now()
      this.#backoff.next(key, at)
      this.#failures.set(key, { message, at })
      throw new StartError('ErrImagePull', message)
    }
    this.#failures.delete(key)
    const tookMs = clock.monotonicMs() - started
    const took = spent(tookMs)
    const size = (await this.#options.runtime.imageStatus(image))?.sizeBytes ?? 0
    observe(context, 'kubelet_image_pull_duration_seconds', tookMs / 1000, sizeBucket(size))
    events.normal(
      pod,
      'Pulled',
      `Successfully pulled image "${asked}" in ${took} (${took} including waiting). Image size: ${size} bytes.`,
      container,
    )
  }

  #pullAs(pod: Pod, image: string): Promise<void> {
    const { access, pulls, credentialsFor } = this.#options
    return access.pulling(image, async () => pulls.pull(image, await credentialsFor(pod, image)))
  }

  /** Milliseconds until a pull that failed may be tried again. */
  remaining(pod: Pod, image: string): number {
    const key = `${uidOf(pod)}_${image}`
    const failure = this.#failures.get(key)
    return failure ? this.#backoff.remaining(key, failure.at) : 0
  }

  forget(uid: string): void {
    this.#backoff.forget(`${uid}_`)
    for (const key of this.#failures.keys())
      if (key.startsWith(`${uid}_`)) this.#failures.delete(key)
  }
}

/** As upstream's label tells the size of an image. */
function sizeBucket(bytes: number): string {
  const bucket = SIZE_BUCKETS.find(([limit]) => bytes < limit * MEBIBYTE)
  return bucket?.[1] ?? 'GT100GB'
}
const MEBIBYTE = 2 ** 20
const SIZE_BUCKETS: readonly (readonly [number, string])[] = [
  [10, '0-10MB'],
  [100, '10MB-100MB'],
  [500, '100MB-500MB'],
  [1024, '500MB-1GB'],
  [5 * 1024, '1GB-5GB'],
  [10 * 1024, '5GB-10GB'],
  [20 * 1024, '10GB-20GB'],
  [30 * 1024, '20GB-30GB'],
  [40 * 1024, '30GB-40GB'],
  [60 * 1024, '40GB-60GB'],
  [100 * 1024, '60GB-100GB'],
]

const spent = (ms: number) => (ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(3)}s`)

const REFERENCE =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?\/|\[[0-9a-fA-F:]+\](?::[0-9]+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/

/** Longest reference that registries take; longer ones are refused before the pattern looks at them. */
const REFERENCE_LIMIT = 4096

/** The reference with `:latest` where it has neither tag nor digest; undefined where it is none. */
export function withTag(image: string): string | undefined {
  if (image.length > REFERENCE_LIMIT) return undefined
  const match = REFERENCE.exec(image)
  if (!match) return undefined
  return match[1] || match[2] ? image : `${image}:latest`
}
