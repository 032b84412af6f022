/** Who may have which names: no two resources of a group share one, and whoever was first keeps it. */
import { equal } from '../../machinery/patch/json-patch.ts'
import { type ConditionSource, conditionOf } from '../v1/conditions.ts'
import type {
  CustomResourceDefinition,
  CustomResourceNames,
} from '../v1/custom-resource-definition.schema.ts'

export interface Naming {
  readonly acceptedNames: CustomResourceNames
  /** Absent where nothing is left to decide; then what the definition says of it stands, even where somebody wrote it by hand. */
  readonly condition?: ConditionSource
}

/** `others` are all definitions of the group, this one or not. */
export function acceptNames(
  { spec, status }: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
): Naming {
  const [wanted, mine] = [spec.names, status.acceptedNames]
  if (equal(withoutEmpty(wanted), withoutEmpty(mine))) return { acceptedNames: mine }
  const taken = takenBy(others)
  const accepted = { ...mine }
  let conflict: { reason: string; message: string } | undefined
  const claim = (field: 'plural' | 'singular' | 'kind' | 'listKind', names: Set<string>) => {
    const name = wanted[field] ?? ''
    if (name !== (mine[field] ?? '') && names.has(name)) {
      const reason = `${field.charAt(0).toUpperCase()}${field.slice(1)}Conflict`
      conflict = { reason, message: inUse([name]) }
    } else if (name === '') delete accepted[field]
    else accepted[field] = name
  }
  claim('plural', taken.resources)
  claim('singular', taken.resources)
  const blocked = (wanted.shortNames ?? []).filter(
    name => !mine.shortNames?.includes(name) && taken.resources.has(name),
  )
  if (blocked.length > 0) conflict = { reason: 'ShortNamesConflict', message: inUse(blocked) }
  else setOrDelete(accepted, 'shortNames', wanted.shortNames)
  claim('kind', taken.kinds)
  claim('listKind', taken.kinds)
  setOrDelete(accepted, 'categories', wanted.categories)
  const outcome = conflict
    ? { status: 'False', ...conflict }
    : { status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
  return { acceptedNames: accepted, condition: { type: 'NamesAccepted', ...outcome } }
}

const withoutEmpty = (names: CustomResourceNames) =>
  Object.fromEntries(Object.entries(names).filter(([, value]) => value && value.length > 0))

function setOrDelete(
  names: CustomResourceNames,
  field: 'shortNames' | 'categories',
  value: string[] | undefined,
): void {
  if (value && value.length > 0) names[field] = value
  else delete names[field]
}

function inUse(names: readonly string[]): string {
  const texts = [...new Set(names)].map(name => `${JSON.stringify(name)} is already in use`)
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}

function takenBy(definitions: readonly CustomResourceDefinition[]) {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { status } of definitions) {
    const { plural, singular = '', shortNames = [], kind, listKind = '' } = status.acceptedNames
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name)
    for (const name of [kind, listKind]) if (name) kinds.add(name)
  }
  return { resources, kinds }
}

/** Whether the resource is to be served, once the names are decided; undefined where nobody knows and nothing is told. */
export function establishedCondition(
  definition: CustomResourceDefinition,
  names: ConditionSource | undefined,
  wrongBundle: string | undefined,
): ConditionSource | undefined {
  const before = conditionOf(definition, 'Established')
  const decided = (names ?? conditionOf(definition, 'NamesAccepted'))?.status
  if (before && (before.status === 'True' || decided !== 'True'))
    return { ...before, type: 'Established' }
  if (decided !== 'True' && !names) return undefined
  if (decided !== 'True')
    return {
      type: 'Established',
      status: 'False',
      reason: 'NotAccepted',
      message: 'not all names are accepted',
    }
  if (wrongBundle !== undefined)
    return {
      type: 'Established',
      status: 'False',
      reason: 'InvalidCABundle',
      message: 'The conversion webhook CABundle is invalid',
    }
  return {
    type: 'Established',
    status: 'True',
    reason: 'InitialNamesAccepted',
    message: 'the initial names have been accepted',
  }
}
