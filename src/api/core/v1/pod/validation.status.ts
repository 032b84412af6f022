/** What a write of a pod's status may say. Kubelets, schedulers and controllers write it, so that little of it is judged. */
import { type FieldError, forbidden, internal, invalid } from '../../../machinery/field-error.ts'
import { isDns1123Subdomain, isQualifiedName } from '../../../machinery/names.ts'
import { isIp, looseFamily } from '../addresses.ts'
import { given, immutable, wrong } from '../validation.ts'
import { couldRestartAll } from './restart-all.ts'
import type { Container } from './schema.container.ts'
import type { PodCondition, PodStatus } from './schema.status.ts'
import type { Pod, PodSpec } from './schema.ts'
import { validateAnnotationUpdate } from './validation.annotations.ts'
import { validateClaimStatuses } from './validation.status.claims.ts'
import { validateContainerStatuses } from './validation.status.containers.ts'

/** The system's own, whose names need no check. */
const SYSTEM_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized']

export function validatePodStatusUpdate(next: Pod, previous: Pod): readonly FieldError[] {
  const { spec, status } = next
  return [
    ...validateAnnotationUpdate(next, previous),
    ...validateConditions(status.conditions ?? []),
    ...((spec.nodeName ?? '') === (previous.spec.nodeName ?? '')
      ? []
      : [forbidden('status.nodeName', 'may not be changed directly')]),
    ...validateNomination(status, previous),
    ...notNegative('status.observedGeneration', status.observedGeneration),
    ...immutable('status.qosClass', status.qosClass ?? '', previous.status.qosClass),
    ...noneComesBack(status, previous),
    ...validateClaimStatuses(next),
    ...validateAddresses('status.podIPs', status.podIPs, previous.status.podIPs),
    ...validateHostAddresses(status, previous.status),
    ...validateContainerStatuses(next),
  ]
}

const notNegative = (field: string, value = 0): FieldError[] =>
  value < 0 ? [invalid(field, value, 'must be a non-negative integer')] : []

function validateConditions(conditions: readonly PodCondition[]): FieldError[] {
  return conditions.flatMap(({ type, observedGeneration }, index) => {
    const path = `status.conditions[${index}]`
    return [
      ...notNegative(`${path}.observedGeneration`, observedGeneration),
      // Upstream's path has the capital.
      ...(SYSTEM_CONDITIONS.includes(type)
        ? []
        : wrong(`${path}.Type`, type, isQualifiedName(type))),
    ]
  })
}

/** The node on which room is made means nothing where there is a node already. */
function validateNomination(
  { nominatedNodeName: name = '' }: PodStatus,
  { spec, status }: Pod,
): readonly FieldError[] {
  const field = 'status.nominatedNodeName'
  if (name === (status.nominatedNodeName ?? '')) return []
  return [
    ...given(field, name, isDns1123Subdomain),
    ...(spec.nodeName && name
      ? [forbidden(field, 'may not be set on pods that are already bound to a node')]
      : []),
  ]
}

/** A container that has ended for good does not come back, but where the end of another has all of them start anew. */
function noneComesBack(next: PodStatus, { spec, status }: Pod): FieldError[] {
  const anyComesBack = couldRestartAll(spec)
  const ended = (list: StatusList, isRestarted: (name: string, exitCode: number) => boolean) =>
    (status[list] ?? []).flatMap(({ name, state }, index) => {
      const { terminated } = state
      const isBack = next[list]?.some(each => each.name === name && !each.state.terminated)
      if (!terminated || !isBack || isRestarted(name, terminated.exitCode)) return []
      return [
        forbidden(
          `status.${list}[${index}].state`,
          'may not be transitioned to non-terminated state',
        ),
      ]
    })
  const restartedIn = (containers: readonly Container[]) => (name: string, exitCode: number) => {
    if (anyComesBack) return true
    const container = containers.find(each => each.name === name)
    return container !== undefined && isRestarted(container, spec, exitCode)
  }
  return [
    ...ended('containerStatuses', restartedIn(spec.containers)),
    ...ended('initContainerStatuses', restartedIn(spec.initContainers ?? [])),
    ...ended('ephemeralContainerStatuses', () => false),
  ]
}

type StatusList = 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses'

/** By the first of its rules that is about the exit code, then by its own policy, then by that of the pod. */
function isRestarted(container: Container, spec: PodSpec, exitCode: number): boolean {
  const { restartPolicy, restartPolicyRules = [] } = container
  const isHit = restartPolicyRules.some(
    ({ exitCodes }) =>
      exitCodes && (exitCodes.values ?? []).includes(exitCode) === (exitCodes.operator === 'In'),
  )
  if (restartPolicy && isHit) return true
  const policy = restartPolicy ?? spec.restartPolicy
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never'
}

type Addresses = readonly { readonly ip: string }[]

/** What was there already may stay, whatever it is. */
function validateAddresses(
  field: string,
  addresses: Addresses = [],
  before: Addresses = [],
): FieldError[] {
  const errors = addresses.flatMap(({ ip }, index) =>
    before.some(old => old.ip === ip) ? [] : wrong(`${field}[${index}]`, ip, isIp(ip)),
  )
  if (addresses.length < 2) return errors
  const families = addresses.map(({ ip }) => looseFamily(ip))
  const at = families.indexOf(undefined)
  const unread = `failed to check for dual stack with error:invalid IP[${at}]: ${addresses[at]?.ip}`
  if (at >= 0) errors.push(internal(field, unread))
  else if (families.length === 2 && families[0] !== families[1]) return errors
  return [
    ...errors,
    invalid(field, addresses, 'may specify no more than one IP for each IP family'),
  ]
}

function validateHostAddresses(
  { hostIP = '', hostIPs = [] }: PodStatus,
  before: PodStatus,
): FieldError[] {
  const [first] = hostIPs
  const errors = validateAddresses('status.hostIPs', hostIPs, before.hostIPs)
  return first && first.ip !== hostIP
    ? [invalid('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`'), ...errors]
    : errors
}
