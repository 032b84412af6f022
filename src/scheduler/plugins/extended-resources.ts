/** Extended resources that devices stand for: a class names one, and each class has one that is formed of its own name. */
import { DEVICE_CLASS_PREFIX } from '#api/core/v1/resource-names.ts'
import { type DeviceClass, deviceClass } from '#api/resource/v1/device-class.ts'
import type { Handle } from '../framework/handle.ts'
import type { Amounts } from '../state/pod-requests.ts'

export class ExtendedResources {
  readonly #classes
  readonly #isOn: boolean
  /** Names of classes by resource; undefined after a change. */
  #byResource: ReadonlyMap<string, string> | undefined

  constructor({ enabled, follow, informers }: Handle) {
    this.#isOn = enabled('DRAExtendedResource')
    this.#classes = informers.for(deviceClass)
    const forget = () => {
      this.#byResource = undefined
    }
    follow(this.#classes, { changed: forget, deleted: forget })
  }

  /** The class whose devices serve the resource. */
  classFor(resource: string): string | undefined {
    return this.#known().get(resource)
  }

  /** Of what a pod asks for, that which devices may serve. Costs nothing where there are no classes. */
  servedOf(requests: Amounts): readonly string[] {
    const known = this.#known()
    if (known.size === 0) return NONE
    return [...requests].flatMap(([resource, amount]) =>
      amount > 0 && known.has(resource) ? [resource] : [],
    )
  }

  #known(): ReadonlyMap<string, string> {
    this.#byResource ??= this.#isOn ? byResource(this.#classes.list()) : new Map()
    return this.#byResource
  }
}
const NONE: readonly string[] = []

/** Whether the class serves anything that the pod asks for. */
export function servesAny(
  { metadata, spec }: DeviceClass,
  { requests }: { requests: Amounts },
): boolean {
  const { extendedResourceName: explicit } = spec
  return (
    requests.has(DEVICE_CLASS_PREFIX + metadata.name) ||
    (explicit !== undefined && requests.has(explicit))
  )
}

function byResource(classes: readonly DeviceClass[]): ReadonlyMap<string, string> {
  const found = new Map<string, DeviceClass>()
  for (const each of classes) {
    found.set(DEVICE_CLASS_PREFIX + each.metadata.name, each)
    const { extendedResourceName: explicit } = each.spec
    if (explicit === undefined) continue
    const other = found.get(explicit)
    if (!other || goesBefore(each, other)) found.set(explicit, each)
  }
  return new Map([...found].map(([resource, { metadata }]) => [resource, metadata.name ?? '']))
}

/** Of two classes that name the same resource, the later one counts; of the same second, the first by name. */
function goesBefore({ metadata: one }: DeviceClass, { metadata: other }: DeviceClass): boolean {
  const [own, others] = [one, other].map(({ creationTimestamp }) =>
    Date.parse(creationTimestamp ?? ''),
  )
  if (own !== others) return (own ?? 0) > (others ?? 0)
  return (one.name ?? '') < (other.name ?? '')
}
