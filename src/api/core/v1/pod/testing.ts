/** Pods for tests of what is refused, and the words of some refusals. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { problemsOf } from '../testing.ts'
import { pod } from './pod.ts'

const web = { name: 'web', image: 'nginx:1.27' }
export const podWith = (spec: object) => ({ spec: { containers: [web], ...spec } })
export const containerWith = (fields: object, spec: object = {}) =>
  podWith({ containers: [{ ...web, ...fields }], ...spec })

/** Volumes of several kinds, and a variable that comes out of a file of one. */
export const files = [
  { name: 'files', emptyDir: {} },
  { name: 'config', configMap: { name: 'c' } },
  { name: 'block', persistentVolumeClaim: { claimName: 'c' } },
]
export const fromFile = (volumeName: string, path = 'a', key = 'K') => [
  { name: 'A', valueFrom: { fileKeyRef: { volumeName, path, key } } },
]

export const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
export const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
export const KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
export const NO_NAME = 'name part must be non-empty'

/** `expected` are all problems, in their order. */
export type Case = readonly [title: string, body: object, expected: readonly string[]]

export function refuses(groups: Readonly<Record<string, readonly Case[]>>): void {
  for (const [group, cases] of Object.entries(groups))
    describe(group, () => {
      for (const [title, body, expected] of cases)
        test(`refused: ${title}`, () => assert.deepEqual(problemsOf(pod, { ...body }), expected))
    })
}
