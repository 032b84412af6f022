/** What was found stays when the terminal is gone: every complaint and the recorded history, in a directory that the error names. */
import {
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { History, Operation, Watch } from '../../src/simulation/checkers/checkers.ts'

/** Answers with the directory: `violations.txt`, and a line of JSON for each operation and each watch in `history.jsonl`. */
export function keep(head: string, violations: readonly string[], history?: History): string {
  const directory = mkdtempSync(join(tmpdir(), 'proa-violations-'))
  writeFileSync(join(directory, 'violations.txt'), `${[head, ...violations].join('\n')}\n`)
  if (!history) return directory
  const file = openSync(join(directory, 'history.jsonl'), 'w')
  try {
    for (const operation of history.operations)
      writeSync(file, `${JSON.stringify({ operation })}\n`)
    for (const watch of history.watches) writeSync(file, `${JSON.stringify({ watch })}\n`)
  } finally {
    closeSync(file)
  }
  return directory
}

/** A history that was kept, to be judged again. */
export function keptHistory(directory: string): History {
  const operations: Operation[] = []
  const watches: Watch[] = []
  for (const line of readFileSync(join(directory, 'history.jsonl'), 'utf8').split('\n')) {
    const { operation, watch } = line ? JSON.parse(line) : {}
    if (operation) operations.push(operation)
    if (watch) watches.push(watch)
  }
  return { operations, watches }
}

/** Copies what a server left to where an error says that its complaints are kept. */
export function keepData(error: unknown, directories: readonly string[]): void {
  const kept = keptIn(error)
  if (kept === undefined) return
  for (const from of directories) cpSync(from, join(kept, basename(from)), { recursive: true })
}

/** Removes what was kept of a bug that was planted. */
export function forget(error: unknown): void {
  const kept = keptIn(error)
  if (kept !== undefined) rmSync(kept, { recursive: true })
}

function keptIn(error: unknown): string | undefined {
  return /all of it is in (\S+)/.exec(error instanceof Error ? error.message : '')?.[1]
}
