import { pino } from 'pino'
import type { Log, LogFields } from '#base/log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Structured lines (JSON) on standard error, which keeps standard output for answers. */
export function systemLog(level: LogLevel): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  )
  return wrap(logger, level === 'debug')
}

interface Leveled {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Leveled
}

function wrap(logger: Leveled, stacks: boolean): Log {
  return {
    debug: (message, fields = {}) => logger.debug(plain(fields, stacks), message),
    info: (message, fields = {}) => logger.info(plain(fields, stacks), message),
    warn: (message, fields = {}) => logger.warn(plain(fields, stacks), message),
    error: (message, fields = {}) => logger.error(plain(fields, stacks), message),
    with: fields => wrap(logger.child({ ...fields }), stacks),
  }
}

/** Errors become their message; their stack only helps developers, so it appears at debug level alone. */
function plain(fields: LogFields, stacks: boolean): object {
  if (!Object.values(fields).some(value => value instanceof Error)) return fields
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (stacks ? value.stack : value.message) : value,
    ]),
  )
}
