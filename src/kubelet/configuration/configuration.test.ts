import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readKubeletConfiguration } from './configuration.ts'
import type { KubeletConfiguration } from './schema.ts'
import {
  evictionHardOf,
  KUBELET_FIELDS,
  optionsOf,
  tracingOf,
  unservedFields,
  unservedSignals,
} from './settings.ts'

const file = (text: string, path = 'k.yaml') => ({
  path,
  text: Buffer.from(
    `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${text}`,
  ),
})
const refused = (text: string, message: string | RegExp) =>
  assert.throws(() => readKubeletConfiguration([file(text)]), { name: 'UserError', message })

test('later files replace values and lists, and add to objects', () => {
  const {
    apiVersion: _,
    kind: __,
    ...read
  } = readKubeletConfiguration([
    file(
      'maxPods: 10\nclusterDNS: [10.0.0.1, 10.0.0.2]\nevictionHard: { memory.available: 1Mi }\nport: 1',
    ),
    file('clusterDNS: [10.0.0.3]\nevictionHard: { nodefs.available: 5% }\nport: 2\nproviderID:'),
  ])
  assert.deepEqual(read, {
    maxPods: 10,
    clusterDNS: ['10.0.0.3'],
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '5%' },
    port: 2,
  })
})

test('reads strictly', () => {
  const begin = 'failed to load kubelet config file, path: k.yaml, error: '
  refused('maxPod: 1', `${begin}strict decoding error: unknown field "maxPod"`)
  refused(
    'authentication: { x509: { file: x } }',
    `${begin}strict decoding error: unknown field "authentication.x509.file"`,
  )
  refused('maxPods: many', /cannot unmarshal string into Go struct field .*maxPods/)
  refused('a: [', /^failed to load kubelet config file, path: k.yaml, error: /)
  assert.throws(() => readKubeletConfiguration([{ path: 'x', text: Buffer.from('a: 1') }]), {
    message: /error: couldn't get version\/kind/,
  })
  const other = Buffer.from(
    'apiVersion: kubelet.config.k8s.io/v1alpha1\nkind: KubeletConfiguration',
  )
  assert.throws(() => readKubeletConfiguration([{ path: 'x', text: other }]), {
    message:
      /no kind "KubeletConfiguration" is registered for version "kubelet.config.k8s.io\/v1alpha1"/,
  })
})

test('becomes what the kubelet goes by', () => {
  const configuration: KubeletConfiguration = {
    podLogsDir: '/logs',
    clusterDNS: ['10.0.0.1'],
    systemReserved: { cpu: '100m', memory: '1Gi' },
    kubeReserved: { cpu: '200m' },
    nodeStatusUpdateFrequency: '5s',
    nodeStatusReportFrequency: '0s',
    nodeLeaseDurationSeconds: 20,
    containerLogMaxSize: '1Mi',
    containerLogMaxFiles: 3,
    crashLoopBackOff: { maxContainerRestartPeriod: '30s' },
    enableSystemLogHandler: false,
    shutdownGracePeriod: '30s',
    shutdownGracePeriodCriticalPods: '10s',
    memorySwap: { swapBehavior: 'LimitedSwap' },
    userNamespaces: { idsPerPod: 131_072 },
  }
  assert.deepEqual(optionsOf(configuration), {
    podLogsDirectory: '/logs',
    clusterDns: ['10.0.0.1'],
    nodeStatusUpdateMs: 5_000,
    nodeLeaseSeconds: 20,
    containerLogMaxBytes: 2 ** 20,
    containerLogMaxFiles: 3,
    maxRestartBackoffMs: 30_000,
    showsSystemLogs: false,
    shutdownPeriods: [
      { priority: 0, seconds: 20 },
      { priority: 2_000_000_000, seconds: 10 },
    ],
    swapBehavior: 'LimitedSwap',
    idsPerPod: 131_072,
  })
  const byPriority = [{ priority: 5, shutdownGracePeriodSeconds: 3 }]
  assert.deepEqual(
    optionsOf({ shutdownGracePeriodByPodPriority: byPriority, enableSystemLogQuery: false }),
    { shutdownPeriods: [{ priority: 5, seconds: 3 }], answersLogQueries: false },
  )
  assert.deepEqual(tracingOf({ tracing: { samplingRatePerMillion: 7 } }), {
    endpoint: 'localhost:4317',
    samplingRatePerMillion: 7,
  })
  assert.equal(tracingOf({}), undefined)
  assert.deepEqual(optionsOf({}), {})
})

