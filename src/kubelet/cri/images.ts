/** Brings images into containerd from archives: our own pause image, and whatever `proa image load` is given. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { CommandError, command } from '#host/command.ts'
import type { ContainerRuntime } from '../runtime.ts'
import { findProgram } from './packages.ts'

/** A large image on a slow disk. */
const importTimeoutMs = 10 * 60_000
/** It may have to be unpacked first. */
const mountTimeoutMs = 10 * 60_000
/** CRI learns of an import by an event within milliseconds. */
const seenTimeoutMs = 10_000
const pollMs = 20

export interface ImageStore {
  readonly socketPath: string
  readonly snapshotter?: string
}

/** Imports an archive (OCI or docker layout, plain tar) from a file. Resolves with the names of its images. */
export async function loadImage(store: ImageStore, file: string): Promise<string[]> {
  const ctr = findProgram('ctr')
  if (!ctr)
    throw new UserError(
      'ctr is missing, which comes with the Debian package containerd: install that',
    )
  const snapshotter = store.snapshotter ? ['--snapshotter', store.snapshotter] : []
  const words = ['-a', store.socketPath, '-n', 'k8s.io', 'images', 'import', ...snapshotter, file]
  try {
    const said = await command(ctr, words, { timeoutMs: importTimeoutMs })
    return [...said.matchAll(/^unpacking (\S+) \(/gm)].map(match => match[1] ?? '')
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new UserError(`${file} could not be loaded: ${messageOf(error)}`)
  }
}

/** The same from memory. */
export async function loadImageTarball(store: ImageStore, tarball: Uint8Array): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'proa-image-'))
  try {
    const file = join(directory, 'image.tar')
    await writeFile(file, tarball)
    return await loadImage(store, file)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/**
 * Mounts an image at a directory. CRI has this only from containerd 2.1 on, while Debian's is older. The snapshot behind the mount has no content
 * of its own; containerd forgets it a day later, and what is mounted lives on in the layers of the image.
 */
export async function mountImage(
  store: ImageStore,
  imageId: string,
  directory: string,
): Promise<void> {
  const ctr = findProgram('ctr')
  if (!ctr) throw new Error('ctr is missing, which comes with the Debian package containerd')
  const snapshotter = store.snapshotter ? ['--snapshotter', store.snapshotter] : []
  const what = ['images', 'mount', ...snapshotter, imageId, directory]
  await command(ctr, ['-a', store.socketPath, '-n', 'k8s.io', ...what], {
    timeoutMs: mountTimeoutMs,
  })
}

/** Imports an image unless CRI knows it; resolves when CRI does. */
export async function ensureImage(
  { runtime, clock, ...store }: ImageStore & { runtime: ContainerRuntime; clock: Clock },
  image: string,
  tarball: () => Uint8Array,
): Promise<void> {
  if (await runtime.imageStatus(image)) return
  await loadImageTarball(store, tarball())
  const deadline = clock.monotonicMs() + seenTimeoutMs
  while (!(await runtime.imageStatus(image))) {
    if (clock.monotonicMs() > deadline)
      throw new Error(`containerd took the image ${image} in but does not show it`)
    await sleep(clock, pollMs)
  }
}
