import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { flowSchema } from './flow-schema.ts'
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from './mandatory.ts'
import { priorityLevelConfiguration as level } from './priority-level-configuration.ts'

const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const ann = { kind: 'User', user: { name: 'ann' } }
const pods = { verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }
const rule = { subjects: [ann], resourceRules: [pods] }
const priorityLevelConfiguration = { name: 'low' }
const VERBS =
  '"create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"'

const schemaProblems = (spec: object, name = 'web') =>
  lines(
    flowSchema.validate(
      created(flowSchema, { metadata: { name }, spec: { priorityLevelConfiguration, ...spec } }),
    ),
  )
const levelProblems = (spec: object, name = 'web') =>
  lines(level.validate(created(level, { metadata: { name }, spec })))

test('a flow schema comes after the important ones unless it says otherwise', () => {
  const object = created(flowSchema, {
    spec: { priorityLevelConfiguration },
    status: { conditions: [{ type: 'x' }] },
  })
  assert.equal(object.spec.matchingPrecedence, 1000)
  assert.deepEqual(object.status, {})
  assert.deepEqual(lines(flowSchema.validate(object)), [])
  assert.equal(flowSchema.hasGeneration, true)
})

const wrongSchemas: [string, object, string[]][] = [
  [
    'before everything',
    { matchingPrecedence: -1 },
    ['spec.matchingPrecedence: Invalid value: -1: must be a positive value'],
  ],
  [
    'behind everything',
    { matchingPrecedence: 10001 },
    ['spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000'],
  ],
  [
    'in the place of the exempt one',
    { matchingPrecedence: 1 },
    [
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    ],
  ],
  [
    'with an unknown distinguisher',
    { distinguisherMethod: { type: 'ByMood' } },
    [
      'spec.distinguisherMethod.type: Unsupported value: {"Type":"ByMood"}: supported values: "ByNamespace", "ByUser"',
    ],
  ],
  [
    'without level',
    { priorityLevelConfiguration: {} },
    ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level'],
  ],
  [
    'with an empty rule',
    { rules: [{}] },
    [
      'spec.rules[0].subjects: Required value: subjects must contain at least one value',
      'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ],
  ],
  [
    'with strange subjects',
    {
      rules: [
        {
          ...rule,
          subjects: [
            { kind: 'Robot' },
            { kind: 'User' },
            { kind: 'User', user: {}, group: { name: 'a' } },
            { kind: 'Group', group: { name: '*' }, serviceAccount: { name: 'a', namespace: 'b' } },
            { kind: 'ServiceAccount', serviceAccount: { name: 'A!', namespace: '' } },
            { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'B' } },
          ],
        },
      ],
    },
    [
      'spec.rules[0].subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
      "spec.rules[0].subjects[1].user: Required value: user is required when subject kind is 'User'",
      'spec.rules[0].subjects[2].user.name: Required value',
      "spec.rules[0].subjects[2].group: Forbidden: group is forbidden when subject kind is not 'Group'",
      "spec.rules[0].subjects[3].serviceAccount: Forbidden: serviceAccount is forbidden when subject kind is not 'ServiceAccount'",
      "spec.rules[0].subjects[4].serviceAccount.name: Invalid value: \"A!\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.rules[0].subjects[4].serviceAccount.namespace: Required value: must specify namespace for service account',
      `spec.rules[0].subjects[5].serviceAccount.namespace: Invalid value: "B": ${LABEL_RULE}`,
    ],
  ],
  [
    'with strange resources',
    {
      rules: [
        {
          subjects: [ann],
          resourceRules: [
            {},
            {
              verbs: ['*', 'get'],
              apiGroups: ['*', ''],
              resources: ['*', 'pods'],
              namespaces: ['*', 'a'],
            },
            { ...pods, verbs: ['eat'], namespaces: ['B'] },
          ],
        },
      ],
    },
    [
      'spec.rules[0].resourceRules[0].verbs: Required value: verbs must contain at least one value',
      'spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource',
      'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
      'spec.rules[0].resourceRules[1].verbs: Invalid value: ["*","get"]: if \'*\' is present, must not specify other verbs',
      'spec.rules[0].resourceRules[1].apiGroups: Invalid value: ["*",""]: if \'*\' is present, must not specify other api groups',
      'spec.rules[0].resourceRules[1].resources: Invalid value: ["*","pods"]: if \'*\' is present, must not specify other resources',
      'spec.rules[0].resourceRules[1].namespaces: Invalid value: ["*","a"]: if \'*\' is present, must not specify other namespaces',
      `spec.rules[0].resourceRules[2].verbs: Unsupported value: ["eat"]: supported values: ${VERBS}`,
      `spec.rules[0].resourceRules[2].namespaces[0]: Invalid value: "B": each member of this list must be '*' or a DNS-1123 label; ${LABEL_RULE}`,
    ],
  ],
]
for (const [name, spec, expected] of wrongSchemas)
  test(`refused flow schema: ${name}`, () => {
    assert.deepEqual(schemaProblems(spec), expected)
  })

