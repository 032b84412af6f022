/** What is said of the claims that were made for a pod. */
import { duplicate, type FieldError, invalid, required } from '../../../machinery/field-error.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../../machinery/names.ts'
import { needed, wrong } from '../validation.ts'
import type {
  ContainerExtendedResourceRequest,
  PodExtendedResourceClaimStatus,
} from './schema.status.ts'
import type { Pod, PodSpec } from './schema.ts'

const EXTENDED = 'status.extendedResourceClaimStatus'

export function validateClaimStatuses(pod: Pod): FieldError[] {
  const { extendedResourceClaimStatus: extended } = pod.status
  return [...validateNamed(pod), ...(extended ? validateExtended(extended, pod.spec) : [])]
}

function validateNamed({ spec, status }: Pod): FieldError[] {
  const known = new Set((spec.resourceClaims ?? []).map(({ name }) => name))
  const seen = new Set<string>()
  return (status.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, index) => {
    const path = `status.resourceClaimStatuses[${index}]`
    const field = `${path}.name`
    const errors: FieldError[] = known.has(name)
      ? []
      : [invalid(field, name, 'must match the name of an entry in `spec.resourceClaims`')]
    if (seen.has(name)) errors.push(duplicate(field, name))
    seen.add(name)
    if (resourceClaimName === undefined) return errors
    return [
      ...errors,
      ...wrong(
        `${path}.resourceClaimName`,
        resourceClaimName,
        isDns1123Subdomain(resourceClaimName),
      ),
    ]
  })
}

function validateExtended(status: PodExtendedResourceClaimStatus, spec: PodSpec): FieldError[] {
  const path = `${EXTENDED}.requestMappings`
  const seen = new Set<string>()
  return [
    ...(status.requestMappings.length === 0
      ? [required(path, 'at least one request mapping is required')]
      : []),
    ...status.requestMappings.flatMap((mapping, index) => {
      const at = `${path}[${index}]`
      const errors = validateMapping(at, mapping, spec)
      const key = JSON.stringify([mapping.containerName, mapping.resourceName, mapping.requestName])
      if (seen.has(key))
        for (const field of ['containerName', 'resourceName', 'requestName'] as const)
          errors.push(duplicate(`${at}.${field}`, mapping[field]))
      seen.add(key)
      return errors
    }),
    ...needed(`${EXTENDED}.resourceClaimName`, status.resourceClaimName, isDns1123Subdomain),
  ]
}

function validateMapping(
  path: string,
  { containerName, resourceName, requestName }: ContainerExtendedResourceRequest,
  { containers, initContainers = [] }: PodSpec,
): FieldError[] {
  const container = [...containers, ...initContainers].find(({ name }) => name === containerName)
  const errors: FieldError[] = []
  if (!container)
    errors.push(
      invalid(
        `${path}.containerName`,
        containerName,
        'must match the name of an entry in spec.initContainers.name or spec.containers.name',
      ),
    )
  else if (container.resources.requests?.[resourceName] === undefined)
    errors.push(
      invalid(
        `${path}.resourceName`,
        resourceName,
        'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
      ),
    )
  // Upstream's path leaves out which of the mappings it is.
  return [...errors, ...wrong(`${EXTENDED}.requestName`, requestName, isDns1123Label(requestName))]
}
