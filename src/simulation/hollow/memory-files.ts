/**
 * A small file system in memory: what a hollow node's kubelet writes and reads. Directories exist
 * as soon as something is in them or they were made; symlinks are kept as they are.
 */
import type { FileFacts, Files, OpenFile } from '#kubelet'

/**
 * One hollow container's log is cut off at this size: hollow pods say little, and 1,000 nodes share
 * one process.
 */
const FILE_LIMIT_BYTES = 1024 * 1024

interface Node {
  kind: 'file' | 'directory' | 'symlink'
  mode: number
  id: number
  chunks: Uint8Array[]
  size: number
  target: string
}

export interface MemoryFiles extends Files {
  append(path: string, bytes: Uint8Array): void
}

export function createMemoryFiles(): MemoryFiles {
  const nodes = new Map<string, Node>()
  let nextId = 1
  const make = (kind: Node['kind'], mode: number): Node => ({
    kind,
    mode,
    id: nextId++,
    chunks: [],
    size: 0,
    target: '',
  })
  const makeDirectory = (path: string, mode = 0o755) => {
    let at = ''
    for (const part of path.split('/').filter(Boolean)) {
      at += `/${part}`
      if (!nodes.has(at)) nodes.set(at, make('directory', mode))
    }
  }
  const put = (path: string, node: Node) => {
    makeDirectory(parentOf(path))
    nodes.set(path, node)
  }
  const follow = (path: string): Node | undefined => nodes.get(resolve(nodes, path))
  const factsOf = (node: Node | undefined): FileFacts | undefined =>
    node && { kind: node.kind, size: node.size, mode: node.mode }

  return {
    async read(path, limitBytes = FILE_LIMIT_BYTES) {
      const node = follow(path)
      return node?.kind === 'file' ? contents(node).subarray(0, limitBytes) : undefined
    },
    async write(path, bytes, options) {
      const node = make('file', options?.mode ?? 0o644)
      node.chunks = [bytes]
      node.size = bytes.length
      put(path, node)
    },
    async open(path) {
      const node = follow(path)
      return node?.kind === 'file' ? openFile(node) : undefined
    },
    async makeDirectory(path, mode) {
      makeDirectory(path, mode)
    },
    async names(path) {
      const prefix = `${resolve(nodes, path)}/`
      const names: string[] = []
      for (const key of nodes.keys())
        if (key.startsWith(prefix) && !key.includes('/', prefix.length))
          names.push(key.slice(prefix.length))
      return names
    },
    facts: async path => factsOf(nodes.get(path)),
    factsOfTarget: async path => factsOf(follow(path)),
    async symlink(target, path) {
      const node = make('symlink', 0o777)
      node.target = target
      put(path, node)
    },
    readLink: async path => nodes.get(path)?.target || undefined,
    async rename(from, to) {
      for (const [path, node] of [...nodes])
        if (path === from || path.startsWith(`${from}/`)) {
          nodes.delete(path)
          nodes.set(to + path.slice(from.length), node)
        }
    },
    async removeTree(path) {
      for (const key of [...nodes.keys()])
        if (key === path || key.startsWith(`${path}/`)) nodes.delete(key)
    },
    async giveToGroup() {},
    async chmod(path, mode) {
      const node = nodes.get(path)
      if (node) node.mode = mode
    },
    async chown() {},
    append(path, bytes) {
      let node = follow(path)
      if (!node) {
        node = make('file', 0o640)
        put(path, node)
      }
      if (node.size + bytes.length > FILE_LIMIT_BYTES) return
      node.chunks.push(bytes)
      node.size += bytes.length
    },
  }
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'))

function contents(node: Node): Uint8Array {
  if (node.chunks.length > 1) node.chunks = [new Uint8Array(Buffer.concat(node.chunks))]
  return node.chunks[0] ?? new Uint8Array()
}

function openFile(node: Node): OpenFile {
  return {
    identity: String(node.id),
    size: async () => node.size,
    read: async (offset, length) => contents(node).subarray(offset, offset + length),
    close: async () => {},
  }
}

/** Follows symlinks in every part of the path; a path that leads in circles leads nowhere. */
function resolve(nodes: ReadonlyMap<string, Node>, path: string): string {
  let current = path
  for (let hops = 0; hops < 16; hops++) {
    const next = resolveOnce(nodes, current)
    if (next === current) return current
    current = next
  }
  return ''
}

function resolveOnce(nodes: ReadonlyMap<string, Node>, path: string): string {
  const parts = path.split('/').filter(Boolean)
  let at = ''
  for (const [index, part] of parts.entries()) {
    const parent = at
    at += `/${part}`
    const node = nodes.get(at)
    if (node?.kind !== 'symlink') continue
    const base = node.target.startsWith('/') ? node.target : `${parent}/${node.target}`
    return [base, ...parts.slice(index + 1)].join('/')
  }
  return at
}
