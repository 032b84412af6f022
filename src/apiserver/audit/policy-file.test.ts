import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { parseAuditPolicy } from './policy-file.ts'

const HEAD = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'
const parse = (text: string) => parseAuditPolicy(Buffer.from(text), 'p.yaml')

/** What kube-apiserver 1.36 says of the same files. */
const WRONG: readonly (readonly [string, string])[] = [
  [`${HEAD}rules: []`, 'loaded illegal policy with 0 rules'],
  [
    `${HEAD}rules: [{level: Foo}]`,
    'rules[0].level: Unsupported value: "Foo": supported values: "None", "Metadata", "Request", "RequestResponse"',
  ],
  [`${HEAD}rules: [{}]`, 'rules[0].level: Required value'],
  [
    'apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]',
    'failed decoding: no kind "Policy" is registered for version "audit.k8s.io/v1beta1" in scheme "pkg/runtime/scheme.go:111"',
  ],
  [
    'kind: Policy\nrules: [{level: None}]',
    'unknown group version field audit.k8s.io/__internal, Kind=Policy in policy',
  ],
  ['', 'unknown group version field audit.k8s.io/__internal, Kind=Policy in policy'],
  [
    `${HEAD}rules: 5`,
    'failed decoding: json: cannot unmarshal number into Go struct field Policy.rules of type []v1.PolicyRule',
  ],
  [
    `${HEAD}rules: [{level: 5}]`,
    'failed decoding: json: cannot unmarshal number into Go struct field PolicyRule.rules.level of type v1.Level',
  ],
  [
    `${HEAD}rules: [{level: None, resources: [{group: '', resources: 7}]}]`,
    'failed decoding: json: cannot unmarshal number into Go struct field GroupResources.rules.resources.resources of type []string',
  ],
  [
    `${HEAD}omitStages: [Foo]\nrules: [{level: None, omitStages: [Bar]}]`,
    '[omitStages[0]: Invalid value: "Foo": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic, rules[0].omitStages[0]: Invalid value: "Bar": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic]',
  ],
  [
    `${HEAD}rules: [{level: None, nonResourceURLs: ['']},{level: None, nonResourceURLs: ['*','/a*b']},{level: None, resources: [{group: ''}], nonResourceURLs: ['/x']}]`,
    '[rules[0].nonResourceURLs[0]: Invalid value: "": non-resource URL rules must begin with a \'/\' character, rules[1].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards \'*\' must be the final character of the rule, rules[2].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs]',
  ],
  [
    `${HEAD}rules: [{level: Metadata, resources: [{group: '', resourceNames: [x]}]}]`,
    'rules[0].resources.resourceNames: Invalid value: ["x"]: using resourceNames requires at least one resource',
  ],
]

for (const [text, why] of WRONG)
  test(`is refused: ${text.replaceAll('\n', ' ').slice(0, 90)}`, () => {
    assert.throws(
      () => parse(text),
      (error: Error) => {
        assert.ok(error instanceof UserError)
        assert.equal(error.message, `loading audit policy file: ${why}: from file p.yaml`)
        return true
      },
    )
  })

test('fields that nobody knows are told, and pass', () => {
  const { unknownFields, policy } = parse(
    `${HEAD}metadata: {name: x}\nmore: 1\nrules: [{level: Metadata, bogus: 1}]`,
  )
  assert.deepEqual(unknownFields, ['more', 'rules[0].bogus'])
  assert.equal(policy.rules.length, 1)
})
