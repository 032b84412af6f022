/** Requests that nobody should send, as a table: what is asked, and the Status that has to come back. */
import assert from 'node:assert/strict'
import type { Asked } from '../../src/client/testing/serving.ts'
import { type Credentials, type Target, versions } from './target.ts'

export interface Case {
  readonly what: string
  readonly asked: Asked
  readonly code: number
  readonly reason: string
  /** As upstream words it, where it does. */
  readonly message: string | RegExp
  readonly as?: Credentials
}

/** Asks everything over both versions of HTTP; gives back how many answers were right. */
export async function tryCases(target: Target, cases: readonly Case[]): Promise<number> {
  const wrong: string[] = []
  let right = 0
  for (const version of versions)
    for (const one of cases) {
      const { status, json } = await target.ask(one.asked, version, one.as)
      const { message } = one
      const isRight =
        status === one.code &&
        json?.kind === 'Status' &&
        json.apiVersion === 'v1' &&
        json.status === 'Failure' &&
        json.code === one.code &&
        json.reason === one.reason &&
        (typeof message === 'string' ? json.message === message : message.test(json.message))
      if (isRight) right++
      else
        wrong.push(
          `${version} ${one.what}: ${status} ${json?.reason} ${json?.message}\n  expected ${one.code} ${one.reason} ${message}`,
        )
    }
  assert.deepEqual(wrong, [])
  return right
}

export const configMaps = '/api/v1/namespaces/default/configmaps'

/** A new test that needs an object has one under a name of its own. */
export async function createConfigMap(target: Target, name: string, more: object = {}) {
  const answer = await target.ask({
    method: 'POST',
    path: configMaps,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { name }, data: { a: '1' }, ...more }),
  })
  assert.equal(answer.status, 201, answer.text)
  return answer.json
}
