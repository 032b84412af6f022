import { messageOf } from '#base/errors.ts'
import { startWorker, type WorkerThread } from '#host/worker.ts'
import { lastCommitMs, makeRing, RingInput } from './batch-ring.ts'
import type { LooseBatch, WriteBatch, WriterReply, WriterRequest } from './messages.ts'
import { joined } from './packed-rows.ts'
import { connectionPragmas } from './schema.ts'

/** The writer holds one batch, and of that only the keys and numbers are in its heap. */
const HEAP_LIMIT_MB = 64

/** The main thread's end of the thread that writes. */
export interface Writer {
  /** `onReply` is told when it is done. */
  write(batch: LooseBatch): void
  /** How long the last commit to the disk took; 0 before there was one. */
  commitMs(): number
  /** Resolves with the answer, or with the failure of the whole thread. Never rejects. */
  ask(request: Exclude<WriterRequest, WriteBatch>): Promise<WriterReply>
  /** Ends the thread; `isOrderly` lets it close the file first. */
  stop(isOrderly: boolean): Promise<void>
}

export interface WriterHooks {
  /** The oldest batches that were not answered yet. */
  onReply(reply: WriterReply): void
  onFailure(error: Error): void
}

/** Starts the thread; it opens the file only at the first request. */
export function startWriter(file: string, hooks: WriterHooks): Writer {
  /** For each request in order: who waits for its answer, if it is not a batch. */
  const unanswered: (((reply: WriterReply) => void) | undefined)[] = []
  let failure: Error | undefined
  const ring = makeRing()
  const input = new RingInput(ring)
  /** Requests so far, on either way. */
  let requests = 0
  const answer = (reply: WriterReply) => {
    const [waiting] = unanswered.splice(0, reply.count)
    if (waiting) waiting(reply)
    else hooks.onReply(reply)
  }
  const thread: WorkerThread<WriterRequest> = startWorker<WriterRequest, WriterReply | number>({
    entry: './writer.worker',
    from: import.meta.url,
    data: { file, ring, pragmas: connectionPragmas },
    heapLimitMb: HEAP_LIMIT_MB,
    onReply: reply => answer(typeof reply === 'number' ? { count: reply } : reply),
    onFailure(error) {
      failure = error
      while (unanswered.length > 0) answer({ count: 1, message: messageOf(error) })
      hooks.onFailure(error)
    },
  })
  const ask: Writer['ask'] = request => {
    if (failure) return Promise.resolve({ count: 1, message: messageOf(failure) })
    return new Promise(resolve => {
      unanswered.push(resolve)
      requests++
      thread.send(request)
    })
  }
  return {
    write(batch) {
      if (failure) return hooks.onReply({ count: 1, message: messageOf(failure) })
      unanswered.push(undefined)
      if (input.put(requests++, batch)) return thread.wake()
      const { message, handedOver } = joined(batch)
      thread.send(message, handedOver)
    },
    commitMs: () => lastCommitMs(ring),
    ask,
    async stop(isOrderly) {
      const reply = isOrderly ? await ask({ type: 'close' }) : { message: 'not asked' }
      if (reply.message !== undefined) thread.terminate()
      await thread.ended
    },
  }
}
