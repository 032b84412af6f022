import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countIndexes } from './job.indexes.ts'
import { createProblems, indexed, template } from './testing.ts'

const pods = (spec: object) => ({ template: { spec: { ...template.spec, ...spec } } })
const negative = 'must be greater than or equal to 0'
const failureRule = (rule: object, more: object = {}) => ({
  podFailurePolicy: { rules: [rule] },
  ...more,
})
const RULE = 'spec.podFailurePolicy.rules[0]'
const onExitCodes = { operator: 'In', values: [1, 2] }
const successRule = (rule: object) => ({ ...indexed, successPolicy: { rules: [rule] } })
const SUCCESS = 'spec.successPolicy.rules[0]'
const huge = { completionMode: 'Indexed', completions: 100_001, backoffLimitPerIndex: 1 }

const wrong: [name: string, spec: Record<string, unknown>, expected: string[]][] = [
  [
    'negative counts',
    {
      parallelism: -1,
      completions: -2,
      activeDeadlineSeconds: -3,
      backoffLimit: -4,
      ttlSecondsAfterFinished: -5,
    },
    [
      `spec.parallelism: Invalid value: -1: ${negative}`,
      `spec.completions: Invalid value: -2: ${negative}`,
      `spec.activeDeadlineSeconds: Invalid value: -3: ${negative}`,
      `spec.backoffLimit: Invalid value: -4: ${negative}`,
      `spec.ttlSecondsAfterFinished: Invalid value: -5: ${negative}`,
    ],
  ],
  [
    'limits of indexes without indexes',
    { backoffLimitPerIndex: -1, maxFailedIndexes: -1 },
    [
      `spec.backoffLimitPerIndex: Invalid value: -1: ${negative}`,
      `spec.maxFailedIndexes: Invalid value: -1: ${negative}`,
      'spec.backoffLimitPerIndex: Invalid value: -1: requires indexed completion mode',
      'spec.maxFailedIndexes: Invalid value: -1: requires indexed completion mode',
    ],
  ],
  [
    'failed indexes without a limit for each',
    { ...indexed, maxFailedIndexes: 6 },
    [
      'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
      'spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions',
    ],
  ],
  [
    'no domain in managedBy',
    { managedBy: 'me' },
    ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
  ['empty managedBy', { managedBy: '' }, ['spec.managedBy: Required value']],
  [
    'odd managedBy',
    { managedBy: `acme.io/${'x'.repeat(60)} ` },
    [
      `spec.managedBy: Invalid value: "${'x'.repeat(60)} ": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`,
      'spec.managedBy: Too long: may not be more than 63 bytes',
    ],
  ],
  [
    'unknown completion mode',
    { completionMode: 'Random' },
    ['spec.completionMode: Unsupported value: "Random": supported values: "NonIndexed", "Indexed"'],
  ],
  [
    'indexes without an end',
    { completionMode: 'Indexed', parallelism: 100_001 },
    [
      'spec.completions: Required value: when completion mode is Indexed',
      'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
    ],
  ],
  [
    'very many indexes',
    { ...huge, parallelism: 10_001 },
    [
      'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
      'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
    ],
  ],
  [
    'very many failures',
    { ...huge, parallelism: 1, maxFailedIndexes: 100_001 },
    [
      'spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 100000',
      'spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
    ],
  ],
  [
    'pods that never end',
    pods({ restartPolicy: undefined }),
    ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ],
  [
    'unknown restart policy',
    pods({ restartPolicy: 'Sometimes' }),
    [
      'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "OnFailure", "Never"',
    ],
  ],
  [
    'restarts that hide failures',
    { ...failureRule({ action: 'FailJob', onExitCodes }), ...pods({ restartPolicy: 'OnFailure' }) },
    [
      'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ],
  ],
  [
    'replacement while a failure is not judged',
    failureRule({ action: 'Count', onExitCodes }, { podReplacementPolicy: 'TerminatingOrFailed' }),
    [
      'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
    ],
  ],
  [
    'unknown replacement',
    { podReplacementPolicy: 'Never' },
    [
      'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"',
    ],
  ],
  [
    'a rule without action and cause',
    failureRule({}),
    [
      `${RULE}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
      `${RULE}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
    ],
  ],
  [
    'a rule with two causes',
    failureRule({ action: 'Stop', onExitCodes, onPodConditions: [{ type: 'Gone' }] }),
    [
      `${RULE}.action: Unsupported value: "Stop": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
      `${RULE}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported`,
    ],
  ],
  [
    'failed indexes in a rule without a limit',
    failureRule({ action: 'FailIndex', onExitCodes }),
    [`${RULE}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`],
  ],
  [
    'odd exit codes',
    failureRule({
      action: 'Count',
      onExitCodes: { operator: 'In', containerName: 'other', values: [3, 0, 3] },
    }),
    [
      `${RULE}.onExitCodes.containerName: Invalid value: "other": must be one of the container or initContainer names in the pod template`,
      `${RULE}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator`,
      `${RULE}.onExitCodes.values[2]: Duplicate value: 3`,
      `${RULE}.onExitCodes.values: Invalid value: [3,0,3]: must be ordered`,
    ],
  ],
  [
    'no exit codes',
    failureRule({ action: 'Count', onExitCodes: { operator: 'Near', values: [] } }),
    [
      `${RULE}.onExitCodes.operator: Unsupported value: "Near": supported values: "In", "NotIn"`,
      `${RULE}.onExitCodes.values: Invalid value: []: at least one value is required`,
    ],
  ],
  [
    'odd conditions',
    failureRule({ action: 'Count', onPodConditions: [{ type: 'Gone', status: 'Maybe' }] }),
    [
      `${RULE}.onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"`,
    ],
  ],
  [
    'too many rules, codes and conditions',
    {
      podFailurePolicy: {
        rules: [
          {
            action: 'Count',
            onExitCodes: { operator: 'In', values: Array.from({ length: 256 }, (_, i) => i + 1) },
          },
          { action: 'Count', onPodConditions: Array.from({ length: 21 }, () => ({ type: 'A' })) },
          ...Array.from({ length: 19 }, () => ({ action: 'Count', onExitCodes })),
        ],
      },
    },
    [
      'spec.podFailurePolicy.rules: Too many: 21: must have at most 20 items',
      `${RULE}.onExitCodes.values: Too many: 256: must have at most 255 items`,
      'spec.podFailurePolicy.rules[1].onPodConditions: Too many: 21: must have at most 20 items',
    ],
  ],
  [
    'success without indexes',
    { successPolicy: { rules: [{ succeededCount: 1 }] } },
    [
      'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode',
    ],
  ],
  [
    'success without rules',
    { ...indexed, successPolicy: { rules: [] } },
    [
      'spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified',
    ],
  ],
  [
    'an empty rule of success',
    successRule({}),
    [
      `${SUCCESS}: Required value: at least one of succeededCount or succeededIndexes must be specified`,
    ],
  ],
  [
    'more successes than completions and indexes',
    successRule({ succeededIndexes: '0-2', succeededCount: 6 }),
    [
      `${SUCCESS}.succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)`,
      `${SUCCESS}.succeededCount: Invalid value: 6: must be less than or equal to 3 (the number of indexes in the specified succeededIndexes field)`,
    ],
  ],
  [
    'fewer than none',
    successRule({ succeededCount: -1 }),
    [`${SUCCESS}.succeededCount: Invalid value: -1: ${negative}`],
  ],
  [
    'an index too many',
    successRule({ succeededIndexes: '0,5' }),
    [
      `${SUCCESS}.succeededIndexes: Invalid value: "0,5": error parsing succeededIndexes: too large index: "5"`,
    ],
  ],
]
for (const [name, spec, expected] of wrong)
  test(`refused: ${name}`, () => assert.deepEqual(createProblems(spec), expected))

test('a text of indexes that is much too long', () => {
  const succeededIndexes = '1'.repeat(64 * 1024 + 1)
  const [first] = createProblems(successRule({ succeededIndexes }))
  assert.equal(first, `${SUCCESS}.succeededIndexes: Too long: may not be more than 65536 bytes`)
})

test('names of indexed jobs leave room for the last index', () => {
  const name = 'x'.repeat(62)
  assert.deepEqual(createProblems({}, { name }), [])
  assert.deepEqual(createProblems({ ...indexed }, { name }), [
    `metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-4`,
  ])
})

test('what is allowed', () => {
  const all = {
    ...indexed,
    backoffLimitPerIndex: 0,
    maxFailedIndexes: 5,
    managedBy: 'acme.io/runner',
    podReplacementPolicy: 'Failed',
    successPolicy: { rules: [{ succeededIndexes: '0,2-4', succeededCount: 4 }] },
    podFailurePolicy: {
      rules: [
        { action: 'FailIndex', onExitCodes: { operator: 'NotIn', values: [0, 1] } },
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
      ],
    },
  }
  assert.deepEqual(createProblems(all), [])
})

test('sets of indexes', () => {
  assert.equal(countIndexes('', 0), 0)
  assert.equal(countIndexes('0,2-4,9', 10), 5)
  for (const [text, message] of [
    ['1,1', 'non-increasing order, previous: 1, current: 1'],
    ['3-2', 'non-increasing order, previous: 3, current: 2'],
    ['0-3,2', 'non-increasing order, previous: 3, current: 2'],
    [
      '1-2-3',
      `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
    ],
    ['a', 'cannot convert string to integer for index: "a"'],
    ['1,', 'cannot convert string to integer for index: ""'],
    ['1-10', 'too large index: "10"'],
  ] as const)
    assert.throws(() => countIndexes(text, 10), { message })
})
