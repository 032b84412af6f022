/** Webhooks and policies. */
import type { Plain } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import { onlyMetadata } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'
import { selector } from './selector.ts'
import type { Variant, Variants } from './variant.ts'

const rules = [
  {
    apiGroups: ['none.example.com'],
    apiVersions: ['v1', 'v2'],
    resources: ['nothings', 'nothings/status'],
    operations: ['CREATE', 'UPDATE'],
    scope: 'Namespaced',
  },
]
const matchConditions = [
  { name: 'example.com/not-mine', expression: "request.userInfo.username != 'me'" },
]
const webhook = (clientConfig: Plain): Plain => ({
  name: 'never.example.com',
  clientConfig,
  admissionReviewVersions: ['v1', 'v1beta1'],
  sideEffects: 'NoneOnDryRun',
  failurePolicy: 'Ignore',
  matchPolicy: 'Exact',
  rules,
  namespaceSelector: selector,
  objectSelector: selector,
  matchConditions,
})
const service = { namespace: 'default', name: 'web' }
const webhooks: readonly Variant[] = [
  {
    title: 'service',
    object: {
      webhooks: [
        webhook({ service: { ...service, path: '/p', port: 8443 }, caBundle: 'eA==' }),
        { ...webhook({ service }), name: 'other.example.com' },
      ],
    },
    change: onlyMetadata,
  },
  {
    title: 'url',
    object: { webhooks: [webhook({ url: 'https://127.0.0.1:1/never' })] },
    change: onlyMetadata,
  },
]
const constraints = {
  resourceRules: [{ ...rules[0], resourceNames: ['a'] }],
  excludeResourceRules: [rules[0]],
  matchPolicy: 'Exact',
  namespaceSelector: selector,
  objectSelector: selector,
}
const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
const variables = [
  { name: 'big', expression: 'object.spec.replicas > 3' },
  { name: 'bigger', expression: 'variables.big' },
]
const mutating: readonly Variant[] = [
  {
    title: 'both sorts of patches',
    object: {
      spec: {
        paramKind,
        matchConstraints: constraints,
        variables,
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression: '[JSONPatch{op: "add", path: "/metadata/labels/a", value: "b"}]',
            },
          },
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: {
              expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}',
            },
          },
        ],
        matchConditions,
        failurePolicy: 'Ignore',
        reinvocationPolicy: 'IfNeeded',
      },
    },
    change: onlyMetadata,
  },
]
const bindings: readonly Variant[] = [
  {
    title: 'name',
    object: {
      spec: {
        policyName: 'nothing',
        paramRef: { name: 'p', namespace: 'n', parameterNotFoundAction: 'Deny' },
        matchResources: constraints,
        validationActions: ['Warn', 'Audit'],
      },
    },
    change: onlyMetadata,
  },
  {
    title: 'selector',
    object: {
      spec: {
        policyName: 'nothing',
        paramRef: { selector, parameterNotFoundAction: 'Allow' },
        validationActions: ['Deny', 'Audit'],
      },
    },
    change: onlyMetadata,
  },
]
const mutatingBindings = bindings.map(({ object, ...rest }): Variant => {
  const { validationActions: _, ...spec } = object.spec as Plain
  return { ...rest, object: { spec } }
})

export const admissionVariants: Variants = {
  'admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': webhooks.map(
    ({ object, ...rest }) => ({
      ...rest,
      object: {
        webhooks: (object.webhooks as Plain[]).map(each => ({
          ...each,
          reinvocationPolicy: 'IfNeeded',
        })),
      },
    }),
  ),
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy': [
    {
      title: 'all parts',
      object: {
        spec: {
          paramKind,
          matchConstraints: constraints,
          validations: [
            { expression: 'variables.big', message: 'm', reason: 'Forbidden' },
            { expression: 'params.data.a == "b"', messageExpression: '"x"' },
          ],
          auditAnnotations: [{ key: 'a', valueExpression: '"v"' }],
          matchConditions,
          variables,
          failurePolicy: 'Ignore',
        },
      },
      change: onlyMetadata,
      status: {
        observedGeneration: 1,
        typeChecking: {
          expressionWarnings: [{ fieldRef: 'spec.validations[0].expression', warning: 'w' }],
        },
      },
    },
  ],
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding': bindings,
  'admissionregistration.k8s.io/v1 MutatingAdmissionPolicy': mutating,
  'admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy': mutating,
  'admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy': mutating,
  'admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding': mutatingBindings,
  'admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicyBinding': mutatingBindings,
  'admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicyBinding': mutatingBindings,
}
