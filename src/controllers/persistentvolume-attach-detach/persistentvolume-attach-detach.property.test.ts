/**
 * Pods come and go on nodes that come and go, views are behind, writes conflict, and the process restarts between any two: a volume
 * for one node is never attached to two, none is taken from a node that uses it, and in the end whoever needs a volume has it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { AttachMemory } from './attach-memory.ts'
import { ATTACHMENT, AttachWorld, nameOf } from './testing/attach-world.ts'

const step = fc.record({
  do: fc.constantFrom(
    'look',
    'look',
    'look',
    'see',
    'pod',
    'end',
    'attacher',
    'kubelet',
    'restart',
  ),
  which: fc.integer({ min: 0, max: 3 }),
  where: fc.integer({ min: 0, max: 2 }),
  after: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  conflictAt: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const DISKS = ['d0', 'd1']

async function act(world: AttachWorld, { do: what, which, where, ...more }: Step): Promise<void> {
  const pod = `p${which}`
  const disk = DISKS[which % DISKS.length] ?? ''
  if (what === 'pod' && !world.get('Pod', pod)) world.pod(pod, disk, `n${where}`)
  else if (what === 'end') world.remove('Pod', pod)
  else if (what === 'attacher') world.attacher()
  else if (what === 'kubelet') world.kubelet(`n${where}`)
  else if (what === 'restart') world.memory = new AttachMemory()
  else if (what === 'see') {
    world.show('Pod', pod)
    world.show('Node', `n${where}`)
    for (const { metadata } of world.list<VolumeAttachment>(ATTACHMENT))
      world.show(ATTACHMENT, metadata.name ?? '')
  } else if (what === 'look') {
    const { after, conflictAt } = more
    const before = new Map(inUse(world))
    await world.look(disk, {
      ...(after === undefined ? {} : { after }),
      ...(conflictAt === undefined ? {} : { conflictAt }),
    })
    checkMounts(world, before)
  }
}

/** The volumes that each node uses. */
const inUse = (world: AttachWorld): [string, readonly string[]][] =>
  world
    .list<Node>('Node')
    .map(({ metadata, status }) => [metadata.name ?? '', status.volumesInUse ?? []])

/** Nothing that a node uses may be on its way off it. */
function checkMounts(world: AttachWorld, before: ReadonlyMap<string, readonly string[]>): void {
  for (const { spec, metadata } of world.list<VolumeAttachment>(ATTACHMENT)) {
    const name = nameOf(spec.source.persistentVolumeName ?? '')
    if (metadata.deletionTimestamp)
      assert.ok(
        !before.get(spec.nodeName)?.includes(name),
        `${name} is taken from ${spec.nodeName}`,
      )
  }
}

function checkAttachments(world: AttachWorld): void {
  for (const disk of DISKS) {
    const nodes = world
      .list<VolumeAttachment>(ATTACHMENT)
      .filter(({ spec }) => spec.source.persistentVolumeName === disk)
    assert.ok(nodes.length <= 1, `${disk} on ${nodes.map(({ spec }) => spec.nodeName)}`)
  }
}

function checkEnd(world: AttachWorld): void {
  for (const disk of DISKS) {
    const wanted = new Set(
      world
        .list<Pod>('Pod')
        .filter(({ spec }) => spec.volumes?.[0]?.name === disk)
        .map(({ spec }) => spec.nodeName),
    )
    const naming = world
      .list<Node>('Node')
      .filter(({ status }) => status.volumesAttached?.some(({ name }) => name === nameOf(disk)))
      .map(({ metadata }) => metadata.name)
    assert.equal(naming.length, Math.min(1, wanted.size), `${disk} on ${naming}`)
    for (const node of naming) assert.ok(wanted.has(node))
  }
}

test('a volume is on one node at a time, is taken from none that uses it, and gets where it is needed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const world = new AttachWorld()
      for (const name of ['n0', 'n1', 'n2']) world.node(name)
      for (const disk of DISKS) world.disk(disk)
      world.see()
      for (const each of steps) {
        await act(world, each)
        checkAttachments(world)
      }
      await world.settle()
      checkAttachments(world)
      checkEnd(world)
    }),
    { numRuns: 300 },
  )
})

/** A kubelet begins to use a volume that the controller, whose view is late, takes away. */
async function lateLook(checksRevisions: boolean): Promise<void> {
  const world = new AttachWorld()
  world.checksRevisions = checksRevisions
  world.node('n0')
  world.disk('d0')
  world.pod('p0', 'd0', 'n0')
  for (let round = 0; round < 3; round++) {
    world.see()
    await world.look('d0')
    world.attacher()
  }
  world.see()
  world.kubelet('n0')
  world.remove('Pod', 'p0')
  world.show('Pod', 'p0')
  const before = new Map(inUse(world))
  assert.equal(before.get('n0')?.length, 1)
  await world.look('d0')
  checkMounts(world, before)
}

test('a mount that has just begun is safe, for the node has another revision', async () => {
  await lateLook(true)
  await assert.rejects(lateLook(false), /is taken from n0/, 'a server that takes late writes')
})
