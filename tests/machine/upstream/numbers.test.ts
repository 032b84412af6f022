/** Numbers in all ways in which they can be written, in bodies and patches of all sorts, are taken and refused by Proa as by upstream. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { type Accepted, besides, unexpected } from './accepted.ts'
import { type Asked, Pair } from './pair.ts'

const AT = '/apis/apps/v1/namespaces/default/deployments'
const DRY = 'dryRun=All&fieldManager=counter'

const NUMBERS = [
  ...['0', '-0', '0.0', '-0.0', '0e0', '1.0', '1e0', '1E3', '1.5e1', '1e-1', '1.50', '100000.5'],
  ...['2147483647', '2147483648', '4294967297', '-2147483649', '1e10', '4294967297.5', '1.0e2'],
  ...['9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775809'],
  ...['18446744073709551617', '1e18', '1e19', '1e30', '-1e30', '1e400'],
]

const ACCEPTED: readonly Accepted[] = [
  {
    line: /^"template":\{"spec":\{"overhead"/,
    why: 'upstream shows quantities of trials as they were written, and reads those beyond 64 bits as floats',
  },
  {
    line: /maxSurge:1e\+10\]/,
    why: 'Proa does not know any more that it was a float, which Go prints otherwise',
  },
]

/** Where a number is put: a field of 32 bits, one of 64, one that may be a text, a quantity, one that nothing knows. */
const FIELDS: readonly ((number: string) => string)[] = [
  number => `"replicas":${number}`,
  number => `"template":{"spec":{"terminationGracePeriodSeconds":${number}}}`,
  number => `"strategy":{"rollingUpdate":{"maxSurge":${number}}}`,
  number => `"template":{"spec":{"overhead":{"cpu":${number}}}}`,
  number => `"unknown":${number}`,
]

/** What a merge makes of a whole object by a field. */
const whole = (field: string): string => {
  const labels = { a: 'b' }
  const parts = JSON.parse(`{${field.replace(/(:)([^":{}]+)(?=[}]|$)/, '$1"NUMBER"')}}`)
  const number = /:([^":{}]+)(?=[}]|$)/.exec(field)?.[1] ?? ''
  const spec = { containers: [{ name: 'x', image: 'y' }], ...parts.template?.spec }
  const template = { metadata: { labels }, spec }
  const body = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'counted' },
    spec: { ...parts, selector: { matchLabels: labels }, template },
  }
  return JSON.stringify(body).replace('"NUMBER"', number)
}

type Way = (field: string, number: string) => Asked

const patch = (type: string, body: string): Asked => ({
  method: 'PATCH',
  path: `${AT}/counted?${DRY}${type.startsWith('apply') ? '&force=true' : ''}`,
  body,
  headers: { 'content-type': `application/${type}` },
})
const WAYS: Readonly<Record<string, Way>> = {
  JSON: field => ({ method: 'POST', path: `${AT}?${DRY}`, body: whole(field) }),
  YAML: field => ({
    method: 'POST',
    path: `${AT}?${DRY}`,
    body: whole(field).replace(/:(?=[-\d])/, ': '),
    headers: { 'content-type': 'application/yaml' },
  }),
  'a merge patch': field => patch('merge-patch+json', `{"spec":{${field}}}`),
  'a strategic patch': field => patch('strategic-merge-patch+json', `{"spec":{${field}}}`),
  'an apply': field => patch('apply-patch+yaml', whole(field)),
  'a JSON patch': (_, number) =>
    patch('json-patch+json', `[{"op":"add","path":"/spec/replicas","value":${number}}]`),
  'a JSON patch that tests': (_, number) =>
    patch('json-patch+json', `[{"op":"test","path":"/spec/replicas","value":${number}}]`),
  'a size': (_, number) => ({
    method: 'PUT',
    path: `${AT}/counted/scale?${DRY}`,
    body: `{"metadata":{"name":"counted","namespace":"default"},"spec":{"replicas":${number}}}`,
  }),
  'options of a deletion': (_, number) => ({
    method: 'DELETE',
    path: `${AT}/counted`,
    body: `{"dryRun":["All"],"gracePeriodSeconds":${number}}`,
  }),
}

describe('numbers', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  before(async () => {
    pair = await Pair.start()
    for (const { text, status } of await pair.both({
      method: 'POST',
      path: AT,
      body: whole('"replicas":1'),
    }))
      assert.equal(status, 201, text)
  })
  after(() => pair?.stop())
  for (const [name, way] of Object.entries(WAYS))
    test(`in ${name}`, async () => {
      const lines: string[] = []
      for (const number of NUMBERS)
        for (const field of way.length === 1 ? FIELDS : FIELDS.slice(0, 1))
          for (const line of unexpected(await pair.compare(way(field(number), number))))
            lines.push(`${field(number)} ${line}`)
      assert.deepEqual(besides(ACCEPTED, lines), [])
    })
})
