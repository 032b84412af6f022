/** Structured logging as a parameter; `host/log.ts` writes it out, tests collect it. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A log whose lines all carry `fields` as well, for example `{ controller: 'deployment' }`. */
  with(fields: LogFields): Log
}

/** Values that a log line carries beside its message; an `Error` under `error` is written with its stack at debug level only. */
export type LogFields = Readonly<Record<string, unknown>>

export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
}
