/** The resize subresource: what containers may use of cpu and memory can change while they run, and nothing else. */
import { type FieldError, forbidden, invalid } from '../../../machinery/field-error.ts'
import { differencesOf } from '../differences.ts'
import { sameValue } from '../validation.ts'
import { qualityOfServiceOf } from './qos.ts'
import type { Container } from './schema.container.ts'
import type { ResourceRequirements } from './schema.resources.ts'
import type { Pod, PodSpec } from './schema.ts'
import { MIRROR_ANNOTATION } from './validation.annotations.ts'

/** Upstream's path for what is in no field. */
export const THE_POD = '[]'
const RESIZABLE = ['cpu', 'memory'] as const
const AMOUNTS = ['requests', 'limits'] as const

/** A restartable init container runs beside the others, so it can be resized as they can. */
const isSidecar = (container: Container) => container.restartPolicy === 'Always'

/** The spec of before with what is asked for of resources; all else that the client sent is dropped. */
export function resizedSpec(before: PodSpec, asked: PodSpec): PodSpec {
  // Left to be refused: whoever renames or reorders containers means something else than a resize.
  const isMisnamed = misnamed(asked, before).length > 0
  const taken = (to: readonly Container[], from: readonly Container[]) =>
    isMisnamed ? [...from] : to.map(container => resized(container, from))
  const spec: PodSpec = { ...before, containers: taken(before.containers, asked.containers) }
  if (isMisnamed || before.initContainers)
    spec.initContainers = taken(before.initContainers ?? [], asked.initContainers ?? [])
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

/** Some pods cannot be resized at all, and nothing else is told of them then. */
export function resizeRefusal({ metadata, spec }: Pod): FieldError | undefined {
  if (metadata.annotations?.[MIRROR_ANNOTATION] !== undefined)
    return forbidden(THE_POD, 'static pods cannot be resized')
  return spec.os?.name === 'windows'
    ? forbidden(THE_POD, 'windows pods cannot be resized')
    : undefined
}

export function validatePodResize(next: Pod, previous: Pod): readonly FieldError[] {
  const { spec, status } = previous
  const errors: FieldError[] = []
  if (qualityOfServiceOf(next.spec) !== (status.qosClass || qualityOfServiceOf(spec)))
    errors.push(
      invalid('spec', status.qosClass, 'Pod QOS Class may not change as a result of resizing'),
    )
  if (!isSupportedByNode(previous))
    errors.push(forbidden('spec', 'Pod running on node without support for resize'))
  errors.push(...validateWholePod(next.spec.resources, spec.resources))
  if (status.nodeAllocatableResourceClaimStatuses?.length)
    errors.push(forbidden('spec', 'pods with node allocatable resource claims cannot be resized'))
  const others = misnamed(next.spec, spec)
  if (others.length > 0) return [...errors, ...others]
  const resized = (list: 'initContainers' | 'containers') =>
    (spec[list] ?? []).map((before, index) => ({
      path: `spec.${list}[${index}]`,
      before,
      after: next.spec[list]?.[index] ?? before,
    }))
  const [first, main] = [resized('initContainers'), resized('containers')]
  for (const { path, after, before } of [...first, ...main])
    errors.push(...nothingRemoved(`${path}.resources`, after.resources, before.resources))
  for (const { after, before } of main)
    if (!isOtherwiseSame(after, before))
      errors.push(forbidden('spec', 'only cpu and memory resources are mutable'))
  for (const { path, after, before } of first) errors.push(...validateInit(path, after, before))
  if (errors.length > 0 || isWholeAsBefore(next.spec.resources, spec.resources)) return errors
  const shown = differencesOf(next.spec.resources, spec.resources, 'spec.resources').join('\n')
  return [forbidden('spec', `only cpu and memory resources are mutable\n${shown}\n`)]
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
  whose = '',
): FieldError[] {
  return AMOUNTS.filter(field =>
    Object.keys(before[field] ?? {}).some(name => after[field]?.[name] === undefined),
  ).map(field => forbidden(`${path}.${field}`, `${whose}resource ${field} cannot be removed`))
}

const isOtherwiseSame = (after: Container, before: Container) =>
  sameValue({ ...after, resources: withoutResizing(after.resources, before.resources) }, before)

/** What ends before the others begin is not begun again for a change of its own. */
function validateInit(path: string, after: Container, before: Container): FieldError[] {
  const errors: FieldError[] = []
  if (!isOtherwiseSame(after, before))
    errors.push(
      forbidden(path, 'only cpu and memory resources for init or sidecar containers are mutable'),
    )
  const isRestarted = after.resizePolicy?.some(
    ({ restartPolicy }) => restartPolicy === 'RestartContainer',
  )
  if (isRestarted && !isSidecar(after) && !sameValue(after, before))
    errors.push(
      forbidden(
        path,
        'non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
      ),
    )
  return errors
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
function validateWholePod(
  after: ResourceRequirements | undefined,
  before: ResourceRequirements | undefined,
): FieldError[] {
  const path = 'spec.resources'
  if (hasAmounts(before) && !after)
    return [forbidden(path, 'pod-level resources cannot be removed')]
  const errors = nothingRemoved(path, after ?? {}, before ?? {}, 'pod-level ')
  return sameValue(withoutResizing(after ?? {}, before ?? {}), before ?? {})
    ? errors
    : [...errors, forbidden('spec', 'only cpu and memory resources are mutable at pod-level')]
}

const hasAmounts = (resources: ResourceRequirements = {}) =>
  AMOUNTS.some(field => Object.keys(resources[field] ?? {}).length > 0)

/** A pod that asks for nothing as a whole is another than one that says nothing of the whole, and can become neither by a resize. */
const isWholeAsBefore = (
  after: ResourceRequirements | undefined,
  before: ResourceRequirements | undefined,
): boolean => hasAmounts(after) || (after === undefined) === (before === undefined)
