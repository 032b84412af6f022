/**
 * A small file system in memory: what a hollow node's kubelet writes and reads. Directories exist
 * as soon as something is in them or they were made; symlinks are kept as they are.
 */
import { SmallMap } from '#base/small-map.ts'
import type { FileFacts, Files, OpenFile, StorageUsage } from '#kubelet'

/**
 * One hollow container's log is cut off at this size: hollow pods say little, and 1,000 nodes share
 * one process.
 */
const FILE_LIMIT_BYTES = 1024 * 1024
/** What the whole file system has room for, as it says. */
export const DISK_BYTES = 100 * 1024 ** 3

/**
 * A pod has some twenty of these, so each kind has only what it needs. A directory is the map of what is in it.
 */
class Directory extends SmallMap<Node> {
  mode: number

  constructor(mode: number) {
    super()
    this.mode = mode
  }
}

class File {
  mode: number
  size = 0
  /** Several pieces only until somebody reads them. */
  content: Uint8Array | Uint8Array[] = EMPTY

  constructor(mode: number) {
    this.mode = mode
  }
}

class Symlink {
  readonly target: string

  constructor(target: string) {
    this.target = target
  }
}

type Node = Directory | File | Symlink

const EMPTY = new Uint8Array()
const SYMLINK_MODE = 0o777

export interface MemoryFiles extends Files {
  append(path: string, bytes: Uint8Array): void
}

export function createMemoryFiles(): MemoryFiles {
  const root = new Directory(0o755)
  let nextId = 1
  const ids = new WeakMap<File, number>()
  const identityOf = (file: File): string => {
    const id = ids.get(file) ?? nextId++
    ids.set(file, id)
    return String(id)
  }
  /** The directory that was made last, to which no symlink leads: a pod's files are written one after the other. */
  let recent = { path: '', directory: root }
  const forgetRecent = () => {
    recent = { path: '', directory: root }
  }
  /** How much of the path is known, as it leads through that directory. */
  const reach = (path: string): number => {
    const { length } = recent.path
    return path.charCodeAt(length) === SLASH && path.startsWith(recent.path) ? length : 0
  }
  const lookUp = (path: string): Node | undefined => {
    const from = reach(path)
    return find(from ? recent.directory : root, path, from)
  }
  const makeDirectory = (path: string, mode = 0o755): Directory => {
    if (path === recent.path) return recent.directory
    const from = reach(path)
    let at = from ? recent.directory : root
    for (
      let cut = nextPart(path, from);
      cut < path.length;
      cut = nextPart(path, endOf(path, cut))
    ) {
      const part = path.slice(cut, endOf(path, cut))
      const child = at.get(part)
      if (child instanceof Directory) at = child
      else if (child) throw new Error(`ENOTDIR: not a directory, mkdir '${path}'`)
      else {
        const made = new Directory(mode)
        at.set(part, made)
        at = made
      }
    }
    recent = { path, directory: at }
    return at
  }
  const directoryAt = (path: string): Directory | undefined => {
    if (path === recent.path) return recent.directory
    const found = lookUp(path)
    return found instanceof Directory ? found : undefined
  }
  const nodeAt = (path: string): Node | undefined => {
    const [directory, name] = splitPath(path)
    return directory === recent.path ? recent.directory.get(name) : lookUp(path)
  }
  const put = (path: string, node: Node) => {
    const [directory, name] = splitPath(path)
    const parent = makeDirectory(directory)
    if (parent.get(name) instanceof Directory) forgetRecent()
    parent.set(name, node)
  }
  const take = (path: string): Node | undefined => {
    const [directory, name] = splitPath(path)
    const parent = directoryAt(directory)
    const node = parent?.get(name)
    parent?.delete(name)
    if (node instanceof Directory) forgetRecent()
    return node
  }
  /** Follows symlinks in every part of the path; a path that leads in circles leads nowhere. */
  const follow = (path: string): Node | undefined => {
    let next: Node | string | undefined = path
    for (let hops = 0; hops < 16 && typeof next === 'string'; hops++) {
      const from = reach(next)
      next = followOnce(from ? recent.directory : root, next, from)
    }
    return typeof next === 'string' ? undefined : next
  }

  return {
    async read(path, limitBytes = FILE_LIMIT_BYTES) {
      const node = follow(path)
      return node instanceof File ? contents(node).subarray(0, limitBytes) : undefined
    },
    async write(path, bytes, options) {
      const node = new File(options?.mode ?? 0o644)
      node.content = bytes.length === 0 ? EMPTY : bytes
      node.size = bytes.length
      put(path, node)
    },
    async open(path) {
      const node = follow(path)
      return node instanceof File ? openFile(node, identityOf(node)) : undefined
    },
    async makeDirectory(path, mode) {
      makeDirectory(path, mode)
    },
    async names(path) {
      const node = follow(path)
      return node instanceof Directory ? [...node.keys()] : []
    },
    facts: async path => factsOf(nodeAt(path)),
    factsOfTarget: async path => factsOf(follow(path)),
    async symlink(target, path) {
      put(path, new Symlink(target))
    },
    async readLink(path) {
      const node = nodeAt(path)
      return node instanceof Symlink ? node.target : undefined
    },
    async rename(from, to) {
      const node = take(from)
      if (node) put(to, node)
    },
    async removeTree(path) {
      take(path)
    },
    async usage(path) {
      return usageOf(nodeAt(path))
    },
    async space() {
      return { capacityBytes: DISK_BYTES, availableBytes: DISK_BYTES, inodes: 0, inodesFree: 0 }
    },
    async giveToGroup() {},
    async chmod(path, mode) {
      const node = nodeAt(path)
      if (node && !(node instanceof Symlink)) node.mode = mode
    },
    async chown() {},
    append(path, bytes) {
      let file = follow(path)
      if (!file) {
        file = new File(0o640)
        put(path, file)
      }
      if (!(file instanceof File)) throw new Error(`EISDIR: is a directory, write '${path}'`)
      if (file.size + bytes.length > FILE_LIMIT_BYTES) return
      if (bytes.length === 0) return
      if (file.size === 0) file.content = bytes
      else if (Array.isArray(file.content)) file.content.push(bytes)
      else file.content = [file.content, bytes]
      file.size += bytes.length
    },
  }
}

