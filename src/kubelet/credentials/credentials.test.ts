import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import { readProviders } from './configuration.ts'
import { matchesImage, repositoryOf } from './image-match.ts'
import { openCredentials } from './providers.ts'

const API = 'credentialprovider.kubelet.k8s.io/v1'
const configOf = (...providers: object[]) =>
  Buffer.from(
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1',
      kind: 'CredentialProviderConfig',
      providers,
    }),
  )
const provider = {
  name: 'login',
  matchImages: ['*.registry.io', 'localhost:5000/team'],
  defaultCacheDuration: '10m',
  apiVersion: API,
  args: ['--now'],
  env: [{ name: 'REGION', value: 'north' }],
}

interface Request {
  readonly image: string
  readonly serviceAccountToken?: string
  readonly serviceAccountAnnotations?: object
}

function node(providers: readonly object[], answer: (request: Request) => object | Error | string) {
  const clock = createManualClock()
  const calls: { file: string; args: readonly string[]; env: object; request: Request }[] = []
  const warnings: unknown[] = []
  const run = async (
    file: string,
    args: readonly string[],
    { input, env }: { input: string; env: object },
  ) => {
    const request = JSON.parse(input) as Request
    calls.push({ file, args, env, request })
    const said = answer(request)
    if (said instanceof Error) throw said
    if (typeof said === 'string') return said
    return JSON.stringify({ kind: 'CredentialProviderResponse', apiVersion: API, ...said })
  }
  const client = {
    get: async () => ({
      metadata: { name: 'robot', uid: 'sa', annotations: { role: 'puller', other: 'x' } },
    }),
    createSubresource: async (_: unknown, { name }: { name: string }) => ({
      status: { token: `token-of-${name}` },
    }),
  }
  const context = {
    ...{ client, clock },
    log: { ...silentLog, warn: (_: string, fields: object) => warnings.push(fields) },
    options: {
      figures: createFigureBook(),
      credentialProviders: {
        settings: readProviders(configOf(...providers), 'f'),
        binDirectory: '/bin',
        run,
      },
    },
  } as unknown as KubeletContext
  return { clock, calls, warnings, credentials: openCredentials(context) }
}
const pod = (spec: object = {}) =>
  ({ metadata: { name: 'p', uid: 'p', namespace: 'default' }, spec }) as unknown as Pod
const auth = { '*.registry.io': { username: 'u', password: 'p' } }

test('a repository is told from tags and digests, with the registry that is meant', () => {
  const cases = {
    busybox: 'docker.io/library/busybox',
    'busybox:1': 'docker.io/library/busybox',
    'team/web@sha256:00': 'docker.io/team/web',
    'a.registry.io/web:1': 'a.registry.io/web',
    'localhost:5000/team/web:1@sha256:00': 'localhost:5000/team/web',
  }
  for (const [image, repository] of Object.entries(cases))
    assert.equal(repositoryOf(image), repository)
})

test('patterns match label by label, ports as they are, and paths by their beginning', () => {
  const cases: [string, string, boolean][] = [
    ['*.registry.io', 'a.registry.io/web', true],
    ['*.registry.io', 'a.b.registry.io/web', false],
    ['*.*.registry.io', 'a.b.registry.io/web', true],
    ['re*st*.io', 'registry.io/web', true],
    ['re*ast*.io', 'registry.io/web', false],
    ['registry.io:8080', 'registry.io/web', false],
    ['registry.io:8080/a', 'registry.io:8080/a/b', true],
    ['registry.io/b', 'registry.io/a/b', false],
    ['https://registry.io', 'registry.io/a', true],
  ]
  for (const [pattern, repository, matches] of cases)
    assert.equal(matchesImage(pattern, repository), matches, `${pattern} ${repository}`)
})

test('a program is asked for its images, and what it says is used for as long as it is good', async () => {
  const { calls, credentials, clock } = node([provider], () => ({ cacheKeyType: 'Registry', auth }))
  assert.deepEqual(await credentials.for(pod(), 'quay.io/x:1'), [])
  const found = { auth: { username: 'u', password: 'p' } }
  assert.deepEqual(await credentials.for(pod(), 'a.registry.io/web:1'), [found])
  assert.deepEqual(calls, [
    {
      file: '/bin/login',
      args: ['--now'],
      env: { REGION: 'north' },
      request: { kind: 'CredentialProviderRequest', apiVersion: API, image: 'a.registry.io/web' },
    },
  ])
  assert.deepEqual(await credentials.for(pod(), 'a.registry.io/other'), [found])
  assert.equal(calls.length, 1, 'the registry is the same')
  await credentials.for(pod(), 'b.registry.io/other')
  assert.equal(calls.length, 2)
  await clock.advance(10 * 60_000)
  await credentials.for(pod(), 'a.registry.io/web')
  assert.equal(calls.length, 3)
})

