/**
 * A small file system in memory: what a hollow node's kubelet writes and reads. Directories exist
 * as soon as something is in them or they were made; symlinks are kept as they are.
 */
import { SmallMap } from '#base/small-map.ts'
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
  /** Of a file; absent where nothing was ever written. */
  chunks: Uint8Array[] | undefined
  size: number
  target: string
  /** By name; absent where there never was anything. */
  children: SmallMap<Node> | undefined
}

export interface MemoryFiles extends Files {
  append(path: string, bytes: Uint8Array): void
}

export function createMemoryFiles(): MemoryFiles {
  let nextId = 1
  const make = (kind: Node['kind'], mode: number): Node => ({
    kind,
    mode,
    id: nextId++,
    size: 0,
    target: '',
    chunks: undefined,
    children: undefined,
  })
  const root = make('directory', 0o755)
  /** The directory that was asked for last: a pod's files are written one after the other. */
  let recent = { path: '', directory: root }
  const forgetRecent = () => {
    recent = { path: '', directory: root }
  }
  const makeDirectory = (path: string, mode = 0o755): Node => {
    if (path === recent.path) return recent.directory
    let at = root
    for (let cut = nextPart(path, 0); cut < path.length; cut = nextPart(path, endOf(path, cut))) {
      const part = path.slice(cut, endOf(path, cut))
      at.children ??= new SmallMap()
      let child = at.children.get(part)
      if (!child) {
        child = make('directory', mode)
        at.children.set(part, child)
      }
      at = child
    }
    recent = { path, directory: at }
    return at
  }
  const nodeAt = (path: string): Node | undefined => {
    const [directory, name] = splitPath(path)
    return directory === recent.path ? recent.directory.children?.get(name) : find(root, path)
  }
  const put = (path: string, node: Node) => {
    const [directory, name] = splitPath(path)
    const parent = makeDirectory(directory)
    parent.children ??= new SmallMap()
    if (parent.children.get(name)?.kind === 'directory') forgetRecent()
    parent.children.set(name, node)
  }
  const take = (path: string): Node | undefined => {
    const [directory, name] = splitPath(path)
    const { children } =
      (directory === recent.path ? recent.directory : find(root, directory)) ?? {}
    const node = children?.get(name)
    children?.delete(name)
    if (node?.kind === 'directory') forgetRecent()
    return node
  }
  const follow = (path: string): Node | undefined => find(root, resolve(root, path))
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
    names: async path => [...(follow(path)?.children?.keys() ?? [])],
    facts: async path => factsOf(nodeAt(path)),
    factsOfTarget: async path => factsOf(follow(path)),
    async symlink(target, path) {
      const node = make('symlink', 0o777)
      node.target = target
      put(path, node)
    },
    readLink: async path => nodeAt(path)?.target || undefined,
    async rename(from, to) {
      const node = take(from)
      if (node) put(to, node)
    },
    async removeTree(path) {
      take(path)
    },
    async giveToGroup() {},
    async chmod(path, mode) {
      const node = nodeAt(path)
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
      node.chunks ??= []
      node.chunks.push(bytes)
      node.size += bytes.length
    },
  }
}

function splitPath(path: string): [directory: string, name: string] {
  const cut = path.lastIndexOf('/')
  return [path.slice(0, Math.max(0, cut)), path.slice(cut + 1)]
}

function find(root: Node, path: string): Node | undefined {
  let at: Node | undefined = root
  for (let cut = nextPart(path, 0); cut < path.length; cut = nextPart(path, endOf(path, cut)))
    at = at?.children?.get(path.slice(cut, endOf(path, cut)))
  return at
}

/** Where the first part of the path begins at or after `from`; its length where there is none. */
function nextPart(path: string, from: number): number {
  let at = from
  while (path.charCodeAt(at) === SLASH) at++
  return at
}

/** Where the part that begins at `from` ends. */
function endOf(path: string, from: number): number {
  const at = path.indexOf('/', from)
  return at < 0 ? path.length : at
}

const SLASH = 47

function contents(node: Node): Uint8Array {
  const { chunks = [] } = node
  if (chunks.length > 1) node.chunks = [new Uint8Array(Buffer.concat(chunks))]
  return node.chunks?.[0] ?? new Uint8Array()
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
function resolve(root: Node, path: string): string {
  let current = path
  for (let hops = 0; hops < 16; hops++) {
    const next = resolveOnce(root, current)
    if (next === current) return current
    current = next
  }
  return ''
}

/** The path with the first symlink in it replaced by where that leads; the same path where there is none. */
function resolveOnce(root: Node, path: string): string {
  let node: Node | undefined = root
  let end = 0
  for (let cut = nextPart(path, 0); cut < path.length && node; cut = nextPart(path, end)) {
    end = endOf(path, cut)
    node = node.children?.get(path.slice(cut, end))
    if (node?.kind !== 'symlink') continue
    const base = node.target.startsWith('/') ? node.target : `${path.slice(0, cut)}${node.target}`
    return `${base}${path.slice(end)}`
  }
  return path
}
