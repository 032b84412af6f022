/** Encryption at rest as a file says, which may be read anew while the server runs. Loaded only where somebody asks for it. */
import {
  type EncryptionConfiguration,
  parseEncryptionConfiguration,
} from '#apiserver/encryption/configuration.ts'
import { Encryption } from '#apiserver/encryption/encryption.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Files } from '#host/files.ts'
import type { EncryptionAtRest } from './options.ts'

export interface EncryptionSurroundings {
  readonly files: Pick<Files, 'read'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What keys begin with where they are stored; some ciphers bind the whole key. */
  readonly keyPrefix?: string
}

/** How often upstream looks, too. */
const RELOAD_MS = 60_000

/** Throws a UserError. */
export function openEncryption(
  { configFile, automaticReload = false }: EncryptionAtRest,
  { files, clock, random, log, keyPrefix }: EncryptionSurroundings,
): Encryption {
  const read = () => {
    const bytes = files.read(configFile)
    if (!bytes)
      throw new UserError(
        `error reading encryption provider configuration file ${JSON.stringify(configFile)}: there is no such file`,
      )
    return Buffer.from(bytes)
  }
  let bytes = read()
  let lookedMs = clock.monotonicMs()
  const renewed = (): EncryptionConfiguration | undefined => {
    if (clock.monotonicMs() - lookedMs < RELOAD_MS) return undefined
    lookedMs = clock.monotonicMs()
    try {
      const now = read()
      if (now.equals(bytes)) return undefined
      const configuration = parseEncryptionConfiguration(now, configFile)
      bytes = now
      log.info('the encryption configuration was read anew', { configFile })
      return configuration
    } catch (error) {
      log.error('the encryption configuration could not be read anew', { error: messageOf(error) })
      return undefined
    }
  }
  return new Encryption(parseEncryptionConfiguration(bytes, configFile), {
    random,
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(automaticReload ? { renewed } : {}),
  })
}
