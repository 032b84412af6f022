import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import type { KubeletContext } from '../options.ts'
import type { Pod } from '../pod-types.ts'
import type { RuntimeStatus } from '../runtime.ts'
import { UNIT } from './id-space.ts'
import { decodeFile, encodeFile } from './pod-file.ts'
import { UserNamespaces } from './user-namespaces.ts'

const ABLE = [{ name: '', recursiveReadOnlyMounts: false, userNamespaces: true }]
const podOf = (uid: string, spec: object = { hostUsers: false }) =>
  ({ metadata: { uid, name: uid }, spec }) as unknown as Pod

/** A node whose files outlive its kubelets. */
class TestNode {
  readonly files = new Map<string, Uint8Array>()
  /** What the runtime tells of the ids of pods that run, by their UIDs. */
  readonly sandboxes = new Map<string, object>()
  writesFail = false

  kubelet(handlers: RuntimeStatus['handlers'] = ABLE, subordinate?: string) {
    const files = {
      makeDirectory: async () => {},
      names: async () => [...new Set([...this.files.keys()].map(path => path.split('/')[3] ?? ''))],
      read: async (path: string) => this.files.get(path),
      write: async (path: string, bytes: Uint8Array) => {
        if (this.writesFail) throw new Error('no space left')
        this.files.set(path, bytes)
      },
      rename: async (from: string, to: string) => {
        this.files.set(to, this.files.get(from) ?? new Uint8Array())
        this.files.delete(from)
      },
      removeTree: async (path: string) => void this.files.delete(path),
    }
    const subordinateIds = async () =>
      subordinate === undefined ? undefined : { users: subordinate, groups: subordinate }
    const options = {
      ...{ rootDirectory: '/root', idsPerPod: UNIT, maxPods: 2 },
      hostAccess: { files, subordinateIds },
      runtime: {
        listPodSandboxes: async () =>
          [...this.sandboxes.keys()].map(uid => ({ id: `s${uid}`, uid })),
        podSandboxStatus: async (id: string) => ({ ids: this.sandboxes.get(id.slice(1)) }),
      },
    }
    const context = { options, log: silentLog } as unknown as KubeletContext
    return new UserNamespaces({ context, handlers: () => handlers })
  }
}

test('a pod that shares the node’s users has none, whatever the runtime can do', async () => {
  const users = new TestNode().kubelet([])
  for (const spec of [{ hostUsers: true }, {}]) {
    assert.equal(await users.give(podOf('a', spec)), undefined)
    assert.equal(await users.of(podOf('a', spec)), undefined)
  }
})

test('a runtime or handler that can not do it is refused, in upstream’s words', async () => {
  const sentence = (handlers: RuntimeStatus['handlers'], handler?: string) =>
    new TestNode()
      .kubelet(handlers)
      .give(podOf('a'), handler)
      .then(
        () => 'given',
        (error: Error) => error.message,
      )
  const start = "can't set `spec.hostUsers: false`,"
  assert.equal(
    await sentence([]),
    `${start} runtime does not support user namespaces: the handler "" is not known`,
  )
  assert.equal(
    await sentence(ABLE, 'none'),
    `${start} RuntimeClass handler "none" does not support user namespaces: the handler "none" is not known`,
  )
  assert.equal(
    await sentence([...ABLE, { ...ABLE[0], name: 'slow', userNamespaces: false } as never], 'slow'),
    `${start} RuntimeClass handler "slow" does not support user namespaces`,
  )
  assert.equal(await sentence(ABLE), 'given')
})

