/**
 * An error whose message is written for the person at the command line: one sentence that says what
 * is wrong and, where there is one, which command or flag helps. `main.ts` prints the message alone
 * and exits with 1; any other error is a bug and keeps its stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
