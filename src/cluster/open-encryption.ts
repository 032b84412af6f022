/** Encryption at rest as a file says, which may be read anew while the server runs. Loaded only where somebody asks for it. */
import { Encryption } from '#apiserver/encryption/encryption.ts'
import { transformationFigures } from '#apiserver/encryption/transformation-figures.ts'
import type { FurtherCheck } from '#apiserver/endpoints/health.ts'
import type { FigureSource } from '#base/figures.ts'
import { EncryptionFile, type FileSurroundings } from './encryption-file.ts'
import type { EncryptionAtRest } from './options.ts'

export interface EncryptionSurroundings extends FileSurroundings {
  /** What keys begin with where they are stored; some ciphers bind the whole key. */
  readonly keyPrefix?: string
}

/** What a server shows of its plugins. */
export interface EncryptionShown {
  readonly healthChecks: readonly FurtherCheck[]
  readonly figures: FigureSource
}

export interface OpenEncryption extends EncryptionShown {
  readonly encryption: Encryption
  close(): void
}

/** Throws a UserError. A plugin that does not answer is waited for once. */
export async function openEncryption(
  options: EncryptionAtRest,
  surroundings: EncryptionSurroundings,
): Promise<OpenEncryption> {
  const file = new EncryptionFile(options, surroundings)
  const rules = await file.open()
  const { random, keyPrefix, clock } = surroundings
  const figures = transformationFigures(clock)
  const { automaticReload = false } = options
  const encryption = new Encryption(rules, {
    random,
    figures,
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(automaticReload ? { renewed: () => file.renewed() } : {}),
  })
  const check = { name: 'kms-providers', failure: () => file.failure() }
  return {
    encryption,
    healthChecks: automaticReload || rules.plugins ? [check] : [],
    figures: () => [...figures.source(), ...file.figures()],
    close: () => file.close(),
  }
}
