import { messageOf } from '#base/errors.ts'
import { startWorker, type WorkerThread } from '#host/worker.ts'
import type { WriterReply, WriterRequest } from './messages.ts'
import { connectionPragmas } from './schema.ts'

/** The writer holds one batch, and of that only the keys and numbers are in its heap. */
const HEAP_LIMIT_MB = 64

/** The main thread's end of the thread that writes. */
export interface Writer {
  /** Resolves with the answer, or with the failure of the whole thread. Never rejects. */
  ask(request: WriterRequest): Promise<WriterReply>
  /** Ends the thread; `isOrderly` lets it close the file first. */
  stop(isOrderly: boolean): Promise<void>
}

/** Starts the thread; it opens the file only at the first request. */
export function startWriter(file: string, onFailure: (error: Error) => void): Writer {
  const unanswered: ((reply: WriterReply) => void)[] = []
  let failure: Error | undefined
  const thread: WorkerThread<WriterRequest> = startWorker<WriterRequest, WriterReply>({
    entry: './writer.worker',
    from: import.meta.url,
    data: { file, pragmas: connectionPragmas },
    heapLimitMb: HEAP_LIMIT_MB,
    // Answers come in the order of the requests.
    onReply: reply => unanswered.shift()?.(reply),
    onFailure(error) {
      failure = error
      for (const answer of unanswered.splice(0)) answer({ message: messageOf(error) })
      onFailure(error)
    },
  })
  const ask = (request: WriterRequest): Promise<WriterReply> => {
    if (failure) return Promise.resolve({ message: messageOf(failure) })
    return new Promise(resolve => {
      unanswered.push(resolve)
      thread.send(request, request.type === 'write' ? [request.bytes.buffer] : [])
    })
  }
  return {
    ask,
    async stop(isOrderly) {
      const reply = isOrderly ? await ask({ type: 'close' }) : { message: 'not asked' }
      if (reply.message !== undefined) thread.terminate()
      await thread.ended
    },
  }
}
