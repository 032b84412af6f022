import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unreadAnswer } from './unread-answer.ts'

const said = (status: number, path: string, text = ''): string =>
  unreadAnswer(
    { status, headers: {}, body: { kind: 'bytes', bytes: Buffer.from(text) } },
    { method: 'GET', path },
  )

test('answers of what is no API server are told in upstream’s words, with what was asked for', () => {
  const pods = '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods'
  assert.equal(
    said(404, `${pods}?labelSelector=x`, '404 page not found'),
    'the server could not find the requested resource (get pods.metrics.k8s.io)',
  )
  assert.equal(
    said(503, '/api/v1/nodes/n'),
    'the server is currently unable to handle the request (get nodes n)',
  )
  assert.equal(
    said(502, '/healthz', 'bad "gateway"\n'),
    'an error on the server ("bad \\"gateway\\"") has prevented the request from succeeding',
  )
  assert.equal(
    said(418, '/'),
    'the server responded with the status code 418 but did not return more information',
  )
})
