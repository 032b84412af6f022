import { writeSync } from 'node:fs'
import type { Log, LogFields } from '#base/log.ts'

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof LEVELS)[number]

const STANDARD_ERROR = 2

/**
 * Structured lines (JSON) on standard error, which keeps standard output for answers. Ours, since a logging package took 25 ms and
 * 10 MB of every start.
 */
export function systemLog(level: LogLevel, write: (line: string) => void = writeLine): Log {
  const lowest = LEVELS.indexOf(level)
  const at = (lineLevel: LogLevel, more: LogFields) =>
    LEVELS.indexOf(lineLevel) < lowest
      ? () => {}
      : (message: string, fields: LogFields = {}) =>
          write(lineOf({ level: lineLevel, message }, { ...more, ...fields }, level === 'debug'))
  const create = (more: LogFields): Log => ({
    debug: at('debug', more),
    info: at('info', more),
    warn: at('warn', more),
    error: at('error', more),
    with: fields => create({ ...more, ...fields }),
  })
  return create({})
}

/** Errors become their message; their stack only helps developers, so it appears at debug level alone. */
function lineOf(
  { level, message }: { level: LogLevel; message: string },
  fields: LogFields,
  withStacks: boolean,
): string {
  const replace = (_name: string, value: unknown) => {
    if (value instanceof Error) return withStacks ? value.stack : value.message
    return typeof value === 'bigint' ? String(value) : value
  }
  const head = { level, time: new Date().toISOString(), msg: message }
  try {
    return `${JSON.stringify({ ...head, ...fields }, replace)}\n`
  } catch {
    // Fields that contain themselves: their names still say something.
    return `${JSON.stringify({ ...head, fields: Object.keys(fields) })}\n`
  }
}

/** Synchronous, so that the last words of a process that ends are written too; a reader that is gone or too slow loses the line. */
function writeLine(line: string): void {
  try {
    writeSync(STANDARD_ERROR, line)
  } catch {}
}
