import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { UserError } from '#base/errors.ts'
import { parsePluginConfiguration } from '../plugin-configuration.ts'
import { OPTIONAL_PLUGINS } from '../plugin-names.ts'
import { createAdmissionSteps } from '../steps.ts'
import { type Asked, admit, podNamed, testWorld } from '../testing.ts'

const namespaceOf = (name: string, annotations = {}): Namespace =>
  ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } }) as Namespace

function world(file?: object) {
  const of = testWorld()
  of.namespaces.set('shop', namespaceOf('shop'))
  const configuration =
    file && parsePluginConfiguration(Buffer.from(JSON.stringify(file)), 'f', () => Buffer.from(''))
  return { ...of, pluginConfiguration: configuration }
}
/** One of them alone. */
function plugin(name: string, of = world()) {
  const step = createAdmissionSteps(of, new Set([name])).find(each => each.name === name)
  assert.ok(step, `${name} is there where it is wanted`)
  return step
}
const refusal = (text: RegExp) => (error: unknown) => isStatus(error) && text.test(error.message)

test('what is off by default is off, and on by its name', () => {
  const usual = createAdmissionSteps(world()).map(({ name }) => name)
  for (const name of OPTIONAL_PLUGINS) {
    assert.ok(!usual.includes(name), name)
    plugin(name)
  }
})

test('AlwaysDeny refuses, and AlwaysAdmit nothing', async () => {
  await assert.rejects(
    admit(plugin('AlwaysDeny'), { object: podNamed('a') }),
    refusal(/^pods "a" is forbidden: admission control is denying all modifications$/),
  )
  await admit(plugin('AlwaysAdmit'), { object: podNamed('a') })
})

test('AlwaysPullImages changes new images alone', async () => {
  const step = plugin('AlwaysPullImages')
  const policy = async (asked: Asked & { object: KubernetesObject }) =>
    ((await admit(step, asked)) as ReturnType<typeof podNamed>).spec.containers[0]?.imagePullPolicy
  assert.equal(await policy({ object: podNamed('a') }), 'Always')
  const update = { operation: 'UPDATE', oldObject: podNamed('a') } as const
  assert.equal(await policy({ ...update, object: podNamed('a') }), undefined)
  const other = podNamed('a', { containers: [{ name: 'main', image: 'y', resources: {} }] })
  assert.equal(await policy({ ...update, object: other }), 'Always')
})

test('PodNodeSelector joins what the namespace chooses, and refuses what contradicts it', async () => {
  const of = world({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [
      {
        name: 'PodNodeSelector',
        configuration: {
          podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'zone=a', shop: 'zone=a' },
        },
      },
    ],
  })
  const step = plugin('PodNodeSelector', of)
  const chosen = async (nodeSelector?: Record<string, string>) =>
    (await admit(step, { object: podNamed('a', nodeSelector ? { nodeSelector } : {}) })).spec
      .nodeSelector
  assert.deepEqual(await chosen(), { zone: 'a' })
  await assert.rejects(chosen({ zone: 'b' }), refusal(/conflicts with its namespace node label/))
  await assert.rejects(chosen({ disk: 'ssd' }), refusal(/conflict with its namespace whitelist/))
  of.namespaces.set(
    'shop',
    namespaceOf('shop', { 'scheduler.alpha.kubernetes.io/node-selector': '' }),
  )
  assert.equal(await chosen(), undefined, 'an empty annotation chooses nothing')
})

test('PodNodeSelector knows a namespace and labels by names that every object has, and no selector that is none', async () => {
  const of = world({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [
      {
        name: 'PodNodeSelector',
        configuration: { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'zone=a' } },
      },
    ],
  })
  const annotation = 'scheduler.alpha.kubernetes.io/node-selector'
  of.namespaces.set('constructor', namespaceOf('constructor'))
  of.namespaces.set('labelled', namespaceOf('labelled', { [annotation]: 'constructor=x' }))
  const chosen = async (namespace: string) =>
    (
      (await admit(plugin('PodNodeSelector', of), {
        namespace,
        object: podNamed('a'),
      })) as ReturnType<typeof podNamed>
    ).spec.nodeSelector
  assert.deepEqual({ ...(await chosen('constructor')) }, { zone: 'a' })
  assert.deepEqual({ ...(await chosen('labelled')) }, { constructor: 'x' })
  for (const [text, why] of [
    ['a', /^invalid selector: \[a\]$/],
    ['a==b', /^invalid selector: \[a {2}b\]$/],
    ['a=b,', /^invalid selector: \[\]$/],
    ['=b', /^<nil>: Invalid value: "": name part must be non-empty; /],
    ['a=b c', /^<nil>: Invalid value: "b c": /],
  ] as const) {
    of.namespaces.set('odd', namespaceOf('odd', { [annotation]: text }))
    await assert.rejects(chosen('odd'), error => why.test((error as Error).message), text)
  }
})

