import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFigureBook } from '#base/figures.ts'
import { silentLog as log } from '#base/log.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { createMemoryFiles } from '../../simulation/hollow/memory-files.ts'
import type { KubeletContext } from '../options.ts'
import type { Image } from '../runtime.ts'
import { ImageAccess } from './image-access.ts'
import { hashOf, type PullCredential } from './pull-credentials.ts'
import { mustVerify, patternProblem, type Verification } from './verification-policy.ts'

const IMAGE = 'example.com/private/a:1'
const ID = 'sha256:1'
const secret = (name: string, password: string, uid = name): PullCredential => ({
  auth: { username: 'u', password },
  secret: { uid, namespace: 'default', name },
})
const USUAL: Verification = { policy: 'NeverVerifyPreloadedImages', allowlist: [] }

function node(verification = USUAL, files = createMemoryFiles(), images: readonly Image[] = []) {
  const clock = createManualClock()
  const context = {
    ...{ clock, log },
    options: {
      ...{ rootDirectory: '/kubelet', hostAccess: { files }, figures: createFigureBook() },
      ...{ imageVerification: verification, runtime: { listImages: async () => images } },
    },
  } as unknown as KubeletContext
  const access = new ImageAccess(context)
  const mustPull = (image: string, ...credentials: PullCredential[]) =>
    access.mustPull(image, ID, async () => credentials)
  const pull = (image: string, credential?: PullCredential) =>
    access.pulling(image, async () => ({ imageRef: ID, credential }))
  const texts = async (directory: 'pulled' | 'pulling') => {
    const names = await files.names(`/kubelet/image_manager/${directory}`)
    return Promise.all(
      names.map(async name =>
        JSON.parse(
          new TextDecoder().decode(await files.read(`/kubelet/image_manager/${directory}/${name}`)),
        ),
      ),
    )
  }
  return { clock, files, access, mustPull, pull, texts }
}

test('who pulled an image may use it, and nobody else without pulling it', async () => {
  const { mustPull, pull, texts } = node()
  assert.equal(await mustPull(IMAGE), false, 'nobody here pulled it')
  await pull(IMAGE, secret('a', 'good'))
  assert.equal(await mustPull(IMAGE), true)
  assert.equal(await mustPull(IMAGE, secret('b', 'bad')), true)
  assert.equal(await mustPull(IMAGE, secret('a', 'good')), false)
  assert.equal(await mustPull(IMAGE, secret('a', 'changed')), false, 'the same secret')
  assert.equal(await mustPull(IMAGE, secret('b', 'changed')), false, 'the same words')
  assert.equal(await mustPull('example.com/other:1', secret('a', 'good')), true, 'another name')
  const [record] = await texts('pulled')
  assert.deepEqual(
    record.credentialMapping['example.com/private/a'].kubernetesSecrets.map(
      ({ name, credentialHash }: { name: string; credentialHash: string }) => [
        name,
        credentialHash,
      ],
    ),
    ['a', 'b'].map(name => [name, hashOf({ username: 'u', password: 'changed' })]),
  )
  assert.deepEqual(await texts('pulling'), [])
})

test('what nobody needs a password for is for all, and a program’s for its account', async () => {
  const { mustPull, pull } = node()
  const account = { uid: 's', namespace: 'default', name: 'robot' }
  const credential = { auth: {}, serviceAccount: account }
  await pull(IMAGE, credential)
  assert.equal(await mustPull(IMAGE), true)
  assert.equal(await mustPull(IMAGE, { auth: {}, serviceAccount: { ...account, uid: 't' } }), true)
  assert.equal(await mustPull(IMAGE, credential), false)
  await pull(IMAGE)
  assert.equal(await mustPull(IMAGE), false)
})