function usageOf(node: Node | undefined): StorageUsage {
  if (!(node instanceof Directory))
    return { bytes: node instanceof File ? node.size : 0, inodes: node ? 1 : 0 }
  let [bytes, inodes] = [0, 1]
  for (const name of node.keys()) {
    const usage = usageOf(node.get(name))
    bytes += usage.bytes
    inodes += usage.inodes
  }
  return { bytes, inodes }
}

function factsOf(node: Node | undefined): FileFacts | undefined {
  if (node instanceof Directory) return { kind: 'directory', size: 0, mode: node.mode }
  if (node instanceof File) return { kind: 'file', size: node.size, mode: node.mode }
  return node && { kind: 'symlink', size: 0, mode: SYMLINK_MODE }
}

function splitPath(path: string): [directory: string, name: string] {
  const cut = path.lastIndexOf('/')
  return [path.slice(0, Math.max(0, cut)), path.slice(cut + 1)]
}

/** What is behind the rest of the path, which begins at `from`, as seen from a directory. */
function find(directory: Directory, path: string, from: number): Node | undefined {
  let at: Node | undefined = directory
  for (let cut = nextPart(path, from); cut < path.length; cut = nextPart(path, endOf(path, cut)))
    at = at instanceof Directory ? at.get(path.slice(cut, endOf(path, cut))) : undefined
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

function contents(file: File): Uint8Array {
  if (Array.isArray(file.content)) file.content = new Uint8Array(Buffer.concat(file.content))
  return file.content
}

function openFile(file: File, identity: string): OpenFile {
  return {
    identity,
    size: async () => file.size,
    read: async (offset, length) => contents(file).subarray(offset, offset + length),
    close: async () => {},
  }
}

/** What is behind the rest of the path, or the path with the first symlink on the way replaced by where that leads. */
function followOnce(directory: Directory, path: string, from: number): Node | string | undefined {
  let node: Node | undefined = directory
  let end = 0
  for (let cut = nextPart(path, from); cut < path.length && node; cut = nextPart(path, end)) {
    end = endOf(path, cut)
    node = node instanceof Directory ? node.get(path.slice(cut, end)) : undefined
    if (!(node instanceof Symlink)) continue
    const base = node.target.startsWith('/') ? node.target : `${path.slice(0, cut)}${node.target}`
    return `${base}${path.slice(end)}`
  }
  return node
}