test('what is given is asked for again, kept over restarts and given back at the end', async () => {
  const node = new TestNode()
  const users = node.kubelet()
  const [a, b] = [podOf('a'), podOf('b')]
  assert.deepEqual(await users.give(a), { hostId: UNIT, length: UNIT })
  assert.deepEqual(await users.give(a), { hostId: UNIT, length: UNIT })
  assert.deepEqual(await users.give(b), { hostId: 2 * UNIT, length: UNIT })
  assert.deepEqual([...node.files.keys()], ['/root/pods/a/userns', '/root/pods/b/userns'])
  const again = node.kubelet()
  assert.equal((await again.give(podOf('c')))?.hostId, 3 * UNIT)
  assert.equal((await again.of(b))?.hostId, 2 * UNIT)
  await again.release('b', b)
  assert.equal(node.files.has('/root/pods/b/userns'), false)
  assert.equal((await again.give(podOf('d')))?.hostId, 2 * UNIT)
  // A kubelet that has not given anything yet takes the file away all the same.
  await node.kubelet().release('d', podOf('d'))
  assert.equal(node.files.has('/root/pods/d/userns'), false)
})

test('what could not be written down is not given', async () => {
  const node = new TestNode()
  const users = node.kubelet()
  node.writesFail = true
  await assert.rejects(users.give(podOf('a')), /no space left/)
  node.writesFail = false
  assert.equal((await users.give(podOf('b')))?.hostId, UNIT)
})

test('a damaged file costs its pod alone', async () => {
  const node = new TestNode()
  node.files.set('/root/pods/a/userns', Buffer.from('{'))
  node.files.set('/root/pods/b/userns', encodeFile({ hostId: UNIT, length: UNIT }))
  const users = node.kubelet()
  assert.equal(await users.of(podOf('a')), undefined)
  assert.equal((await users.of(podOf('b')))?.hostId, UNIT)
  assert.equal((await users.give(podOf('a')))?.hostId, 2 * UNIT)
})

test('whose file is damaged keeps the ids that the runtime knows, and nobody else gets them', async () => {
  const node = new TestNode()
  node.files.set('/root/pods/a/userns', Buffer.from('{'))
  node.sandboxes.set('a', { hostId: UNIT, length: UNIT })
  node.sandboxes.set('other', { hostId: 2 * UNIT, length: UNIT })
  const users = node.kubelet()
  assert.equal((await users.give(podOf('b')))?.hostId, 2 * UNIT)
  assert.equal((await users.of(podOf('a')))?.hostId, UNIT)
  const written = node.files.get('/root/pods/a/userns') ?? new Uint8Array()
  assert.deepEqual(decodeFile(written), { hostId: UNIT, length: UNIT })
})

test('ids that the machine sets aside for the kubelet are used, and wrong ones are told until they are right', async () => {
  const node = new TestNode()
  const users = node.kubelet(ABLE, `0: kubelet ${10 * UNIT} ${2 * UNIT}\n`)
  assert.equal((await users.give(podOf('a')))?.hostId, 10 * UNIT)
  assert.equal((await users.give(podOf('b')))?.hostId, 11 * UNIT)
  await assert.rejects(users.give(podOf('c')), /could not find an empty slot/)
  await assert.rejects(
    new TestNode().kubelet(ABLE, '0: kubelet 65536 65536').give(podOf('a')),
    /not enough to support 2 pods/,
  )
})

test('the file is upstream’s', () => {
  const range = { hostId: 131_072, length: UNIT }
  const mapping = '[{"hostId":131072,"containerId":0,"length":65536}]'
  assert.equal(
    Buffer.from(encodeFile(range)).toString(),
    `{"uidMappings":${mapping},"gidMappings":${mapping}}`,
  )
  assert.deepEqual(decodeFile(encodeFile(range)), range)
  for (const text of [
    ...['', 'null', '{}', '{"uidMappings":[],"gidMappings":[]}', '[]', '"x"'],
    `{"uidMappings":${mapping},"gidMappings":${mapping.replace('131072', '65536')}}`,
    `{"uidMappings":${mapping},"gidMappings":[{"hostId":0,"containerId":0,"length":65536}]}`,
  ])
    assert.throws(() => decodeFile(Buffer.from(text)), text)
})