test('the next kubelet knows it, also of a pull that it did not see the end of, and does not trust a broken file', async () => {
  const { files, pull, access } = node()
  await pull(IMAGE, secret('a', 'good'))
  const next = node(USUAL, files)
  assert.equal(await next.mustPull(IMAGE), true)
  assert.equal(await next.mustPull(IMAGE, secret('a', 'good')), false)

  void access.pulling('example.com/late:1', () => new Promise(() => {}))
  await new Promise(setImmediate)
  const late: Image = {
    ...{ id: 'sha256:2', repoTags: ['example.com/late:1'], repoDigests: [], sizeBytes: 1 },
  }
  const third = node(USUAL, files, [late])
  assert.equal(await third.access.mustPull('example.com/late:1', late.id, async () => []), true)
  assert.deepEqual(await third.texts('pulling'), [])

  const [name = ''] = (await files.names('/kubelet/image_manager/pulled')).filter(
    each => each !== '',
  )
  await files.write(`/kubelet/image_manager/pulled/${name}`, new TextEncoder().encode('{'))
  const fourth = node(USUAL, files)
  const verdicts = [
    await fourth.mustPull(IMAGE, secret('a', 'good')),
    await fourth.access.mustPull('example.com/late:1', late.id, async () => []),
  ]
  assert.deepEqual(verdicts, [true, true])
})

test('a pull that fails leaves nothing, and what is gone is forgotten', async () => {
  const { access, clock, pull, texts, mustPull } = node()
  const failing = access.pulling(IMAGE, () => Promise.reject(new Error('no')))
  await assert.rejects(failing, /^Error: no$/)
  assert.deepEqual([await texts('pulling'), await texts('pulled')], [[], []])
  assert.equal(await mustPull(IMAGE), false)
  await pull(IMAGE)
  await access.prune(new Set(), clock.now() - 1000)
  assert.equal((await texts('pulled')).length, 1, 'it is younger than the list')
  await access.prune(new Set([ID]), clock.now() + 5000)
  assert.equal((await texts('pulled')).length, 1, 'it is there')
  await access.prune(new Set(), clock.now() + 5000)
  assert.deepEqual(await texts('pulled'), [])
})

test('where an intent can’t be written nothing is pulled', async () => {
  const { files, access } = node()
  files.write = () => Promise.reject(new Error('the disk is full'))
  let pulls = 0
  const pulling = access.pulling(IMAGE, async () => {
    pulls++
    return { imageRef: ID, credential: undefined }
  })
  await assert.rejects(pulling, /failed to record image pull intent: the disk is full/)
  assert.equal(pulls, 0)
})

test('policies', () => {
  const allowlist = ['example.com/team/*', 'docker.io/library/busybox']
  const of = (policy: Verification['policy'], image: string, wasPulled = true) =>
    mustVerify({ policy, allowlist }, image, wasPulled)
  assert.equal(of('NeverVerify', IMAGE), false)
  assert.equal(of('AlwaysVerify', IMAGE, false), true)
  assert.equal(of('NeverVerifyPreloadedImages', IMAGE, false), false)
  assert.equal(of('NeverVerifyPreloadedImages', IMAGE), true)
  for (const image of ['busybox', 'busybox:1', 'example.com/team/a/b@sha256:0'])
    assert.equal(of('NeverVerifyAllowlistedImages', image), false, image)
  for (const image of ['busybox/a', 'example.com/teams', 'other.com/busybox'])
    assert.equal(of('NeverVerifyAllowlistedImages', image), true, image)
})

test('entries of the list', () => {
  for (const good of [
    'example.com/*',
    'example.com/a',
    'localhost:5000/a/*',
    'docker.io/library/a',
  ])
    assert.equal(patternProblem(good), undefined, good)
  for (const [bad, problem] of [
    ['a*', /only patterns ending with/],
    [' a', /spaces are not allowed/],
    ['', /too short/],
    ['/*', /at least registry hostname/],
    ['example.com/a:1', /neither tag nor digest/],
    ['busybox', /neither tag nor digest/],
    ['Example/A B', /failed to parse/],
  ] as const)
    assert.match(patternProblem(bad) ?? '', problem, bad)
})
