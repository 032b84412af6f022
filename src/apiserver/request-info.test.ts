import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import type { Method } from '#client/transport.ts'
import { parseRequestInfo } from './request-info.ts'

function short(method: Method, path: string): string {
  const info = parseRequestInfo(method, path)
  if (!info.isResourceRequest) return `${info.verb} path`
  const { verb, group, version, namespace, resource, subresource, name } = info
  return [verb, `${group}/${version}`, namespace, resource, subresource, name].join(' ')
}

test('paths and methods are read as upstream reads them', () => {
  const cases: [Method, string, string][] = [
    ['GET', '/', 'get path'],
    ['GET', '/healthz', 'get path'],
    ['GET', '/api', 'get path'],
    ['GET', '/api/v1', 'get path'],
    ['GET', '/apis/apps/v1', 'get path'],
    ['GET', '/api/v1/pods', 'list /v1  pods  '],
    ['GET', '/api/v1/pods?watch=true', 'watch /v1  pods  '],
    ['GET', '/api/v1/watch/namespaces/a/pods', 'watch /v1 a pods  '],
    ['GET', '/api/v1/namespaces', 'list /v1  namespaces  '],
    ['GET', '/api/v1/namespaces/a', 'get /v1 a namespaces  a'],
    ['PUT', '/api/v1/namespaces/a/finalize', 'update /v1 a namespaces finalize a'],
    ['GET', '/api/v1/namespaces/a/pods/b/log', 'get /v1 a pods log b'],
    ['POST', '/apis/apps/v1/namespaces/a/deployments', 'create apps/v1 a deployments  '],
    [
      'PATCH',
      '/apis/apps/v1/namespaces/a/deployments/d/scale',
      'patch apps/v1 a deployments scale d',
    ],
    ['DELETE', '/api/v1/namespaces/a/pods', 'deletecollection /v1 a pods  '],
    ['DELETE', '/api/v1/namespaces/a/pods/b', 'delete /v1 a pods  b'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'list /v1  pods  x'],
    ['DELETE', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'deletecollection /v1  pods  '],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da%2Fb', 'list /v1  pods  '],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3D..', 'list /v1  pods  '],
    ['HEAD', '/api/v1/nodes/n', 'get /v1  nodes  n'],
    ['GET', '/%61pi/v1/nodes/n', 'get /v1  nodes  n'],
    ['GET', '//api/v1/nodes/n', 'get path'],
    ['GET', '/healthz/../api/v1/nodes/n', 'get path'],
  ]
  for (const [method, path, expected] of cases) assert.equal(short(method, path), expected, path)
})

test('odd segments are refused, however they are written', () => {
  for (const path of [
    '/api/v1/namespaces/../pods',
    '/api/v1/namespaces/%2e%2e/pods',
    '/api/v1/namespaces/a%2fb/pods',
    '/api/v1/namespaces//pods',
    '/api/v1/namespaces/a%00/pods',
    '/api/v1/namespaces/%zz/pods',
    '/api/v1/namespaces/./pods',
    '/api/v1/namespaces/a\\b/pods',
    '/api/v1/namespaces/a\0/pods',
    '/api/v1/pods//',
  ])
    assert.throws(
      () => parseRequestInfo('GET', path),
      thrown => isStatus(thrown, 'NotFound', 'BadRequest'),
      path,
    )
})
