/** Claims of devices: those of the pod, and what its containers use of them. */
import {
  duplicate,
  type FieldError,
  invalid,
  notFound,
  required,
} from '../../../machinery/field-error.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../../machinery/names.ts'
import { needed, wrong } from '../validation.ts'
import type { PodResourceClaim, ResourceClaim } from './schema.resources.ts'
import type { Pod, PodSpec } from './schema.ts'

const SOURCES = ['resourceClaimName', 'resourceClaimTemplateName'] as const

export function validatePodClaims(
  path: string,
  { resourceClaims = [] }: PodSpec,
): readonly FieldError[] {
  const names = new Set<string>()
  return resourceClaims.flatMap((claim, index) => {
    const at = `${path}[${index}]`
    const { name } = claim
    if (name && names.has(name))
      return [duplicate(`${at}.name`, name), ...validateSource(at, claim)]
    names.add(name)
    return [...needed(`${at}.name`, name, isDns1123Label), ...validateSource(at, claim)]
  })
}

/** A claim that is made from a template has a name that begins with the pod's. */
export function validateMadeClaims({ metadata, spec }: Pod): readonly FieldError[] {
  return (spec.resourceClaims ?? []).flatMap(({ name, resourceClaimTemplateName }, index) => {
    if (resourceClaimTemplateName === undefined || isDns1123Label(name).length > 0) return []
    const made = `${metadata.name}-${name}`
    return isDns1123Subdomain(made).map(text =>
      invalid(`spec.resourceClaims[${index}].name`, made, `final ResourceClaim name: ${text}`),
    )
  })
}

/** By the names of Go, as upstream shows what has none for JSON. */
const shown = ({ name, resourceClaimName, resourceClaimTemplateName }: PodResourceClaim) => ({
  Name: name,
  ResourceClaimName: resourceClaimName ?? null,
  ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
})

function validateSource(path: string, claim: PodResourceClaim): readonly FieldError[] {
  const given = SOURCES.filter(field => claim[field] !== undefined)
  const errors: FieldError[] = []
  if (given.length > 1)
    errors.push(
      invalid(
        path,
        shown(claim),
        'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
      ),
    )
  if (given.length === 0)
    errors.push(
      invalid(
        path,
        shown(claim),
        'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      ),
    )
  for (const field of given) {
    const name = claim[field] ?? ''
    errors.push(...wrong(`${path}.${field}`, name, isDns1123Subdomain(name)))
  }
  return errors
}

/** What a container uses: a whole claim or requests of it, each once, and only what the pod has. */
export function validateUsedClaims(
  path: string,
  claims: readonly ResourceClaim[],
  { resourceClaims = [] }: PodSpec,
): readonly FieldError[] {
  const used = new Set<string>()
  const names = resourceClaims.map(({ name }) => name).filter(Boolean)
  const choice = names.length > 0 ? `: ${names.toSorted().join(', ')}` : ' which is empty'
  return claims.flatMap(({ name, request }, index) => {
    const at = `${path}[${index}]`
    if (!name) return [required(at)]
    const key = request ? `${name}/${request}` : name
    const errors = request ? [...wrong(`${at}.request`, request, isDns1123Label(request))] : []
    // The whole of a claim is more than any request of it.
    const isWholeUsed = used.has(name)
    if (isWholeUsed || used.has(key)) errors.push(duplicate(at, isWholeUsed ? name : key))
    else if (!request && [...used].some(each => each.startsWith(`${name}/`)))
      errors.push(duplicate(at, name))
    used.add(key)
    if (!names.includes(name))
      errors.push(
        notFound(at, name, `must be one of the names in pod.spec.resourceClaims${choice}`),
      )
    return errors
  })
}
