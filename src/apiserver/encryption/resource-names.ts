/** The names of resources in an EncryptionConfiguration: `resource`, `resource.group`, `*.group`, `*.` and `*.*`. */
import { type FieldError, invalid } from '#api/machinery/field-error.ts'

export interface GroupResource {
  readonly group: string
  readonly resource: string
}

export function parseGroupResource(text: string): GroupResource {
  const dot = text.indexOf('.')
  if (dot < 0) return { group: '', resource: text }
  return { group: text.slice(dot + 1), resource: text.slice(0, dot) }
}

/** Whatever is wrong with the list `field`, in upstream's words. */
export function resourceErrors(names: readonly string[], field: string): FieldError[] {
  const errors = overlapErrors(names, field)
  names.forEach((name, i) => {
    const why = nameError(name)
    if (why) errors.push(invalid(`${field}[${i}]`, name, why))
  })
  return errors
}

/** Why a name, of all in their order, would never be looked at. */
export function maskedName(names: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const name of names) {
    const { group, resource } = parseGroupResource(name)
    const earlier = [`*.${group}`, '*.*'].find(each => seen.has(each))
    if (earlier !== undefined)
      return `resource ${JSON.stringify(name)} is masked by earlier rule ${JSON.stringify(earlier)}`
    seen.add(`${resource}.${group}`)
  }
  return undefined
}

function overlapErrors(names: readonly string[], field: string): FieldError[] {
  const all = names.map(parseGroupResource)
  let hasDuplicate = false
  let hasOverlap = false
  all.forEach((one, i) => {
    all.forEach((other, j) => {
      if (i === j) return
      const isSameGroup = one.group === other.group
      const isWhole = one.resource === '*' || other.resource === '*'
      // A name that is there twice is told once; only a third makes wildcards overlap, as upstream has it.
      if (isSameGroup && one.resource === other.resource && !hasDuplicate) hasDuplicate = true
      else if (one.group === '*' && one.resource === '*') hasOverlap = true
      else if (isSameGroup && isWhole) hasOverlap = true
    })
  })
  const errors: FieldError[] = []
  if (hasDuplicate)
    errors.push(invalid(field, names, 'the same resource cannot be specified multiple times'))
  if (hasOverlap)
    errors.push(
      invalid(
        field,
        names,
        "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
      ),
    )
  return errors
}

const WITHOUT_API = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']

function nameError(name: string): string | undefined {
  if (name.toLowerCase() !== name) return 'resource name should not contain capital letters'
  if (name === '*')
    return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
  if (WITHOUT_API.includes(name))
    return 'resources which do not have REST API/s cannot be encrypted'
  const { group, resource } = parseGroupResource(name)
  if (group === 'events.k8s.io')
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
  if (group === 'extensions')
    return "'extensions' group has been removed and cannot be used for encryption"
  if (group === '*' && resource !== '*')
    return 'encrypting the same resource across groups is not supported'
  return undefined
}
