import { defineKind } from '../../machinery/kind.ts'
import { isDns1123Subdomain, maskedPrefix } from '../../machinery/names.ts'
import { rememberStorageVersion } from './conditions.ts'
import {
  type CustomResourceDefinition,
  type CustomResourceVersion,
  customResourceDefinitionShape,
} from './custom-resource-definition.schema.ts'

export type { CustomResourceDefinition, CustomResourceVersion }

type Rules = typeof import('./custom-resource-definition.validation.ts')

/** The rules are many and most servers never see a definition, so they are loaded before the first write. */
let rules: Rules | undefined

async function prepareWrites(): Promise<void> {
  rules ??= await import('./custom-resource-definition.validation.ts')
  await rules.prepare()
}

function loaded(): Rules {
  if (!rules) throw new Error('the rules of definitions are not loaded')
  return rules
}

export const customResourceDefinition = defineKind<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  scope: 'Cluster',
  nameRule: wrongName,
  shape: customResourceDefinitionShape,
  subresources: { status: true },
  hasGeneration: true,
  prepareWrites,
  takesAnyPrefix: true,
  defaults: draft => {
    const { spec, status } = draft
    const { names } = spec
    if (status.storedVersions.length === 0) rememberStorageVersion(draft)
    names.singular ||= names.kind.toLowerCase()
    if (!names.listKind && names.kind) names.listKind = `${names.kind}List`
    spec.conversion ??= { strategy: 'None' }
  },
  prepareForCreate: draft => {
    draft.status = { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] }
    rememberStorageVersion(draft)
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validateCreate: object => loaded().validateDefinition(object),
  validateUpdate: (next, previous) => loaded().validateDefinitionUpdate(next, previous),
  validateStatusUpdate: next => loaded().validateDefinitionStatus(next),
  warnings: (next, previous) => loaded().formatWarnings(next, previous),
})

/** The same for prefixes, of which it can hold for none. */
function wrongName(
  name: string,
  { spec }: CustomResourceDefinition,
  isPrefix: boolean,
): readonly string[] {
  return [
    ...isDns1123Subdomain(isPrefix ? maskedPrefix(name) : name),
    ...(name === `${spec.names.plural}.${spec.group}`
      ? []
      : ['must be spec.names.plural+"."+spec.group']),
  ]
}