test('refuses values that can not be meant', () => {
  const cases: [KubeletConfiguration, RegExp][] = [
    [{ containerLogMaxFiles: 1 }, /containerLogMaxFiles .* 1 must be greater than 1$/],
    [
      { containerLogMaxSize: 'big' },
      /containerLogMaxSize wants a quantity such as 10Mi, not "big"$/,
    ],
    [
      { nodeStatusUpdateFrequency: '5' },
      /nodeStatusUpdateFrequency wants a time such as 10s, not "5"$/,
    ],
    [{ crashLoopBackOff: { maxContainerRestartPeriod: '6m' } }, /must be from 1s to 300s, not 6m$/],
    [{ nodeStatusMaxImages: -2 }, /must be -1 or greater$/],
    // In the words of upstream's kubelet, v1.36.3.
    [
      { shutdownGracePeriod: '10s', shutdownGracePeriodCriticalPods: '20s' },
      /: shutdownGracePeriodCriticalPods \{20s\} must be <= shutdownGracePeriod \{10s\}$/,
    ],
    [
      { shutdownGracePeriod: '500ms' },
      /: shutdownGracePeriod \{500ms\} must be either zero or otherwise >= 1 sec$/,
    ],
    [
      { shutdownGracePeriod: '10s', shutdownGracePeriodCriticalPods: '500ms' },
      /: shutdownGracePeriodCriticalPods \{500ms\} must be either zero or otherwise >= 1 sec$/,
    ],
    [
      {
        shutdownGracePeriod: '10s',
        shutdownGracePeriodByPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 10 }],
      },
      /: Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time$/,
    ],
    [{ shutdownGracePeriod: 'soon' }, /shutdownGracePeriod wants a time such as 10s, not "soon"$/],
    [
      {
        shutdownGracePeriodByPodPriority: [{ priority: 1, shutdownGracePeriodSeconds: -1 }],
      },
      /pods of priority 1 have to end must be from 0 to 86400 seconds, not -1$/,
    ],
    [
      { enableSystemLogQuery: true, enableSystemLogHandler: false },
      /: enableSystemLogHandler is required for enableSystemLogQuery$/,
    ],
    [
      { userNamespaces: { idsPerPod: 65_535 } },
      /: userNamespaces.idsPerPod must not be less than 65536$/,
    ],
    [
      { userNamespaces: { idsPerPod: 65_537 } },
      /: userNamespaces.idsPerPod must be a multiple of 65536$/,
    ],
    [
      { userNamespaces: { idsPerPod: 4_294_967_296 } },
      /: userNamespaces.idsPerPod must not be more than 4294901760$/,
    ],
    [
      { memorySwap: { swapBehavior: 'UnlimitedSwap' } },
      /: memorySwap.swapBehavior "UnlimitedSwap" must be one of: "", "LimitedSwap" or "NoSwap"$/,
    ],
  ]
  for (const [configuration, message] of cases)
    assert.throws(() => optionsOf(configuration), { name: 'UserError', message })
  assert.throws(
    () => tracingOf({ tracing: { samplingRatePerMillion: -1, endpoint: 'http://x/' } }),
    {
      message:
        /tracing.samplingRatePerMillion: Invalid value: -1: sampling rate must be positive, tracing.endpoint: Invalid value: "http:\/\/x\/"/,
    },
  )
  assert.throws(() => evictionHardOf({ evictionHard: { 'memory.available': 'x' } }), {
    message: /memory.available wants a quantity or a percentage, not "x"$/,
  })
})

test('thresholds that are named are all that there are, unless the usual ones are to be merged', () => {
  const evictionHard = { 'memory.available': '200Mi', 'imagefs.available': '15%' }
  assert.equal(evictionHardOf({}), undefined)
  assert.equal(evictionHardOf({ evictionHard }), 'memory.available<200Mi')
  assert.equal(
    evictionHardOf({ evictionHard, mergeDefaultEvictionSettings: true }),
    'memory.available<200Mi,nodefs.available<5%,nodefs.inodesFree<5%',
  )
  assert.deepEqual(unservedSignals({ evictionHard }), ['imagefs.available'])
})

test('names what changes nothing, but not what kubeadm writes anyway', () => {
  const byKubeadm: KubeletConfiguration = readKubeletConfiguration([
    file(`authentication:
  anonymous: { enabled: false }
  webhook: { cacheTTL: 0s, enabled: true }
  x509: { clientCAFile: /etc/kubernetes/pki/ca.crt }
authorization: { mode: Webhook, webhook: { cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s } }
cgroupDriver: systemd
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
logging: { flushFrequency: 0, options: { json: { infoBufferSize: "0" }, text: { infoBufferSize: "0" } }, verbosity: 0 }
memorySwap: {}
nodeStatusReportFrequency: 0s
rotateCertificates: true
shutdownGracePeriod: 0s
staticPodPath: /etc/kubernetes/manifests
syncFrequency: 0s
volumeStatsAggPeriod: 0s`),
  ])
  const served = new Set([
    ...KUBELET_FIELDS,
    ...['clusterDomain', 'rotateCertificates', 'staticPodPath', 'authentication'],
  ])
  assert.deepEqual(unservedFields(byKubeadm, served), [])
  assert.deepEqual(
    unservedFields(
      {
        cpuManagerPolicy: 'static',
        shutdownGracePeriod: '30s',
        memorySwap: { swapBehavior: 'LimitedSwap' },
        authentication: { anonymous: { enabled: true } },
        authorization: { mode: 'AlwaysAllow' },
      },
      new Set(),
    ),
    [
      'authentication.anonymous',
      'authorization',
      'cpuManagerPolicy',
      'memorySwap',
      'shutdownGracePeriod',
    ],
  )
})
