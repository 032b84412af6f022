/** `proa snapshot` and `proa check`: backups of the store, and a look at every byte of it. */
import { resolve } from 'node:path'
import type { Invocation } from '#cli'
import { stateFile } from '#store/sqlite/database.ts'
import { type FileReport, inspectFile } from '#store/sqlite/inspect.ts'
import { restoreSnapshot, saveSnapshot } from '#store/sqlite/snapshot.ts'
import { dataDirectoryOf } from './data-directory.ts'
import { layoutOf } from './layout.ts'

type SnapshotInvocation = Extract<
  Invocation,
  { name: 'snapshot save' | 'snapshot restore' | 'snapshot status' | 'check' }
>

export function runSnapshotCommand(invocation: SnapshotInvocation): void {
  process.stdout.write(`${answerOf(invocation)}\n`)
}

function answerOf(invocation: SnapshotInvocation): string {
  const file = resolve(invocation.positionals[0] ?? '')
  if (invocation.name === 'snapshot status') return table(inspectFile(file))
  const { state } = layoutOf(dataDirectoryOf(invocation.values.dataDirectory))
  if (invocation.name === 'check') return table(inspectFile(stateFile(state)))
  if (invocation.name === 'snapshot save') {
    const { revision, keys } = saveSnapshot(state, file)
    return `saved ${keys} keys at revision ${revision} to ${file}`
  }
  const restored = restoreSnapshot(state, file, invocation.values.bumpRevision)
  const { keys, revision, snapshotRevision, replaced } = restored
  const kept = replaced === undefined ? '' : `; what was there before is kept as ${replaced}`
  return `restored ${keys} keys of revision ${snapshotRevision} as revision ${revision}${kept}`
}

function table(report: FileReport): string {
  const cells = [
    ['HASH', 'REVISION', 'COMPACTED', 'KEYS', 'SIZE', 'SCHEMA'],
    [
      report.hash,
      `${report.revision}`,
      `${report.compactedRevision}`,
      `${report.keys}`,
      `${(report.bytes / 1e6).toFixed(1)} MB`,
      `${report.schemaVersion}`,
    ],
  ]
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map(row => row[column]?.length ?? 0)),
  )
  return cells
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}
