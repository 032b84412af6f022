import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { readTopology } from './topology.ts'

/** A system directory with these files. */
async function withSystem(
  files: Readonly<Record<string, string>>,
  work: (system: string) => Promise<void>,
): Promise<void> {
  const system = await mkdtemp(join(tmpdir(), 'proa-topology-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(system, name)), { recursive: true })
      await writeFile(join(system, name), `${text}\n`)
    }
    await work(system)
  } finally {
    await rm(system, { recursive: true })
  }
}

test('processors that are on, their cores and sockets, and what is near them', () =>
  withSystem(
    {
      'cpu/online': '0-2,4',
      ...Object.fromEntries(
        [0, 1, 2, 4].flatMap(id => [
          [`cpu/cpu${id}/topology/thread_siblings_list`, id < 2 ? '0-1' : `${id}`],
          [`cpu/cpu${id}/topology/physical_package_id`, id < 2 ? '0' : '1'],
        ]),
      ),
      'node/node0/cpulist': '0-1',
      'node/node0/meminfo': 'Node 0 MemTotal:       2048 kB\nNode 0 MemFree: 1 kB',
      'node/node0/hugepages/hugepages-2048kB/nr_hugepages': '3',
      'node/node1/cpulist': '2-5',
      'node/node1/meminfo': 'Node 1 MemTotal:       1024 kB',
      'node/node1/hugepages/hugepages-1048576kB/nr_hugepages': '0',
    },
    async system => {
      assert.deepEqual(await readTopology(system), {
        cpus: [
          { id: 0, core: 0, socket: 0, node: 0 },
          { id: 1, core: 0, socket: 0, node: 0 },
          { id: 2, core: 2, socket: 1, node: 1 },
          { id: 4, core: 4, socket: 1, node: 1 },
        ],
        nodes: [
          { id: 0, memoryBytes: 2 * 2 ** 20, hugePages: { 'hugepages-2Mi': 6 * 2 ** 20 } },
          { id: 1, memoryBytes: 2 ** 20, hugePages: { 'hugepages-1Gi': 0 } },
        ],
      })
    },
  ))

test('a kernel that tells nothing of nodes has one', () =>
  withSystem({ 'cpu/online': '0' }, async system => {
    assert.deepEqual(await readTopology(system), {
      cpus: [{ id: 0, core: 0, socket: 0, node: 0 }],
      nodes: [{ id: 0, memoryBytes: 0, hugePages: {} }],
    })
  }))

test('this machine has processors and memory', async () => {
  const { cpus, nodes } = await readTopology()
  assert.ok(cpus.length > 0)
  assert.ok(cpus.every(({ node }) => nodes.some(({ id }) => id === node)))
})
