/**
 * A server of Go's that has said all closes its connection at once, whatever its client still sends, and a client that sends at that
 * moment is answered with a reset. Node gives a socket up when a write fails, with what arrived and was not read yet: the exit code of
 * a command, a refusal.
 */
import type { Socket } from 'node:net'

const goneCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET'])

/**
 * From now on what is written to a peer that is gone goes nowhere, without an error: what it sent before is still read, and then
 * `end`, or the error of reading, tells that it is gone.
 */
export function keepReading<Wire extends Socket>(socket: Wire): Wire {
  type Done = (error?: Error | null) => void
  const forgiving =
    (done: Done): Done =>
    error =>
      done(goneCodes.has((error as NodeJS.ErrnoException | undefined)?.code) ? null : error)
  const { _write: write, _writev: writev } = socket
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, forgiving(done))
  if (writev) socket._writev = (chunks, done) => writev.call(socket, chunks, forgiving(done))
  return socket
}