test('PodTolerationRestriction reads annotations that anybody may have written', async () => {
  const of = world()
  const annotation = 'scheduler.alpha.kubernetes.io/defaultTolerations'
  const admitted = (text: string) => {
    of.namespaces.set('odd', namespaceOf('odd', { [annotation]: text }))
    const step = plugin('PodTolerationRestriction', of)
    return admit(step, { namespace: 'odd', object: podNamed('a') })
  }
  for (const [text, why] of [
    ['{}', 'object into Go value of type []v1.Toleration'],
    ['[1]', 'number into Go value of type v1.Toleration'],
    ['[{"key":5}]', 'number into Go struct field Toleration.key of type string'],
    ['[{"effect":{}}]', 'object into Go struct field Toleration.effect of type v1.TaintEffect'],
    [
      '[{"tolerationSeconds":"5"}]',
      'string into Go struct field Toleration.tolerationSeconds of type int64',
    ],
  ] as const)
    await assert.rejects(admitted(text), { message: `json: cannot unmarshal ${why}` })
  for (const text of ['null', '[null]', '[{"key":null,"operator":"Exists"}]']) await admitted(text)
})

test('EventRateLimit lets through what a bucket holds, and more as time passes', async () => {
  let nowMs = 0
  const of = world({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [
      {
        name: 'EventRateLimit',
        configuration: {
          apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
          kind: 'Configuration',
          limits: [{ type: 'Namespace', qps: 1, burst: 2 }],
        },
      },
    ],
  })
  const step = plugin('EventRateLimit', { ...of, clock: { ...of.clock, monotonicMs: () => nowMs } })
  const write = (namespace = 'shop') =>
    admit(step, {
      resource: 'events',
      namespace,
      object: { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace } },
    })
  await write()
  await write()
  const tooMany = refusal(/^Too many requests: limit reached on type Namespace for key shop$/)
  await assert.rejects(write(), tooMany)
  await write('other')
  nowMs += 1_000
  await write()
  await assert.rejects(write(), tooMany)
})

test('a file that says what no plugin understands is refused in a sentence', () => {
  const parse = (plugins: object[], more = {}) =>
    parsePluginConfiguration(
      Buffer.from(
        JSON.stringify({
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'AdmissionConfiguration',
          plugins,
          ...more,
        }),
      ),
      'f',
      () => Buffer.from('kind: x'),
    )
  const standard = {
    apiVersion: 'pod-security.admission.config.k8s.io/v1',
    kind: 'PodSecurityConfiguration',
  }
  const limits = (limit: object) => ({
    name: 'EventRateLimit',
    configuration: {
      apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
      kind: 'Configuration',
      limits: [limit],
    },
  })
  for (const [plugins, why] of [
    [[{ name: 'Foo' }], /Proa reads no configuration of the plugin "Foo"/],
    [[{ name: 'PodSecurity', foo: 1 }], /unknown field "plugins\[0\].foo"/],
    [
      [{ name: 'PodSecurity', configuration: { ...standard, defaults: { enforce: 'x' } } }],
      /defaults.enforce: Invalid value: "x": must be one of privileged, baseline, restricted/,
    ],
    [[{ name: 'PodSecurity', path: 'other' }], /no kind "x"|'apiVersion' is missing/],
    [[{ name: 'PodNodeSelector', configuration: {} }], /podNodeSelectorPluginConfig is missing/],
    [[limits({ type: 'x', qps: 1, burst: 1 })], /limits\[0\].type: Unsupported value: "x"/],
    [[limits({ type: 'Server', burst: 1 })], /limits\[0\].qps: Invalid value: 0: must be positive/],
  ] as const)
    assert.throws(
      () => parse([...plugins]),
      error => error instanceof UserError && why.test(error.message),
      String(why),
    )
})
