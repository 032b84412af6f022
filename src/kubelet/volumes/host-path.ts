/** hostPath volumes: the node's own files, checked or made as the volume's type says. */
import type { FileFacts, Files } from '../host-access.ts'

interface HostPath {
  readonly path: string
  readonly type?: string
}

const KINDS: Readonly<Record<string, { kind: FileFacts['kind']; word: string }>> = {
  Directory: { kind: 'directory', word: 'a directory' },
  DirectoryOrCreate: { kind: 'directory', word: 'a directory' },
  File: { kind: 'file', word: 'a file' },
  FileOrCreate: { kind: 'file', word: 'a file' },
  Socket: { kind: 'socket', word: 'a socket file' },
  CharDevice: { kind: 'charDevice', word: 'a character device' },
  BlockDevice: { kind: 'blockDevice', word: 'a block device' },
}

export async function prepareHostPath({ path, type = '' }: HostPath, files: Files): Promise<void> {
  if (path.split('/').includes('..')) throw new Error(`hostPath "${path}" must not contain '..'`)
  if (!type) return
  const wanted = KINDS[type]
  if (!wanted) throw new Error(`hostPath type "${type}" is not known`)
  const facts = await files.factsOfTarget(path)
  if (!facts && type === 'DirectoryOrCreate') return files.makeDirectory(path, 0o755)
  if (!facts && type === 'FileOrCreate') return files.write(path, new Uint8Array(), { mode: 0o644 })
  if (facts?.kind !== wanted.kind)
    throw new Error(`hostPath type check failed: ${path} is not ${wanted.word}`)
}