test('paths of a flow schema start with a slash and end in /* at most', () => {
  const check = (...nonResourceURLs: string[]) =>
    schemaProblems({
      rules: [{ subjects: [ann], nonResourceRules: [{ verbs: ['get'], nonResourceURLs }] }],
    }).map(line => line.replace('spec.rules[0].nonResourceRules[0].', ''))
  assert.deepEqual(check('/', '/a', '/a/*', '/*'), [])
  assert.deepEqual(check('*'), [])
  assert.deepEqual(check(), [
    'nonResourceURLs: Required value: nonResourceURLs must contain at least one value',
  ])
  assert.deepEqual(check('*', '/a'), [
    'nonResourceURLs: Invalid value: ["*","/a"]: if \'*\' is present, must not specify other non-resource URLs',
  ])
  assert.deepEqual(check('', 'a', '/a b', '/a//b', '/a*', '/*/*', '/*/a'), [
    'nonResourceURLs[0]: Invalid value: "": must not be empty',
    'nonResourceURLs[1]: Invalid value: "a": must start with slash',
    'nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space',
    'nonResourceURLs[3]: Invalid value: "/a//b": must not contain double slash',
    'nonResourceURLs[4]: Invalid value: "/a*": wildcard can only do suffix matching',
    'nonResourceURLs[5]: Invalid value: "/*/*": wildcard can only do suffix matching',
    'nonResourceURLs[6]: Invalid value: "/*/a": wildcard can only do suffix matching',
  ])
})

test('a flow schema may match nothing, and a cluster-scoped rule needs no namespace', () => {
  assert.deepEqual(schemaProblems({ rules: [] }), [])
  const resourceRules = [{ ...pods, namespaces: [], clusterScope: true }]
  assert.deepEqual(schemaProblems({ rules: [{ ...rule, resourceRules }] }), [])
})

test('the mandatory objects are valid, have their defaults and cannot change', () => {
  for (const [name, spec] of MANDATORY_FLOW_SCHEMAS) {
    const object = created(flowSchema, { metadata: { name }, spec })
    assert.deepEqual(object.spec, spec)
    assert.deepEqual(lines(flowSchema.validate(object)), [])
    const changed = schemaProblems({ ...spec, rules: [] }, name)
    assert.ok(changed.at(-1)?.endsWith(`: spec of '${name}' must equal the fixed value`))
  }
  for (const [name, spec] of MANDATORY_PRIORITY_LEVELS) {
    const object = created(level, { metadata: { name }, spec })
    assert.deepEqual(object.spec, spec)
    assert.deepEqual(lines(level.validate(object)), [])
  }
  const [catchAll] = levelProblems(
    {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 6, limitResponse: { type: 'Reject' } },
    },
    'catch-all',
  )
  assert.ok(catchAll?.endsWith(": spec of 'catch-all' must equal the fixed value"))
})

test('what is kept for the exempt level may be chosen, and nothing else of it', () => {
  const exempt = { nominalConcurrencyShares: 10, lendablePercent: 50 }
  assert.deepEqual(levelProblems({ type: 'Exempt', exempt }, 'exempt'), [])
  assert.deepEqual(
    levelProblems(
      { type: 'Exempt', exempt: { nominalConcurrencyShares: -1, lendablePercent: 101 } },
      'exempt',
    ),
    [
      'spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      'spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
    ],
  )
  const limited = { limitResponse: { type: 'Reject' } }
  const repurposed = levelProblems({ type: 'Limited', exempt, limited }, 'exempt')
  assert.deepEqual(repurposed.slice(0, 2), [
    "spec.type: Invalid value: \"Limited\": must be 'Exempt' if and only if `name` is 'exempt'",
    'spec.exempt: Forbidden: must be nil if the type is Limited',
  ])
  assert.match(repurposed[2] ?? '', /except the 'spec.exempt' field must equal the fixed value$/)
})

