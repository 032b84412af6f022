/** Who has which devices, in upstream's file, over restarts of the kubelet. */
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Files } from '../host-access.ts'
import { CHECKPOINT_NAME, readCheckpoint, writeCheckpoint } from './checkpoint.ts'

type Known = ReturnType<typeof readCheckpoint>

export class AllocationsFile {
  readonly #path: string
  readonly #files: Files
  readonly #log: Log

  constructor(directory: string, files: Files, log: Log) {
    this.#path = `${directory}/${CHECKPOINT_NAME}`
    this.#files = files
    this.#log = log
  }

  /** Undefined where there is none, or none that can be read. */
  async read(): Promise<Known | undefined> {
    try {
      const bytes = await this.#files.read(this.#path)
      return bytes && readCheckpoint(bytes)
    } catch (error) {
      this.#log.error('which pods have which devices can not be read, and is forgotten', {
        path: this.#path,
        error: messageOf(error),
      })
      return undefined
    }
  }

  /** Resolves when that is in the file, or could not be written: a disk that is full keeps no pod from its devices. Of several at once any may be the last. */
  async save(known: Parameters<typeof writeCheckpoint>[0]): Promise<void> {
    try {
      await this.#files.write(this.#path, writeCheckpoint(known), { mode: 0o600 })
    } catch (error) {
      this.#log.warn('which pods have which devices could not be written', {
        error: messageOf(error),
      })
    }
  }
}
