/** The objects that every server has and whose specs nobody may change: what is exempt, and what nothing else takes. */
import type { FlowSchemaSpec, PolicyRulesWithSubjects } from './flow-schema.schema.ts'
import type { PriorityLevelConfigurationSpec } from './priority-level-configuration.schema.ts'

export const EXEMPT = 'exempt'
export const CATCH_ALL = 'catch-all'

const all = ['*']

/** Every request of anybody in these groups. */
export function everythingOf(
  subjects: PolicyRulesWithSubjects['subjects'],
): PolicyRulesWithSubjects {
  return {
    subjects,
    resourceRules: [
      { verbs: all, apiGroups: all, resources: all, namespaces: all, clusterScope: true },
    ],
    nonResourceRules: [{ verbs: all, nonResourceURLs: all }],
  }
}

export const groups = (...names: string[]): PolicyRulesWithSubjects['subjects'] =>
  names.map(name => ({ kind: 'Group', group: { name } }))

export const MANDATORY_FLOW_SCHEMAS: ReadonlyMap<string, FlowSchemaSpec> = new Map([
  [
    EXEMPT,
    {
      priorityLevelConfiguration: { name: EXEMPT },
      matchingPrecedence: 1,
      rules: [everythingOf(groups('system:masters'))],
    },
  ],
  [
    CATCH_ALL,
    {
      priorityLevelConfiguration: { name: CATCH_ALL },
      matchingPrecedence: 10_000,
      distinguisherMethod: { type: 'ByUser' },
      rules: [everythingOf(groups('system:unauthenticated', 'system:authenticated'))],
    },
  ],
])

export const MANDATORY_PRIORITY_LEVELS: ReadonlyMap<string, PriorityLevelConfigurationSpec> =
  new Map<string, PriorityLevelConfigurationSpec>([
    [EXEMPT, { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }],
    [
      CATCH_ALL,
      {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 5,
          lendablePercent: 0,
          limitResponse: { type: 'Reject' },
        },
      },
    ],
  ])
