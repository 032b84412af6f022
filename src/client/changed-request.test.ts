import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedRequest } from './changed-request.ts'
import type { ApiRequest } from './transport.ts'

test('what is changed is, what is not stays, and the signal is made no sooner than it is looked at', () => {
  let made = 0
  class Request implements ApiRequest {
    readonly method = 'GET'
    readonly path = '/a'
    readonly headers = { accept: 'b' }
    readonly #controller = new AbortController()
    get signal() {
      made++
      return this.#controller.signal
    }
  }
  const request = new Request()
  const changed = changedRequest(request, { path: '/c' })
  assert.equal(made, 0)
  const twice = changedRequest(changed, { objects: true })
  const { method, path, headers, objects } = twice
  assert.deepEqual([method, path, headers, objects], ['GET', '/c', { accept: 'b' }, true])
  assert.equal(twice.signal, request.signal)
  assert.equal(changedRequest({ method: 'GET', path: '/' }, {}).signal, undefined)
})