test('a level has the defaults of upstream, and zero shares are a jail', () => {
  const limited = (more: object) =>
    created(level, { spec: { type: 'Limited', limited: more } }).spec.limited
  assert.deepEqual(limited({ limitResponse: { type: 'Queue', queuing: {} } }), {
    nominalConcurrencyShares: 30,
    lendablePercent: 0,
    limitResponse: { type: 'Queue', queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
  })
  assert.equal(limited({ nominalConcurrencyShares: 0 })?.nominalConcurrencyShares, 0)
  assert.deepEqual(created(level, { spec: { type: 'Exempt', exempt: {} } }).spec.exempt, {
    nominalConcurrencyShares: 0,
    lendablePercent: 0,
  })
})

const queue = (queuing: object) => ({
  type: 'Limited',
  limited: {
    limitResponse: {
      type: 'Queue',
      queuing: { queues: 64, handSize: 6, queueLengthLimit: 50, ...queuing },
    },
  },
})
const at = 'spec.limited.limitResponse'
const wrongLevels: [string, object, string[]][] = [
  [
    'of no type',
    { type: 'Loose' },
    ['spec.type: Unsupported value: "Loose": supported values: "Exempt", "Limited"'],
  ],
  ['that says none', { type: '' }, ['spec.type: Required value']],
  [
    'limited somehow',
    { type: 'Limited', limited: { limitResponse: {} } },
    [`${at}.type: Required value`],
  ],
  [
    'that would be exempt, and limited too',
    { type: 'Exempt', limited: { limitResponse: { type: 'Reject' } } },
    [
      "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
      'spec.limited: Forbidden: must be nil if the type is not Limited',
    ],
  ],
  [
    'limited by nothing',
    { type: 'Limited' },
    ['spec.limited: Required value: must not be empty when type is Limited'],
  ],
  [
    'with strange numbers',
    {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: -1,
        lendablePercent: -1,
        borrowingLimitPercent: -1,
        limitResponse: { type: 'Reject', queuing: {} },
      },
    },
    [
      'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      `${at}.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited`,
      'spec.limited.lendablePercent: Invalid value: -1: must be between 0 and 100, inclusive',
      'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
    ],
  ],
  [
    'that does something else',
    { type: 'Limited', limited: { limitResponse: { type: 'Cry' } } },
    [`${at}.type: Unsupported value: "Cry": supported values: "Queue", "Reject"`],
  ],
  [
    'without queues',
    { type: 'Limited', limited: { limitResponse: { type: 'Queue' } } },
    [`${at}.queuing: Required value: must not be empty if limited.limitResponse.type is Limited`],
  ],
  [
    'with negative queues',
    queue({ queues: -1, handSize: -1, queueLengthLimit: -1 }),
    [
      `${at}.queuing.queueLengthLimit: Invalid value: -1: must be positive`,
      `${at}.queuing.queues: Invalid value: -1: must be positive`,
      `${at}.queuing.handSize: Invalid value: -1: must be positive`,
    ],
  ],
  [
    'with too many queues',
    queue({ queues: 10_000_001, handSize: 1 }),
    [`${at}.queuing.queues: Invalid value: 10000001: must not be greater than 10000000`],
  ],
  [
    'with too large a hand',
    queue({ queues: 5 }),
    [`${at}.queuing.handSize: Invalid value: 6: should not be greater than queues (5)`],
  ],
  [
    'that uses up the hash',
    queue({ queues: 512, handSize: 7 }),
    [
      `${at}.queuing.handSize: Invalid value: 7: required entropy bits of deckSize 512 and handSize 7 should not be greater than 60`,
    ],
  ],
]
for (const [name, spec, expected] of wrongLevels)
  test(`refused priority level ${name}`, () => {
    assert.deepEqual(levelProblems(spec), expected)
  })

test('a status is written on its own, and its conditions have a type each', () => {
  const previous = created(flowSchema, { spec: { priorityLevelConfiguration } })
  const next = updated(flowSchema, previous, {
    spec: { priorityLevelConfiguration },
    status: { conditions: [{ type: 'Dangling' }] },
  })
  assert.deepEqual(next.status, {})
  const conditions = [{ type: 'a' }, { type: '' }, { type: 'a' }]
  for (const kind of [flowSchema, level]) {
    const object = defaulted<never>(kind as never, { status: { conditions } })
    assert.deepEqual(lines(kind.validateStatusUpdate(object, object)), [
      'status.conditions[1].type: Required value',
      'status.conditions[2].type: Duplicate value: "a"',
    ])
  }
})

test('kubectl get shows schemas and levels', () => {
  const spec = { priorityLevelConfiguration, distinguisherMethod: { type: 'ByUser' } }
  const schema = created(flowSchema, { spec })
  assert.deepEqual(rowOf(flowSchema, schema), {
    Name: 'web',
    PriorityLevel: 'low',
    MatchingPrecedence: 1000,
    DistinguisherMethod: 'ByUser',
    Age: '<unknown>',
    MissingPL: '?',
  })
  const status = { conditions: [{ type: 'Dangling', status: 'False' }] }
  assert.equal(rowOf(flowSchema, { ...schema, status }).MissingPL, 'False')
  assert.deepEqual(rowOf(level, created(level, { spec: queue({}) })), {
    Name: 'web',
    Type: 'Limited',
    NominalConcurrencyShares: 30,
    Queues: 64,
    HandSize: 6,
    QueueLengthLimit: 50,
    Age: '<unknown>',
  })
  const exempt = rowOf(level, created(level, { spec: { type: 'Exempt' } }))
  assert.deepEqual([exempt.NominalConcurrencyShares, exempt.Queues], ['<none>', '<none>'])
})
