/** Patches, apply and sets of fields: two values in one text. */
import assert from 'node:assert/strict'
import { kinds } from '../../src/api/kinds.ts'
import { serverSideApply } from '../../src/api/machinery/apply/apply.ts'
import { FieldSet, pathText } from '../../src/api/machinery/apply/field-set.ts'
import { parseJson } from '../../src/api/machinery/body.ts'
import { stringifyJson } from '../../src/api/machinery/exact-json.ts'
import type { AnyKind } from '../../src/api/machinery/kind.ts'
import type { KubernetesObject } from '../../src/api/machinery/metadata.ts'
import { jsonPatch } from '../../src/api/machinery/patch/json-patch.ts'
import { mergePatch } from '../../src/api/machinery/patch/merge-patch.ts'
import { strategicMergePatch } from '../../src/api/machinery/patch/strategic-merge.ts'
import { isPlainObject } from '../../src/api/machinery/plain.ts'
import { badRequest } from '../../src/api/machinery/status.ts'
import type { Target } from './fuzzer.ts'
import { CONFIG_MAP, JSON_WORDS, POD } from './samples.ts'

const pod = kinds.find(({ kind }) => kind === 'Pod') as AnyKind
const WORDS = [
  ...JSON_WORDS,
  '"op":"copy","from":"/spec","path":"/spec/-"',
  '"path":"/a/0"',
  '"$patch":"delete",',
  '"$patch":"replace",',
  '"$retainKeys":["name"],',
  '"$setElementOrder/containers":[{"name":"c"}],',
  '"$deleteFromPrimitiveList/finalizers":["a"],',
]

/** The document is always the same; what arrives is the patch. */
function patchTarget(
  name: string,
  samples: readonly unknown[],
  apply: (document: object, patch: unknown) => unknown,
): Target {
  const before = JSON.stringify(POD)
  return {
    name,
    samples: samples.map(sample => JSON.stringify(sample)),
    words: WORDS,
    run(input) {
      const patch = parseJson(input)
      const shown = stringifyJson(patch)
      const document = JSON.parse(before) as object
      try {
        stringifyJson(apply(document, patch) ?? null)
      } finally {
        // The inputs are others' to keep.
        assert.equal(JSON.stringify(document), before)
        assert.equal(stringifyJson(patch), shown)
      }
    },
  }
}

const operations = [
  { op: 'test', path: '/spec/containers/0/name', value: 'c' },
  { op: 'add', path: '/spec/containers/-', value: { name: 'd' } },
  { op: 'replace', path: '/metadata/labels/app', value: 'x' },
  { op: 'copy', from: '/spec/containers', path: '/spec/initContainers' },
  { op: 'move', from: '/spec/volumes/0', path: '/spec/volumes/-' },
  { op: 'remove', path: '/metadata/annotations' },
]
const strategic = [
  { spec: { containers: [{ name: 'c', env: [{ name: 'B', value: '2' }], ports: null }] } },
  { spec: { containers: [{ $patch: 'delete', name: 'c' }], volumes: [{ $patch: 'replace' }] } },
  { spec: { $setElementOrder: [], tolerations: [{ key: 'x' }], nodeSelector: null } },
  { metadata: { $patch: 'merge', '$deleteFromPrimitiveList/finalizers': ['a'] }, status: null },
]

const apply: Target = {
  name: 'apply',
  samples: [POD, CONFIG_MAP, ...strategic].map(object => JSON.stringify(object)),
  words: WORDS,
  run(input) {
    const configuration = parseJson(input)
    if (!isPlainObject(configuration) || !isPlainObject(configuration.metadata ?? {}))
      throw badRequest('the handler refuses what is no object')
    const { managedFields: _, ...metadata } = (configuration.metadata ?? {}) as Record<
      string,
      unknown
    >
    const applied = {
      ...configuration,
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, name: 'web' },
    } as unknown as KubernetesObject
    const options = { manager: 'fuzz', subresource: '', time: '2026-01-02T03:04:05Z', force: true }
    const live = JSON.parse(JSON.stringify(POD)) as KubernetesObject
    const { object } = serverSideApply(pod, live, applied, options)
    // Applied again, nothing changes any more.
    const again = serverSideApply(pod, object, applied, options)
    assert.equal(stringifyJson(again.object), stringifyJson(object))
  },
}

const fieldSets: Target = {
  name: 'FieldsV1',
  samples: [
    JSON.stringify(POD.metadata.managedFields[0]?.fieldsV1),
    '{"f:metadata":{"f:labels":{".":{},"f:app":{}},"f:finalizers":{"v:\\"a\\"":{}}}}',
  ],
  words: [
    ...JSON_WORDS,
    '"f:a":{',
    '"k:{\\"name\\":\\"c\\"}":{},',
    '"v:1":{},',
    '".":{},',
    '"i:0":{},',
  ],
  run(input) {
    const set = FieldSet.fromJson(parseJson(input))
    const text = stringifyJson(set.toJson())
    const same = FieldSet.fromJson(parseJson(Buffer.from(text)))
    assert.equal(stringifyJson(same.toJson()), text)
    assert.ok(set.equals(same))
    assert.ok(set.difference(set).isEmpty)
    for (const path of set.union(same).paths()) pathText(path)
  },
}

export const patchTargets: readonly Target[] = [
  patchTarget('JSON patch', [operations, ...operations.map(each => [each])], jsonPatch),
  patchTarget('merge patch', strategic, mergePatch),
  patchTarget('strategic merge patch', strategic, (document, patch) =>
    strategicMergePatch(pod.shape, document, patch),
  ),
  apply,
  fieldSets,
]
