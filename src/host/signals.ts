/** How a long-running command ends: cleanly at the first SIGTERM or Ctrl-C, at once at the second. */
import { messageOf } from '#base/errors.ts'

/** Whoever asked for the end should not wait longer for it. */
const END_WITHIN_MS = 5_000
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

/**
 * Calls `stop` at the first signal and ends the process with 0 once it resolves. It ends with 1 where that fails or takes too long, and
 * at a second signal at once, with the code that shells use for it.
 */
export function onTermination(stop: () => Promise<void>, withinMs = END_WITHIN_MS): void {
  let stopping = false
  const terminate = async (signal: keyof typeof SIGNALS) => {
    if (stopping) process.exit(128 + SIGNALS[signal])
    stopping = true
    const timer = setTimeout(() => {
      process.stderr.write(`proa: not everything ended within ${withinMs / 1000} s\n`)
      process.exit(1)
    }, withinMs)
    timer.unref()
    try {
      await stop()
      process.exit(0)
    } catch (error) {
      process.stderr.write(`proa: ${messageOf(error)}\n`)
      process.exit(1)
    }
  }
  process.on('SIGTERM', terminate)
  process.on('SIGINT', terminate)
}

/** How soon somebody notices that whoever started this process is gone. */
const PARENT_LOOK_MS = 500

/** Ends the process as a SIGTERM would once its parent is gone: nobody else knows of it, and a test that was killed cannot clean up. */
export function endWithParent(): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_LOOK_MS)
  timer.unref()
}
