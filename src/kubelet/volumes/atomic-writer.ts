/**
 * Writes a set of files so that a container sees either all old or all new ones: each set lies in a
 * directory of its own, `..data` points to the present one and is exchanged by a rename, and the
 * visible names lead through it.
 */
import type { Files } from '../host-access.ts'
import type { Payload } from './payload.ts'

const DATA = '..data'
const DATA_TMP = '..data_tmp'
/** Larger files are rewritten without comparing; the API lets none be larger than 1 MiB. */
const COMPARE_LIMIT_BYTES = 2 * 1024 * 1024

/** As an argument of chown(2): whose group it is stays. */
const UNCHANGED = -1

export interface AtomicWrite {
  readonly files: Files
  readonly directory: string
  /** Unique name for the new set, e.g. from time and randomness; no slashes. */
  readonly version: string
  /** Hands the new set to the pod's group before it becomes visible. */
  readonly prepare: (directory: string) => Promise<void>
}

/** A whole set was written there before. */
export const isWritten = async (files: Files, directory: string): Promise<boolean> =>
  (await files.readLink(`${directory}/${DATA}`)) !== undefined

/** Gives whether anything changed. */
export async function writeAtomically(write: AtomicWrite, payload: Payload): Promise<boolean> {
  const { files, directory } = write
  const present = await files.readLink(`${directory}/${DATA}`)
  if (present && (await isSame(files, `${directory}/${present}`, payload))) {
    // A kubelet that died between exchanging the set and linking its names left some unlinked.
    await linkVisible(files, directory, payload)
    return false
  }
  const version = `..${write.version}`
  const next = `${directory}/${version}`
  await files.makeDirectory(next, 0o755)
  for (const [path, { bytes, mode, owner }] of payload) {
    const cut = path.lastIndexOf('/')
    if (cut > 0) await files.makeDirectory(`${next}/${path.slice(0, cut)}`, 0o755)
    const file = `${next}/${path}`
    await files.write(file, bytes, { mode })
    await files.chmod(file, mode)
    if (owner !== undefined) await files.chown(file, owner, UNCHANGED)
  }
  await write.prepare(next)
  const link = `${directory}/${DATA_TMP}`
  await files.removeTree(link)
  await files.symlink(version, link)
  await files.rename(link, `${directory}/${DATA}`)
  await linkVisible(files, directory, payload)
  if (present && present !== version) await files.removeTree(`${directory}/${present}`)
  return true
}

async function isSame(files: Files, directory: string, payload: Payload): Promise<boolean> {
  const names = await filesBelow(files, directory, '')
  if (names.length !== payload.size) return false
  for (const [path, { bytes }] of payload) {
    const there = await files.read(`${directory}/${path}`, COMPARE_LIMIT_BYTES)
    if (!there || Buffer.compare(there, bytes) !== 0) return false
  }
  return true
}

async function filesBelow(files: Files, directory: string, prefix: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await files.names(directory)) {
    const facts = await files.facts(`${directory}/${name}`)
    if (facts?.kind === 'directory')
      found.push(...(await filesBelow(files, `${directory}/${name}`, `${prefix}${name}/`)))
    else found.push(`${prefix}${name}`)
  }
  return found
}

/** One symlink for the first part of every path; those of paths that are gone are removed. */
async function linkVisible(files: Files, directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map(path => path.split('/')[0] as string))
  for (const name of await files.names(directory)) {
    if (name.startsWith('..')) continue
    if (wanted.has(name)) wanted.delete(name)
    else await files.removeTree(`${directory}/${name}`)
  }
  for (const name of wanted) await files.symlink(`${DATA}/${name}`, `${directory}/${name}`)
}
