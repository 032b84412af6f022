/** What systemd's journal has of services, as `journalctl` tells it. Whatever is asked for stands behind `=` in a word of its own: nothing of it is an option. */
import { spawn } from 'node:child_process'
import { tryCommand } from '../command.ts'

export interface JournalQuery {
  /** Such as `kubelet`; at least one. */
  readonly units: readonly string[]
  /** Both included; milliseconds since the epoch. */
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
  readonly lastLines?: number | undefined
  /** A regular expression as Perl has them. */
  readonly pattern?: string | undefined
  /** 0 is the present one, -1 the one before. */
  readonly boot?: number | undefined
}

/** A journal may be long, and whoever reads it slow; but nobody waits for ever. */
const TIMEOUT_MS = 30_000
const MAXIMUM_COMPLAINT = 4096

export function machineJournal(program = 'journalctl') {
  return {
    /** Units that have something in it; none where there is no journal. */
    async units(): Promise<ReadonlySet<string>> {
      const result = await tryCommand(program, ['--field', '_SYSTEMD_UNIT']).catch(() => undefined)
      return new Set(result?.stdout.split('\n').filter(Boolean))
    },
    /** Its lines, and what `journalctl` complains of behind them. Ends early with `signal`. */
    async *read(query: JournalQuery, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      if (signal.aborted) return
      const child = spawn(program, journalWords(query), { stdio: ['ignore', 'pipe', 'pipe'] })
      const end = () => child.kill('SIGKILL')
      const timer = setTimeout(end, TIMEOUT_MS)
      signal.addEventListener('abort', end, { once: true })
      let complaint = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (complaint.length < MAXIMUM_COMPLAINT) complaint += text
      })
      const closed = new Promise<void>((resolve, reject) => {
        child.once('close', () => resolve())
        child.once('error', reject)
      })
      // It is waited for below; who leaves before that does not want to know.
      closed.catch(() => {})
      try {
        for await (const bytes of child.stdout) yield bytes as Uint8Array
        await closed
        if (complaint !== '' && !signal.aborted) yield Buffer.from(complaint)
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        end()
      }
    },
  }
}

export function journalWords(query: JournalQuery): readonly string[] {
  const { units, sinceMs, untilMs, lastLines, pattern, boot } = query
  return [
    ...['--utc', '--no-pager', '--output=short-precise'],
    ...(sinceMs === undefined ? [] : [`--since=${timeOf(Math.floor(sinceMs / 1000))}`]),
    ...(untilMs === undefined ? [] : [`--until=${timeOf(Math.ceil(untilMs / 1000))}`]),
    ...(lastLines === undefined ? [] : [`--lines=${lastLines}`]),
    ...units.map(unit => `--unit=${unit}`),
    ...(pattern === undefined ? [] : [`--grep=${pattern}`]),
    ...(boot === undefined ? [] : [`--boot=${boot}`]),
  ]
}

/** Whole seconds, in which the machine's own zone plays no part. */
const timeOf = (seconds: number) =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`
