/** Which data directory a command means. */
import { join, resolve } from 'node:path'
import { userDataDirectory } from '#host/own-directories.ts'
import { layoutOf, SYSTEM_DATA_DIRECTORY } from './layout.ts'

/** The flag's, made absolute; else the system's for root and the user's own for everybody else. */
export function dataDirectoryOf(flag: string | undefined): string {
  if (flag !== undefined) return resolve(flag)
  if (process.getuid?.() === 0) return SYSTEM_DATA_DIRECTORY
  return userDataDirectory()
}

/** Where a node that runs alone keeps the certificates that it asked for. */
export function certificateDirectoryOf(flags: {
  readonly certificateDirectory: string | undefined
  readonly dataDirectory: string | undefined
  readonly rootDirectory: string | undefined
}): string {
  const { certificateDirectory, rootDirectory } = flags
  if (certificateDirectory !== undefined) return resolve(certificateDirectory)
  if (rootDirectory !== undefined) return join(resolve(rootDirectory), 'pki')
  return join(layoutOf(dataDirectoryOf(flags.dataDirectory)).kubelet, 'pki')
}
