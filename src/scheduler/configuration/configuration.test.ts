import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { profilesOf, readConfiguration } from './configuration.ts'

const HEAD = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n'
const read = (text: string) => readConfiguration(Buffer.from(HEAD + text))
const refusalOf = (text: string): string => {
  try {
    read(text)
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    return error.message
  }
  return ''
}
/** A profile whose plugin has these arguments, as flow YAML. */
const withArgs = (plugin: string, args: string) =>
  `profiles: [{schedulerName: s, pluginConfig: [{name: ${plugin}, args: ${args}}]}]`
const AT = 'profiles[0].pluginConfig[0].args'

test('an empty configuration is upstream’s default', () => {
  const { profiles, leaderElection, ...rest } = read('')
  assert.deepEqual(rest, {
    parallelism: 16,
    percentageOfNodesToScore: 0,
    podInitialBackoffSeconds: 1,
    podMaxBackoffSeconds: 10,
    extenders: [],
    kubeconfig: '',
    pluginFiles: [],
  })
  assert.equal(profiles[0]?.schedulerName, 'default-scheduler')
  assert.deepEqual(leaderElection, {
    leaderElect: true,
    leaseDurationMs: 15_000,
    renewDeadlineMs: 10_000,
    retryPeriodMs: 2_000,
    resourceLock: 'leases',
    resourceName: 'kube-scheduler',
    resourceNamespace: 'kube-system',
  })
})

test('arguments get their defaults', () => {
  const [profile] = profilesOf(
    read(withArgs('NodeResourcesFit', '{scoringStrategy: {type: MostAllocated}}')),
  )
  assert.deepEqual(profile?.pluginArgs?.get('NodeResourcesFit'), {
    scoringStrategy: {
      type: 'MostAllocated',
      resources: [
        { name: 'cpu', weight: 1 },
        { name: 'memory', weight: 1 },
      ],
    },
  })
  assert.deepEqual(
    profilesOf(
      read(withArgs('InterPodAffinity', '{hardPodAffinityWeight: 0}')),
    )[0]?.pluginArgs?.get('InterPodAffinity'),
    { hardPodAffinityWeight: 0 },
  )
  const own = profilesOf(read(withArgs('Mine', '{anything: [1]}')))[0]?.pluginArgs?.get('Mine')
  assert.deepEqual(own, { anything: [1] })
})

test('what upstream refuses is refused in its words', () => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    [
      'parallelism: 0',
      'parallelism: Invalid value: 0: should be an integer value greater than zero',
    ],
    [
      'percentageOfNodesToScore: 101',
      'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
    ],
    [
      'podInitialBackoffSeconds: 0',
      'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0',
    ],
    [
      'podMaxBackoffSeconds: 0',
      'podMaxBackoffSeconds: Invalid value: 0: must be greater than or equal to PodInitialBackoffSeconds',
    ],
    [
      'profiles: [{schedulerName: a}, {schedulerName: a}]',
      'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"',
    ],
    ['profiles: [{schedulerName: a}, {}]', 'profiles[1].schedulerName: Required value'],
    [
      'profiles: [{schedulerName: a, plugins: {queueSort: {enabled: [{name: X}]}}}, {schedulerName: b}]',
      'profiles[1].plugins.queueSort: Invalid value: {}: must be the same for all profiles',
    ],
    [
      'profiles: [{plugins: {filter: {enabled: [{name: EBSLimits}]}}}]',
      'profiles[0].plugins.filter.enabled[0]: Invalid value: "EBSLimits": was invalid in version "kubescheduler.config.k8s.io/v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")',
    ],
    [
      'leaderElection: {leaseDuration: 5s}',
      'leaderElection.leaseDuration: Invalid value: "10s": LeaseDuration must be greater than RenewDeadline',
    ],
    [
      'extenders: [{urlPrefix: x, prioritizeVerb: p}]',
      'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it',
    ],
    [
      'extenders: [{urlPrefix: x, bindVerb: b}, {urlPrefix: z, bindVerb: b}]',
      'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
    ],
    [
      'extenders: [{urlPrefix: x, managedResources: [{name: cpu}]}]',
      'extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name',
    ],
    [
      withArgs('InterPodAffinity', '{hardPodAffinityWeight: 200}'),
      `${AT}.hardPodAffinityWeight: Invalid value: 200: not in valid range [0, 100]`,
    ],
    [
      withArgs('NodeResourcesFit', '{scoringStrategy: {type: Best}}'),
      `${AT}.scoringStrategy.type: Unsupported value: "Best": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"`,
    ],
    [
      withArgs(
        'NodeResourcesFit',
        '{scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 50, score: 1}, {utilization: 20, score: 11}]}}}',
      ),
      `[${AT}.scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 20: values must be sorted in increasing order, ${AT}.scoringStrategy.requestedToCapacityRatio.shape[1].score: Invalid value: 11: not in valid range [0, 10]]`,
    ],
    [
      withArgs(
        'PodTopologySpread',
        '{defaultConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]}',
      ),
      `${AT}.defaultingType: Invalid value: "System": when .defaultConstraints are not empty`,
    ],
    [
      withArgs(
        'DefaultPreemption',
        '{minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0}',
      ),
      `[${AT}.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute, ${AT}.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage]`,
    ],
    [
      withArgs('VolumeBinding', '{bindTimeoutSeconds: -1}'),
      `${AT}.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value`,
    ],
    [
      withArgs('NodeResourcesBalancedAllocation', '{resources: [{name: cpu, weight: 2}]}'),
      `${AT}.resources[0].weight: Invalid value: 2: must be 1`,
    ],
    ['profiles: [{names: x}]', 'strict decoding error: unknown field "profiles[0].names"'],
    [withArgs('NodeResourcesFit', '{x: 1}'), `strict decoding error: ${AT}: unknown field "x"`],
  ]
  for (const [text, message] of cases) assert.equal(refusalOf(text), message, text)
})

test('another kind or version, or no YAML at all, is no configuration', () => {
  const refuses = (text: string, message: RegExp) =>
    assert.throws(() => readConfiguration(Buffer.from(text)), { name: 'UserError', message })
  refuses('apiVersion: v1\nkind: Pod\n', /^no kind "Pod" is registered for version "v1"/)
  refuses('profiles: []', /Object 'Kind' is missing/)
  refuses('a: [', /^the configuration cannot be read/)
  refuses(`${HEAD}parallelism: many`, /./)
})

test('the shape of VolumeBinding is read with its gate alone', () => {
  const text = withArgs('VolumeBinding', '{shape: [{utilization: 0, score: 11}]}')
  const gates = new Map([['StorageCapacityScoring', true]])
  assert.match(refusalOf(text), /unexpected field `shape`, remove it or turn on the feature gate/)
  assert.throws(() => readConfiguration(Buffer.from(HEAD + text), gates), {
    message: `${AT}.shape[0].score: Invalid value: 11: not in valid range [0, 10]`,
  })
  const good = text.replace('11', '10')
  assert.equal(readConfiguration(Buffer.from(HEAD + good), gates).profiles.length, 1)
})