test('what is good for no time is not kept, and what is for others is not used', async () => {
  const { calls, credentials } = node([provider], () => ({
    cacheKeyType: 'Global',
    cacheDuration: '0s',
    auth: { 'b.registry.io': { username: 'b' }, 'a.registry.io/web': { username: 'a' }, ...auth },
  }))
  for (const _ of [1, 2])
    assert.deepEqual(
      (await credentials.for(pod(), 'a.registry.io/web')).map(({ auth }) => auth.username),
      ['a', 'u'],
    )
  assert.equal(calls.length, 2)
})

test('a program that fails is told of, and the image is pulled without it', async () => {
  const other = { ...provider, name: 'other' }
  const { warnings, credentials } = node([provider, other], ({ image }) =>
    image.endsWith('bad') ? new Error('no network') : { cacheKeyType: 'Never', auth },
  )
  assert.deepEqual(await credentials.for(pod(), 'a.registry.io/bad'), [])
  assert.deepEqual(warnings[0], {
    ...{ provider: 'login', image: 'a.registry.io/bad', error: 'no network' },
  })
  assert.deepEqual(await credentials.for(pod(), 'a.registry.io/good'), [])
  assert.match(JSON.stringify(warnings[2]), /cacheKeyType must be one of Image, Registry, Global/)
})

test('who wants tokens of service accounts gets them, with what is noted on the account', async () => {
  const tokenAttributes = {
    serviceAccountTokenAudience: 'registry',
    cacheType: 'ServiceAccount',
    requireServiceAccount: true,
    requiredServiceAccountAnnotationKeys: ['role'],
    optionalServiceAccountAnnotationKeys: ['more'],
  }
  const { calls, credentials } = node([{ ...provider, tokenAttributes }], () => ({
    cacheKeyType: 'Image',
    auth,
  }))
  assert.deepEqual(await credentials.for(pod(), 'a.registry.io/web'), [], 'a static pod has none')
  const robot = pod({ serviceAccountName: 'robot' })
  const [found] = await credentials.for(robot, 'a.registry.io/web')
  assert.deepEqual(found?.serviceAccount, { uid: 'sa', namespace: 'default', name: 'robot' })
  assert.equal(calls[0]?.request.serviceAccountToken, 'token-of-robot')
  assert.deepEqual(calls[0]?.request.serviceAccountAnnotations, { role: 'puller' })
  await credentials.for(robot, 'a.registry.io/web')
  assert.equal(calls.length, 1)
})

test('says what is wrong with a configuration', () => {
  const cases: [object, RegExp][] = [
    [{ ...provider, name: '../login' }, /providers\[0\].name: it must be the name of a program/],
    [{ ...provider, matchImages: [] }, /matchImages: at least 1 item is required/],
    [{ ...provider, defaultCacheDuration: undefined }, /defaultCacheDuration is required/],
    [{ ...provider, apiVersion: 'v1' }, /apiVersion: it must be one of credentialprovider/],
    [{ ...provider, typo: 1 }, /strict decoding error: unknown field "providers\[0\].typo"/],
    [
      { ...provider, tokenAttributes: { serviceAccountTokenAudience: 'a', cacheType: 'X' } },
      /cacheType must be Token or ServiceAccount/,
    ],
  ]
  for (const [each, message] of cases)
    assert.throws(() => readProviders(configOf(each), 'file.yaml'), { name: 'UserError', message })
  assert.throws(() => readProviders(configOf(provider, provider), 'f'), /"login" is there twice/)
  assert.throws(() => readProviders(configOf(), 'f'), /at least 1 item is required/)
  assert.throws(
    () => readProviders(Buffer.from('kind: X'), 'f'),
    /must be a CredentialProviderConfig/,
  )
})

test('what a program prints is never told, since it has passwords in it', async () => {
  const printed = '{"auth":{"x":{"password":"geheim"}} "oops"'
  const { credentials, warnings } = node([provider], () => printed)
  assert.deepEqual(await credentials.for(pod(), 'a.registry.io/web:1'), [])
  assert.doesNotMatch(JSON.stringify(warnings), /geheim|oops/)
  assert.match(JSON.stringify(warnings), /did not answer with JSON/)
})
