/** How this machine's processors and memory lie together, as the kernel tells it in /sys. */
import { readdir, readFile } from 'node:fs/promises'

const SYSTEM = '/sys/devices/system'
const KIBIBYTE = 1024

/** Processors that are on, and memory nodes. Where the kernel tells nothing of nodes, all are in node 0, whose size is not known. */
export async function readTopology(system = SYSTEM) {
  const ids = listOf((await read(`${system}/cpu/online`)) ?? '')
  const nodes = await nodesOf(system)
  const cpus = await Promise.all(
    ids.map(async id => {
      const of = async (name: string) =>
        (await read(`${system}/cpu/cpu${id}/topology/${name}`))?.trim() ?? ''
      const siblings = listOf(await of('thread_siblings_list'))
      return {
        id,
        // Numbers of cores come again in other sockets: the first thread tells them apart.
        core: siblings[0] ?? id,
        socket: Math.max(0, Number((await of('physical_package_id')) || 0)),
        node: nodes.find(({ cpus }) => cpus.includes(id))?.id ?? 0,
      }
    }),
  )
  const told = nodes.map(({ cpus: _, ...node }) => node)
  return { cpus, nodes: told.length > 0 ? told : [{ id: 0, memoryBytes: 0, hugePages: {} }] }
}

async function nodesOf(system: string) {
  const names = await readdir(`${system}/node`).catch(() => [])
  const ids = names.flatMap(name => /^node(\d+)$/.exec(name)?.[1] ?? []).map(Number)
  return Promise.all(
    ids
      .sort((a, b) => a - b)
      .map(async id => {
        const directory = `${system}/node/node${id}`
        const memory = (await read(`${directory}/meminfo`)) ?? ''
        const total = Number(/MemTotal: +(\d+) kB/.exec(memory)?.[1] ?? 0)
        return {
          id,
          memoryBytes: total * KIBIBYTE,
          hugePages: await hugePagesOf(`${directory}/hugepages`),
          cpus: listOf((await read(`${directory}/cpulist`)) ?? ''),
        }
      }),
  )
}

/** Bytes set aside for huge pages, by the name of the resource. */
async function hugePagesOf(directory: string): Promise<Record<string, number>> {
  const pages: Record<string, number> = {}
  for (const name of await readdir(directory).catch(() => [])) {
    const size = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0) * KIBIBYTE
    const count = Number((await read(`${directory}/${name}/nr_hugepages`)) ?? 0)
    if (size > 0) pages[`hugepages-${sizeText(size)}`] = size * count
  }
  return pages
}

function sizeText(bytes: number): string {
  const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30]
  if (bytes % gibibyte === 0) return `${bytes / gibibyte}Gi`
  return bytes % mebibyte === 0 ? `${bytes / mebibyte}Mi` : `${bytes / KIBIBYTE}Ki`
}

/** `0-3,8` as numbers. */
function listOf(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter(Boolean)
    .flatMap(part => {
      const [from = 0, to = from] = part.split('-').map(Number)
      return Array.from({ length: to - from + 1 }, (_, at) => from + at)
    })
}

const read = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(() => undefined)
