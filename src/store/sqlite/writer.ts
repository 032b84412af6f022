import { messageOf } from '#base/errors.ts'
import { startWorker, type WorkerThread } from '#host/worker.ts'
import type { WriteBatch, WriterReply, WriterRequest } from './messages.ts'
import { connectionPragmas } from './schema.ts'

/** The writer holds one batch, and of that only the keys and numbers are in its heap. */
const HEAP_LIMIT_MB = 64

/** The main thread's end of the thread that writes. */
export interface Writer {
  /** `onReply` is told when it is done. */
  write(batch: WriteBatch): void
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
  const answer = (reply: WriterReply) => {
    const [waiting] = unanswered.splice(0, reply.count)
    if (waiting) waiting(reply)
    else hooks.onReply(reply)
  }
  const thread: WorkerThread<WriterRequest> = startWorker<WriterRequest, WriterReply>({
    entry: './writer.worker',
    from: import.meta.url,
    data: { file, pragmas: connectionPragmas },
    heapLimitMb: HEAP_LIMIT_MB,
    onReply: answer,
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
      thread.send(request)
    })
  }
  return {
    write(batch) {
      if (failure) return hooks.onReply({ count: 1, message: messageOf(failure) })
      unanswered.push(undefined)
      thread.send(batch, [batch.bytes.buffer, batch.numbers.buffer])
    },
    ask,
    async stop(isOrderly) {
      const reply = isOrderly ? await ask({ type: 'close' }) : { message: 'not asked' }
      if (reply.message !== undefined) thread.terminate()
      await thread.ended
    },
  }
}
