/** The manifests in a directory, or in one file: looked at again and again, read where they changed. */
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Files } from '../host-access.ts'
import { readManifest, type StaticPod } from './manifest.ts'

/** Upstream's limit. */
const LARGEST_MANIFEST_BYTES = 10 * 1024 * 1024

export interface ManifestFilesOptions {
  /** Of the directory or the file. */
  readonly path: string
  readonly nodeName: string
  readonly files: Pick<Files, 'read' | 'names' | 'factsOfTarget'>
  readonly now: () => number
  readonly log: Log
}

interface Known {
  readonly text: Uint8Array
  /** The last that could be read: a file that is being written must not end the pod. */
  readonly read: StaticPod | undefined
}

export class ManifestFiles {
  readonly #options: ManifestFilesOptions
  readonly #known = new Map<string, Known>()

  constructor(options: ManifestFilesOptions) {
    this.#options = options
  }

  /** All that are there now, in the order of their files. The same object as before where a file is the same. */
  async look(): Promise<readonly StaticPod[]> {
    const paths = await this.#paths()
    for (const path of this.#known.keys()) if (!paths.includes(path)) this.#known.delete(path)
    const found: StaticPod[] = []
    for (const path of paths) {
      const pod = await this.#at(path)
      if (pod) found.push(pod)
    }
    return found
  }

  async #paths(): Promise<readonly string[]> {
    const { path, files } = this.#options
    const facts = await files.factsOfTarget(path)
    if (facts?.kind !== 'directory') return facts ? [path] : []
    const paths: string[] = []
    for (const name of [...(await files.names(path))].sort()) {
      if (name.startsWith('.')) continue
      const at = `${path}/${name}`
      if ((await files.factsOfTarget(at))?.kind === 'file') paths.push(at)
    }
    return paths
  }

  async #at(path: string): Promise<StaticPod | undefined> {
    const { files, nodeName, now, log } = this.#options
    const known = this.#known.get(path)
    const text = await files.read(path, LARGEST_MANIFEST_BYTES + 1)
    // Removed since the names were read.
    if (!text) return undefined
    if (known && Buffer.compare(known.text, text) === 0) return known.read
    let read = known?.read
    try {
      if (text.length > LARGEST_MANIFEST_BYTES) throw new Error('the file is longer than 10 MiB')
      read = readManifest(text, { path, nodeName, nowMs: now() })
    } catch (error) {
      log.error('a manifest cannot be read', { path, error: messageOf(error) })
    }
    this.#known.set(path, { text, read })
    return read
  }
}
