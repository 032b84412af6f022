/** The resize subresource: what containers may use of cpu and memory can change while they run, and nothing else. */
import { type FieldError, forbidden, invalid } from '../../../machinery/field-error.ts'
import { sameValue } from '../validation.ts'
import { qualityOfServiceOf } from './qos.ts'
import type { Container } from './schema.container.ts'
import type { ResourceRequirements } from './schema.resources.ts'
import type { Pod, PodSpec } from './schema.ts'

const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
const RESIZABLE = ['cpu', 'memory'] as const
const AMOUNTS = ['requests', 'limits'] as const

/** A restartable init container runs beside the others, so it can be resized as they can. */
const isSidecar = (container: Container) => container.restartPolicy === 'Always'

/** The spec of before with what is asked for of resources; all else that the client sent is dropped. */
export function resizedSpec(before: PodSpec, asked: PodSpec): PodSpec {
  // Left to be refused: whoever renames or reorders containers means something else than a resize.
  if (misnamed(asked, before).length > 0)
    return { ...before, containers: asked.containers, initContainers: asked.initContainers ?? [] }
  const spec: PodSpec = {
    ...before,
    containers: before.containers.map(container => resized(container, asked.containers)),
  }
  if (before.initContainers)
    spec.initContainers = before.initContainers.map(container =>
      isSidecar(container) ? resized(container, asked.initContainers ?? []) : container,
    )
  if (asked.resources) spec.resources = asked.resources
  else delete spec.resources
  return spec
}

/** Found by name: containers may not be reordered, but must not be mixed up where they were. */
function resized(container: Container, asked: readonly Container[]): Container {
  const wanted = asked.find(({ name }) => name === container.name)
  if (!wanted) return container
  const { resizePolicy: _, ...rest } = container
  return {
    ...rest,
    resources: wanted.resources,
    ...(wanted.resizePolicy ? { resizePolicy: wanted.resizePolicy } : {}),
  }
}

/** Containers stay in their places, under their names. */
function misnamed(next: PodSpec, previous: PodSpec): FieldError[] {
  return (['containers', 'initContainers'] as const).flatMap(list => {
    const [after, before] = [next[list] ?? [], previous[list] ?? []]
    if (after.length !== before.length)
      return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)]
    return before.flatMap(({ name }, index) =>
      after[index]?.name === name
        ? []
        : [
            forbidden(
              `spec.${list}[${index}].name`,
              `${list} may not be renamed or reordered on resize`,
            ),
          ],
    )
  })
}

export function validatePodResize(next: Pod, previous: Pod): readonly FieldError[] {
  if (previous.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined)
    return [forbidden('', 'static pods cannot be resized')]
  if (previous.spec.os?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')]
  const errors: FieldError[] = []
  if (qualityOfServiceOf(next.spec) !== qualityOfServiceOf(previous.spec))
    errors.push(
      invalid(
        'spec',
        previous.status.qosClass,
        'Pod QOS Class may not change as a result of resizing',
      ),
    )
  if (!isSupportedByNode(previous))
    errors.push(forbidden('spec', 'Pod running on node without support for resize'))
  const others = misnamed(next.spec, previous.spec)
  if (others.length > 0) return [...errors, ...others]
  for (const list of ['initContainers', 'containers'] as const)
    for (const [index, before] of (previous.spec[list] ?? []).entries()) {
      const after = next.spec[list]?.[index]
      if (!after || (list === 'initContainers' && !isSidecar(before))) continue
      errors.push(
        ...nothingRemoved(`spec.${list}[${index}].resources`, after.resources, before.resources),
        ...onlyResizables(list, after, before),
      )
    }
  return [...errors, ...validateWholePod(next.spec, previous.spec)]
}

/** A kubelet that can resize tells the resources of what runs. Where nothing runs, nobody knows yet. */
function isSupportedByNode({ status }: Pod): boolean {
  const running = status.containerStatuses?.find(({ state }) => state.running)
  return !running || running.resources !== undefined
}

function nothingRemoved(
  path: string,
  after: ResourceRequirements,
  before: ResourceRequirements,
): FieldError[] {
  return AMOUNTS.filter(field =>
    Object.keys(before[field] ?? {}).some(name => after[field]?.[name] === undefined),
  ).map(field => forbidden(`${path}.${field}`, `resource ${field} cannot be removed`))
}

function onlyResizables(list: string, after: Container, before: Container): FieldError[] {
  const restored = { ...after, resources: withoutResizing(after.resources, before.resources) }
  if (sameValue(restored, before)) return []
  const whose = list === 'containers' ? '' : ' for sidecar containers'
  return [forbidden('spec', `only cpu and memory resources${whose} are mutable`)]
}

function withoutResizing(
  after: ResourceRequirements,
  before: ResourceRequirements,
): ResourceRequirements {
  const restored = structuredClone(after)
  for (const field of AMOUNTS)
    for (const name of RESIZABLE) {
      const amounts = restored[field]
      const kept = before[field]?.[name]
      if (kept !== undefined) restored[field] = { ...amounts, [name]: kept }
      // Where there was none of a list at all, one may begin with what can be resized.
      else if (amounts) delete amounts[name]
    }
  return restored
}

/** What the pod as a whole may use follows the rules of its containers. */
function validateWholePod(next: PodSpec, previous: PodSpec): readonly FieldError[] {
  const { resources: before = {} } = previous
  const { resources: after = {} } = next
  const errors = nothingRemoved('spec.resources', after, before)
  return sameValue(withoutResizing(after, before), before)
    ? errors
    : [...errors, forbidden('spec', 'only cpu and memory resources are mutable')]
}
