/** What the processes of a group hold open. */
import type { Files } from '../host-access.ts'

export interface ProcessFigures {
  readonly count: number
  readonly fileDescriptors: number
  readonly sockets: number
  /** Open files that the first of them may have; absent where there is none. */
  readonly openFilesLimit?: number
}

/** So many processes and open files of one group are looked at; a program that has more is not worth the time of all others. */
const PROCESSES_LIMIT = 200
const FILES_LIMIT = 1000

export async function processesOf(
  files: Files,
  processIds: readonly number[],
): Promise<ProcessFigures> {
  let [fileDescriptors, sockets] = [0, 0]
  for (const id of processIds.slice(0, PROCESSES_LIMIT)) {
    // It may be gone by now, or another's.
    const names = await files.names(`/proc/${id}/fd`).catch(() => [])
    fileDescriptors += names.length
    const links = await Promise.all(
      names
        .slice(0, FILES_LIMIT)
        .map(name => files.readLink(`/proc/${id}/fd/${name}`).catch(() => undefined)),
    )
    sockets += links.filter(link => link?.startsWith('socket:')).length
  }
  const limit = await openFilesLimit(files, processIds[0])
  return {
    ...{ count: processIds.length, fileDescriptors, sockets },
    ...(limit === undefined ? {} : { openFilesLimit: limit }),
  }
}

async function openFilesLimit(files: Files, id: number | undefined): Promise<number | undefined> {
  const bytes = id === undefined ? undefined : await files.read(`/proc/${id}/limits`)
  const text = new TextDecoder().decode(bytes)
  const [, limit] = /^Max open files +(\d+)/m.exec(text) ?? []
  return limit === undefined ? undefined : Number(limit)
}
