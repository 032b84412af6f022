/**
 * What is wrong with an expression is told by Proa as by upstream, in all places where one may stand: all of it, in the same words, at the
 * same places.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { Pair } from './pair.ts'
import { CALLS } from './variants/expressions-of-calls.ts'
import { OPERATORS } from './variants/expressions-of-operators.ts'
import { UNPARSED } from './variants/expressions-that-do-not-parse.ts'
import { SELF } from './variants/rules.ts'

const ADMISSION = '/apis/admissionregistration.k8s.io/v1'
const matched = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
  ],
}
const always = [{ expression: 'true' }]
const policy = (spec: object) => ({
  metadata: { name: 'a' },
  spec: { matchConstraints: matched, ...spec },
})
const mutating = (mutations: readonly object[]) =>
  policy({ reinvocationPolicy: 'Never', mutations })
const named = (expression: string, at: number) => ({ name: `v${at}`, expression })

interface Place {
  readonly path: string
  /** Of what the expressions there speak. */
  readonly self: string
  /** How many there may be at once. */
  readonly most: number
  readonly body: (expressions: readonly string[]) => object
}

function definition(expressions: readonly string[]): object {
  const rules = expressions.map(rule => ({ rule, message: 'wrong' }))
  const spec = { ...SELF, 'x-kubernetes-validations': rules }
  const openAPIV3Schema = { type: 'object', properties: { spec } }
  return {
    metadata: { name: 'as.wrong.example.com' },
    spec: {
      group: 'wrong.example.com',
      scope: 'Namespaced',
      names: { plural: 'as', kind: 'A' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  }
}

const VALIDATING = `${ADMISSION}/validatingadmissionpolicies`
const MUTATING = `${ADMISSION}/mutatingadmissionpolicies`

const PLACES: Readonly<Record<string, Place>> = {
  rules: {
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    self: 'self',
    most: 40,
    body: definition,
  },
  validations: {
    path: VALIDATING,
    self: 'object',
    most: 60,
    body: all => policy({ validations: all.map(expression => ({ expression, message: 'm' })) }),
  },
  messages: {
    path: VALIDATING,
    self: 'object',
    most: 60,
    body: all =>
      policy({
        validations: all.map(messageExpression => ({ expression: 'true', messageExpression })),
      }),
  },
  variables: {
    path: VALIDATING,
    self: 'object',
    most: 60,
    body: all => policy({ validations: always, variables: all.map(named) }),
  },
  annotations: {
    path: VALIDATING,
    self: 'object',
    most: 20,
    body: all =>
      policy({
        auditAnnotations: all.map((valueExpression, at) => ({ key: `k${at}`, valueExpression })),
      }),
  },
  conditions: {
    path: VALIDATING,
    self: 'object',
    most: 60,
    body: all => policy({ validations: always, matchConditions: all.map(named) }),
  },
  webhooks: {
    path: `${ADMISSION}/validatingwebhookconfigurations`,
    self: 'object',
    most: 60,
    body: all => ({
      metadata: { name: 'a' },
      webhooks: [
        {
          name: 'a.example.com',
          clientConfig: { url: 'https://127.0.0.1:1' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          matchConditions: all.map(named),
        },
      ],
    }),
  },
  'applied configurations': {
    path: MUTATING,
    self: 'object',
    most: 60,
    body: all =>
      mutating(
        all.map(expression => ({
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression },
        })),
      ),
  },
  patches: {
    path: MUTATING,
    self: 'object',
    most: 60,
    body: all =>
      mutating(all.map(expression => ({ patchType: 'JSONPatch', jsonPatch: { expression } }))),
  },
  devices: {
    path: '/apis/resource.k8s.io/v1/deviceclasses',
    self: 'device',
    most: 30,
    body: all => ({
      metadata: { name: 'a' },
      spec: { selectors: all.map(expression => ({ cel: { expression } })) },
    }),
  },
}

/** Told otherwise, or taken there, and why. */
const DIFFER: readonly (readonly [RegExp, string])[] = [
  [
    /^devices: .*(\btype\(| == (int|type)$)/,
    'what a selector may cost is not estimated, so that types are compared, which upstream thinks of as without end',
  ],
]

/** What only long texts show: the limits. */
const LARGE: readonly string[] = [
  `${'('.repeat(249)}true${')'.repeat(249)}`,
  `${'('.repeat(250)}true${')'.repeat(250)}`,
  `${'['.repeat(260)}${']'.repeat(260)} == []`,
  `1${' + 1'.repeat(250)} == 1`,
  `self${'.x'.repeat(260)} == 1`,
  `${'!'.repeat(300)}true`,
  `true${' && true'.repeat(300)}`,
  `true${' ? true : true'.repeat(260)}`,
  '@'.repeat(120),
  '(1 ( '.repeat(40),
  'a '.repeat(300).trim(),
  '[1 2] + '.repeat(40).trim(),
  `${'f('.repeat(260)}${')'.repeat(260)}`,
]

/** Signs that a line cannot hold, and letters that are wide. */
const UNPRINTED: readonly string[] = [
  '"a\nb"',
  "'a\rb' == ''",
  '"""a\nb""" == ""',
  'self.b\f== true',
  'self.b \r\n == \r\n 1 1',
  'self.a == // x\n 1 1',
  'self.a\t==\t1 1',
  'self.b &&\n  (self.b',
  '"日本語" + zz == é',
  "'😀' == self.zz + zz",
  'self.b\u00a0 == 1',
]

const differs = (place: string, expression: string) =>
  DIFFER.some(([pattern]) => pattern.test(`${place}: ${expression}`))

/** Upstream numbers the types of schemas by chance. */
const steadyTypes = (text: string) => text.replace(/selfType\d+/g, 'selfType')

describe('expressions', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
  })
  after(() => pair?.stop())

  const asked = (place: Place, expressions: readonly string[]) => {
    const request = { method: 'POST', path: `${place.path}?dryRun=All` } as const
    return pair.compare({ ...request, body: place.body(expressions) }, undefined, steadyTypes)
  }

  for (const [name, place] of Object.entries(PLACES)) {
    const all = [...UNPARSED, ...OPERATORS, ...CALLS, ...LARGE, ...UNPRINTED]
      .map(each => each.replaceAll('self', place.self))
      .filter(each => !differs(name, each))
    for (let at = 0; at < all.length; at += place.most)
      test(`${name} from ${at + 1} on`, async () => {
        assert.deepEqual(unexpected(await asked(place, all.slice(at, at + place.most))), [])
      })
  }
})
