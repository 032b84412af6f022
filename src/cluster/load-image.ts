/** `proa image load FILE`: puts the images of a tarball where this machine's pods find them. */
import { resolve } from 'node:path'
import { UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { systemLog } from '#host/log.ts'
import { containerTools } from '#kubelet'
import { dataDirectoryOf } from './data-directory.ts'
import { machineReadiness } from './machine-readiness.ts'

/** Starts the containerd of the data directory where it does not run yet, so that images can be there before the cluster is. */
export async function loadImage(values: ValuesOf<'image load'>, file: string): Promise<void> {
  const path = resolve(file)
  if (!systemFiles.exists(path)) throw new UserError(`there is no file ${path}`)
  const readiness = await machineReadiness({ install: false, tell: () => {} })
  if (!readiness.ready) throw new UserError(readiness.reason)
  const { ensureContainerd, loadImage } = await containerTools()
  const options = {
    dataDirectory: dataDirectoryOf(values.dataDirectory),
    clock: systemClock,
    log: systemLog('warn'),
  }
  const containerd = await ensureContainerd(options)
  try {
    for (const name of await loadImage(containerd, path)) process.stdout.write(`loaded ${name}\n`)
  } finally {
    containerd.release()
  }
}
