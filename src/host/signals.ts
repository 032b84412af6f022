/** How a process ends when it is asked to. */

/** A clean end takes no longer; what is not done by then is cut off, and found again at the next start. */
const CLEAN_END_MS = 5000

/** On SIGTERM or SIGINT calls `stop` and exits with 0 when it is done; after 5 s, or at the second signal, exits at once. */
export function onTermination(stop: () => Promise<void>): void {
  let ending = false
  const end = () => {
    if (ending) process.exit(1)
    ending = true
    const cutOff = setTimeout(() => process.exit(1), CLEAN_END_MS)
    stop().then(
      () => process.exit(0),
      error => {
        process.stderr.write(
          `proa: could not end cleanly: ${error instanceof Error ? error.message : error}\n`,
        )
        process.exit(1)
      },
    )
    cutOff.unref()
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}
