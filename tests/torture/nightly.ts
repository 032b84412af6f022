/** All that is tortured, one after the other in the numbers of the scorecard, and a table of what came of it. A row that fails does not keep the others from running. */
import { messageOf } from '#base/errors.ts'
import { kill } from './kill.ts'
import { partition } from './partition.ts'
import { power } from './power.ts'
import type { Subject, Tell } from './subject.ts'
import { traversal } from './traversal.ts'

interface Row {
  readonly name: string
  readonly subject: Subject
  /** Beside what the subject does by itself. */
  readonly values?: Readonly<Record<string, number | string>>
}

/** The first is the one of 100,000 operations and two million deliveries. */
const rows: readonly Row[] = [
  { name: 'kill -9 of the server', subject: kill, values: { least: 500, watchers: 200 } },
  { name: 'kill -9 of its etcd', subject: kill, values: { victim: 'etcd', rounds: 60 } },
  { name: 'kill -9 of one of two', subject: kill, values: { victim: 'shared', rounds: 60 } },
  {
    name: 'kill -9 while compacting',
    subject: kill,
    values: { victim: 'compacting', rounds: 60, names: 20, watchers: 20, least: 150 },
  },
  {
    name: 'kill -9 while the clock jumps',
    subject: kill,
    values: { victim: 'jumping', rounds: 60, names: 20, watchers: 20 },
  },
  { name: 'clients cut off', subject: partition, values: { between: 'clients' } },
  { name: 'etcd cut off', subject: partition, values: { between: 'etcd' } },
  { name: 'members cut off', subject: partition, values: { between: 'members' } },
  { name: 'lists in pages', subject: traversal },
  { name: 'power cuts', subject: power },
]

/** What of a subject is more in a longer run. */
const LENGTHS = ['rounds', 'traversals', 'seconds']

export const nightly: Subject = {
  doc: 'all of the others in the numbers of the scorecard, and a table; --percent 5 is a twentieth of it, --only a part of a row’s name',
  flags: { percent: 100, only: '' },
  async run({ percent = 100, only = '', seed = 0 }, tell) {
    const chosen = rows.filter(({ name }) => name.includes(String(only)))
    await scorecard(chosen, { percent: Number(percent), seed: Number(seed) }, tell)
  },
}

/** Throws where a row failed, after all have run. */
export async function scorecard(
  chosen: readonly Row[],
  { percent, seed }: { percent: number; seed: number },
  tell: Tell,
): Promise<void> {
  const cells: string[][] = [['row', 'minutes', 'result', 'figures']]
  let failed = 0
  for (const { name, subject, values } of chosen) {
    const lines: string[] = []
    const started = performance.now()
    const given = shortened({ ...subject.flags, ...values, seed }, percent)
    const error = await subject
      .run(given, line => {
        lines.push(line)
        tell(`  ${name}: ${line}`)
      })
      .catch(thrown => thrown ?? new Error('failed'))
    if (error) failed++
    const minutes = ((performance.now() - started) / 60_000).toFixed(1)
    const figures = lines.filter(line => FIGURES.test(line)).join('; ')
    cells.push([name, minutes, error ? 'BROKEN' : 'kept', error ? messageOf(error) : figures])
  }
  for (const row of cells) tell(`| ${row.map(cell => cell.replaceAll('\n', ' ')).join(' | ')} |`)
  if (failed > 0) throw new Error(`${failed} of ${chosen.length} rows are broken`)
}

/** The lines of subjects that sum up. */
const FIGURES = /0 violations|0 lost|planted bugs caught/

function shortened(
  values: Readonly<Record<string, number | string>>,
  percent: number,
): Record<string, number | string> {
  const short = Object.entries(values).map(([name, value]) =>
    LENGTHS.includes(name) && typeof value === 'number'
      ? [name, Math.max(1, Math.round((value * percent) / 100))]
      : [name, value],
  )
  return Object.fromEntries(short)
}
