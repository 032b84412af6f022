/** What annotations of pods may say, and how those of AppArmor become fields. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { podTemplate } from '../pod-template.ts'
import { defaulted, lines, problemsOf } from '../testing.ts'
import { adoptAppArmor } from './app-armor.ts'
import { type Pod, pod } from './pod.ts'
import { podWarnings } from './warnings.ts'

const main = { name: 'main', image: 'i' }
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const CONTAINER_SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'
const MIRROR = 'kubernetes.io/config.mirror'
const COST = 'controller.kubernetes.io/pod-deletion-cost'

type Annotations = Readonly<Record<string, string>>
const body = (annotations: Annotations, spec: object = {}) => ({
  metadata: { name: 'web', annotations },
  spec: { containers: [main], ...spec },
})
const podOf = (annotations: Annotations, spec: object = {}): Pod =>
  defaulted(pod, body(annotations, spec))
const refused = (annotations: Annotations, spec: object = {}) =>
  problemsOf(pod, body(annotations, spec))
const noted = (key: string) => `metadata.annotations[${key}]`

describe('refused on creation:', () => {
  const cases: [string, string, Record<string, string[]>][] = [
    [
      'a cost of deletion that is no number of 32 bits',
      COST,
      {
        '5': [],
        '-2147483648': [],
        '2147483648': ['"2147483648": must be a 32bit integer'],
        '+1': ['"+1": must be a 32bit integer'],
        '07': ['"07": must be a 32bit integer'],
        '': ['"": must be a 32bit integer'],
      },
    ],
    [
      'a profile of AppArmor that there cannot be',
      `${APP_ARMOR}main`,
      {
        'runtime/default': [],
        'localhost/x': [],
        '': [],
        x: ['"x": invalid AppArmor profile name: "x"'],
      },
    ],
    [
      'a container that there is not',
      `${APP_ARMOR}other`,
      { unconfined: ['"other": container not found'] },
    ],
    [
      'a mirror without a node',
      MIRROR,
      { x: ['"x": must set spec.nodeName if mirror pod annotation is set'] },
    ],
  ]
  for (const [title, key, values] of cases)
    for (const [value, expected] of Object.entries(values))
      test(`${title}: ${JSON.stringify(value)}`, () =>
        assert.deepEqual(
          refused({ [key]: value }),
          expected.map(text => `${noted(key)}: Invalid value: ${text}`),
        ))

  test('a profile of seccomp that there cannot be', () => {
    const at = (key: string) => `metadata.annotations.${key}: Invalid value`
    assert.deepEqual(refused({ [SECCOMP]: 'docker/default' }), [])
    assert.deepEqual(refused({ [SECCOMP]: 'x' }), [
      `${at(SECCOMP)}: "x": must be a valid seccomp profile`,
    ])
    assert.deepEqual(refused({ [`${CONTAINER_SECCOMP}main`]: 'localhost/../x' }), [
      `${at(`${CONTAINER_SECCOMP}main`)}: "../x": must not contain '..'`,
    ])
  })
})

test('tolerations of before there was a field are read', () => {
  const key = 'scheduler.alpha.kubernetes.io/tolerations'
  assert.deepEqual(refused({ [key]: '' }), [])
  assert.deepEqual(refused({ [key]: '[{"key":"a","operator":"Exists"}]' }), [])
  assert.deepEqual(refused({ [key]: '[{"key":"a","effect":"X"}]' }), [
    `metadata.annotations.${key}[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
  ])
  assert.deepEqual(refused({ [key]: 'x' }), [
    `metadata.annotations: Invalid value: "${key}": invalid character 'x' looking for beginning of value`,
  ])
})

test('they are told in one order, however they come', () => {
  const wrong = {
    [`${APP_ARMOR}main`]: 'x',
    [`${CONTAINER_SECCOMP}main`]: 'x',
    [SECCOMP]: 'x',
    [COST]: 'x',
    [MIRROR]: 'x',
  }
  assert.deepEqual(
    refused(wrong).map(line => line.split(': ')[0]),
    [
      noted(MIRROR),
      noted(COST),
      `metadata.annotations.${SECCOMP}`,
      `metadata.annotations.${CONTAINER_SECCOMP}main`,
      noted(`${APP_ARMOR}main`),
    ],
  )
})

test('an update changes none that tell how the pod runs already', () => {
  const changed = (before: Annotations, after: Annotations, spec: object = {}) =>
    lines(pod.validateUpdate(podOf(after, spec), podOf(before, spec)))
  const key = `${APP_ARMOR}main`
  assert.deepEqual(changed({ [key]: 'unconfined' }, { [key]: 'runtime/default' }), [
    `${noted(key)}: Forbidden: may not remove or update AppArmor annotations`,
  ])
  assert.deepEqual(changed({}, { [key]: 'unconfined' }), [
    `${noted(key)}: Forbidden: may not add AppArmor annotations`,
  ])
  const placed = { nodeName: 'n' }
  assert.deepEqual(changed({}, { [MIRROR]: 'x' }, placed), [
    `${noted(MIRROR)}: Forbidden: may not add mirror pod annotation`,
  ])
  assert.deepEqual(changed({ [MIRROR]: 'x' }, {}, placed), [
    `${noted(MIRROR)}: Forbidden: may not remove or update mirror pod annotation`,
  ])
  assert.deepEqual(changed({ [COST]: 'x' }, { [COST]: 'y' }), [])
})

describe('a field beside an annotation says the same:', () => {
  const inContainer = (securityContext: object) => ({ containers: [{ ...main, securityContext }] })
  const at = (sort: string) => `spec.containers[0].securityContext.${sort}`
  test('of AppArmor', () => {
    const told = (value: string, appArmorProfile: object) =>
      refused({ [`${APP_ARMOR}main`]: value }, inContainer({ appArmorProfile }))
    const other = `${at('appArmorProfile')}.type: Forbidden: apparmor type in annotation and field must match`
    assert.deepEqual(told('unconfined', { type: 'Unconfined' }), [])
    assert.deepEqual(told('unconfined', { type: 'RuntimeDefault' }), [other])
    const local = { type: 'Localhost', localhostProfile: 'x' }
    assert.deepEqual(told('localhost/x', local), [])
    assert.deepEqual(told('unconfined', local), [other])
    assert.deepEqual(told('localhost/y', local), [
      `${at('appArmorProfile')}.localhostProfile: Forbidden: apparmor profile in annotation and field must match`,
    ])
  })
  test('of AppArmor, or that of the pod', () => {
    const ofPod = { securityContext: { appArmorProfile: { type: 'Unconfined' } } }
    assert.deepEqual(refused({ [`${APP_ARMOR}main`]: 'runtime/default' }, ofPod), [
      `${at('appArmorProfile')}.type: Forbidden: apparmor type in annotation and field must match`,
    ])
  })
  test('of seccomp', () => {
    const seccompProfile = { type: 'RuntimeDefault' }
    const key = `${CONTAINER_SECCOMP}main`
    assert.deepEqual(refused({ [key]: 'docker/default' }, inContainer({ seccompProfile })), [])
    assert.deepEqual(refused({ [key]: 'unconfined' }, inContainer({ seccompProfile })), [
      `${at('seccompProfile')}.type: Forbidden: seccomp type in annotation and field must match`,
    ])
    assert.deepEqual(
      refused({ [SECCOMP]: 'unconfined' }, { securityContext: { seccompProfile } }),
      [
        'spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
      ],
    )
  })
  test('in templates too', () => {
    const template = {
      metadata: { annotations: { [`${APP_ARMOR}main`]: 'unconfined', [`${APP_ARMOR}x`]: 'y' } },
      spec: inContainer({ appArmorProfile: { type: 'RuntimeDefault' } }),
    }
    assert.deepEqual(problemsOf(podTemplate, { template }), [
      `template.annotations[${APP_ARMOR}x]: Invalid value: "x": container not found`,
      `template.annotations[${APP_ARMOR}x]: Invalid value: "y": invalid AppArmor profile name: "y"`,
      `template.${at('appArmorProfile')}.type: Forbidden: apparmor type in annotation and field must match`,
    ])
  })
})

describe('who has annotations for AppArmor', () => {
  const key = `${APP_ARMOR}main`
  const warning = `${noted(key)}: deprecated since v1.30; use the "appArmorProfile" field instead`
  function adopted(value: string, spec: object = {}) {
    const draft = podOf({ [key]: value }, spec)
    const warnings = adoptAppArmor(draft)
    return { warnings, profile: draft.spec.containers[0]?.securityContext?.appArmorProfile }
  }
  test('gets the field, and is told', () => {
    const local = { type: 'Localhost', localhostProfile: 'x' }
    assert.deepEqual(adopted('localhost/x'), { warnings: [warning], profile: local })
    const unconfined = { type: 'Unconfined' }
    assert.deepEqual(adopted('unconfined'), { warnings: [warning], profile: unconfined })
  })
  test('is told alone where no field could say it', () => {
    for (const value of ['', 'x', 'localhost/', 'localhost/ x'])
      assert.deepEqual(adopted(value), { warnings: [warning], profile: undefined }, value)
  })
  test('is told nothing where the pod says it', () => {
    const spec = { securityContext: { appArmorProfile: { type: 'Unconfined' } } }
    assert.deepEqual(adopted('unconfined', spec), { warnings: [], profile: undefined })
    const other = adopted('runtime/default', spec)
    assert.deepEqual(other, { warnings: [warning], profile: { type: 'RuntimeDefault' } })
  })
  test('and has the field, keeps it', () => {
    const profile = { type: 'RuntimeDefault' }
    const containers = [{ ...main, securityContext: { appArmorProfile: profile } }]
    assert.deepEqual(adopted('unconfined', { containers }), { warnings: [], profile })
  })
  test('is told nothing on Windows', () =>
    assert.deepEqual(adopted('unconfined', { os: { name: 'windows' } }).warnings, []))
  test('in a template, is told alone', () => {
    const { spec } = podOf({})
    assert.deepEqual(podWarnings('template.spec', spec, { [key]: 'unconfined' }), [
      `template.${warning}`,
    ])
  })
})
