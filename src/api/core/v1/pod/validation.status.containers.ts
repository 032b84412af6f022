/** What is said of containers: as whom they run, and how the devices are that they were given. */
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
} from '../../../machinery/field-error.ts'
import { isInRange } from '../../../machinery/names.ts'
import { wrong } from '../validation.ts'
import type { Container } from './schema.container.ts'
import type {
  ContainerStatus,
  LinuxContainerUser,
  ResourceStatus,
} from './schema.status.container.ts'
import type { Pod } from './schema.ts'

const LARGEST_ID = 2 ** 31 - 1
const CLAIM_PREFIX = 'claim:'
const HEALTH = ['Healthy', 'Unhealthy', 'Unknown']
const LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

export function validateContainerStatuses({ spec, status }: Pod): FieldError[] {
  const os = spec.os?.name ?? 'linux'
  return [
    ...LISTS.flatMap(list => validateUsers(`status.${list}`, status[list] ?? [], os)),
    ...validateDevices('status.containerStatuses', status.containerStatuses, spec.containers),
    ...validateDevices(
      'status.initContainerStatuses',
      status.initContainerStatuses,
      spec.initContainers,
    ),
    ...(status.ephemeralContainerStatuses ?? []).flatMap(({ allocatedResourcesStatus }, index) =>
      allocatedResourcesStatus?.length
        ? [
            forbidden(
              `status.ephemeralContainerStatuses[${index}].allocatedResourcesStatus`,
              'must not be specified in container status',
            ),
          ]
        : [],
    ),
  ]
}

function validateUsers(
  path: string,
  statuses: readonly ContainerStatus[],
  os: string,
): FieldError[] {
  return statuses.flatMap(({ user }, index) => {
    if (!user?.linux) return []
    const at = `${path}[${index}].user.linux`
    if (os === 'windows') return [forbidden(at, 'cannot be set for a windows pod')]
    return os === 'linux' ? validateUser(at, user.linux) : []
  })
}

function validateUser(
  path: string,
  { uid, gid, supplementalGroups = [] }: LinuxContainerUser,
): FieldError[] {
  const id = (field: string, value: number) =>
    wrong(`${path}.${field}`, value, isInRange(value, 0, LARGEST_ID))
  return [
    ...id('uid', uid),
    ...id('gid', gid),
    ...supplementalGroups.flatMap((group, index) => id(`supplementalGroups[${index}]`, group)),
  ]
}

function validateDevices(
  path: string,
  statuses: readonly ContainerStatus[] = [],
  containers: readonly Container[] = [],
): FieldError[] {
  return statuses.flatMap(({ name, allocatedResourcesStatus = [] }, index) => {
    const container = containers.find(each => each.name === name)
    return allocatedResourcesStatus.flatMap((resource, at) => {
      const field = `${path}[${index}].allocatedResourcesStatus[${at}]`
      return [
        // Of a container that nobody knows, nobody knows what it asked for.
        ...(container ? validateAllocated(`${field}.name`, resource.name, container) : []),
        ...validateHealth(`${field}.resources`, resource),
      ]
    })
  })
}

function validateAllocated(field: string, name: string, { resources }: Container): FieldError[] {
  if (!name.startsWith(CLAIM_PREFIX))
    return resources.requests && Object.hasOwn(resources.requests, name)
      ? []
      : [invalid(field, name, "must match one of the container's resource requests")]
  const claims = (resources.claims ?? []).map(
    claim => `${CLAIM_PREFIX}${claim.name}${claim.request ? `/${claim.request}` : ''}`,
  )
  return claims.includes(name)
    ? []
    : [
        invalid(
          field,
          name,
          "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty",
        ),
      ]
}

function validateHealth(path: string, { resources = [] }: ResourceStatus): FieldError[] {
  const seen = new Set<string>()
  return resources.flatMap(({ resourceID, health = '' }, index) => {
    const errors = HEALTH.includes(health)
      ? []
      : [notSupported(`${path}[${index}].health`, health, HEALTH)]
    if (seen.has(resourceID)) errors.push(duplicate(`${path}[${index}].resourceID`, resourceID))
    seen.add(resourceID)
    return errors
  })
}
