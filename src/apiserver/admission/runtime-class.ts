/** Gives pods what their runtime class says: what they cost beside their containers, and where they can run. */
import type { Pod, Toleration } from '#api/core/v1/pod/pod.ts'
import { sameValue } from '#api/core/v1/validation.ts'
import { compareQuantities } from '#api/machinery/quantity.ts'
import type { RuntimeClass, Scheduling } from '#api/node/v1/runtime-class.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { asPod, concernsPods, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

type Amounts = Readonly<Record<string, string>>

const OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"

export function runtimeClassStep(world: Pick<AdmissionWorld, 'runtimeClass'>): AdmissionStep {
  const isNew = (request: AdmissionRequest) =>
    request.operation === 'CREATE' && concernsPods(request)
  const classOf = async (request: AdmissionRequest, { spec }: Pod) => {
    const { runtimeClassName: name } = spec
    if (name === undefined) return undefined
    const found = await world.runtimeClass(name)
    if (!found)
      throw refused(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
    return found
  }
  return {
    name: 'RuntimeClass',
    resources: ['pods'],
    mutate(request, draft) {
      const pod = asPod(draft)
      // Nearly all pods name none, and need not wait.
      if (!isNew(request) || pod.spec.runtimeClassName === undefined) return
      return classOf(request, pod).then(found => {
        if (found) fillIn(request, pod.spec, found)
      })
    },
    validate(request) {
      const pod = request.object as Pod | undefined
      if (!isNew(request) || !pod) return
      const { overhead, runtimeClassName } = pod.spec
      if (overhead === undefined && runtimeClassName === undefined) return
      return classOf(request, pod).then(found => checkOverhead(request, overhead, found))
    },
  }
}

function fillIn(request: AdmissionRequest, spec: Pod['spec'], found: RuntimeClass): void {
  const { overhead, scheduling } = found
  if (overhead) {
    if (spec.overhead && !isSame(spec.overhead, overhead.podFixed))
      throw refused(request, OTHER_OVERHEAD)
    if (overhead.podFixed) spec.overhead = { ...overhead.podFixed }
  }
  if (scheduling) place(request, spec, scheduling)
}

function place(request: AdmissionRequest, spec: Pod['spec'], scheduling: Scheduling): void {
  const { nodeSelector = {}, tolerations = [] } = scheduling
  const own = spec.nodeSelector ?? {}
  for (const [key, value] of Object.entries(nodeSelector))
    if (Object.hasOwn(own, key) && own[key] !== value)
      throw refused(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own[key]}`,
      )
  const labels = { ...own, ...nodeSelector }
  if (Object.keys(labels).length > 0) spec.nodeSelector = labels
  const merged = mergeTolerations([...(spec.tolerations ?? []), ...structuredClone(tolerations)])
  if (merged.length > 0) spec.tolerations = merged
}

function checkOverhead(
  request: AdmissionRequest,
  overhead: Amounts | undefined,
  found: RuntimeClass | undefined,
): void {
  if (found?.overhead) {
    if (!isSame(overhead, found.overhead.podFixed)) throw refused(request, OTHER_OVERHEAD)
  } else if (overhead)
    throw refused(
      request,
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    )
}

/** The same amounts, however they are written. */
function isSame(a: Amounts = {}, b: Amounts = {}): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every(name => {
    const [one, other] = [a[name], b[name]]
    return one !== undefined && other !== undefined && compareQuantities(one, other) === 0
  })
}

/** Without those that another tolerates as well. */
export function mergeTolerations(all: readonly Toleration[]): Toleration[] {
  const merged: Toleration[] = []
  for (const [index, toleration] of all.entries()) {
    const isCovered =
      merged.some(other => covers(other, toleration)) ||
      all.slice(index + 1).some(other => !sameValue(other, toleration) && covers(other, toleration))
    if (!isCovered) merged.push(toleration)
  }
  return merged
}

/** Whether whatever `other` tolerates, `wide` tolerates too. */
function covers(wide: Toleration, other: Toleration): boolean {
  if (sameValue(wide, other)) return true
  const { key = '', operator = '', effect = '', tolerationSeconds: seconds } = wide
  if ((other.key ?? '') !== key && (key !== '' || operator !== 'Exists')) return false
  if (effect !== '' && (other.effect ?? '') !== effect) return false
  if (effect === 'NoExecute' && seconds !== undefined)
    if (other.tolerationSeconds === undefined || other.tolerationSeconds > seconds) return false
  if (operator === 'Exists') return true
  const isEqual = operator === '' || operator === 'Equal'
  return isEqual && other.operator === 'Equal' && (other.value ?? '') === (wide.value ?? '')
}
