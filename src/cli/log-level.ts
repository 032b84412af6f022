/** How much a command tells of what it does. */
import { UserError } from '#base/errors.ts'
import { flag } from './flags.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
type LogLevel = (typeof LOG_LEVELS)[number]

export const logLevel = (fallback: LogLevel) =>
  flag<LogLevel>(
    'log-level',
    'LEVEL',
    `${LOG_LEVELS.join(', ')}; lines are JSON on standard error`,
    text => {
      const level = LOG_LEVELS.find(level => level === text)
      if (!level)
        throw new UserError(`--log-level wants one of ${LOG_LEVELS.join(', ')}, not "${text}"`)
      return level
    },
    fallback,
  )
