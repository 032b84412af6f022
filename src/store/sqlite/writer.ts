import { messageOf } from '#base/errors.ts'
import { systemClock } from '#host/clock.ts'
import { hasSeveralCores, startWorker, type WorkerThread } from '#host/worker.ts'
import { isAwake, lastCommitMs, makeRing, RingInput } from './batch-ring.ts'
import { joined } from './batch-rows.ts'
import type {
  LooseBatch,
  WriteBatch,
  WriterMessage,
  WriterReply,
  WriterRequest,
} from './messages.ts'
import { connectionPragmas } from './schema.ts'
import { WrittenBatches } from './written-batches.ts'

/** The writer holds one batch, and of that only the keys and numbers are in its heap. */
const HEAP_LIMIT_MB = 64

/** Who writes a longer transaction needs the caches and, on some machines, the other half of a processor more than its answer a quick reader. */
const MOST_LOOKED_OUT_FOR = 16

/** The main thread's end of the thread that writes. */
export interface Writer {
  /** `onReply` is told when it is done. */
  write(batch: LooseBatch): void
  /** How long the last commit to the disk took; 0 before there was one. */
  commitMs(): number
  /** Whether a batch would be taken at once. */
  isAwake(): boolean
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
  /** Of the transaction that is being handed over. */
  let rows = 0
  const answer = (reply: WriterReply) => {
    const [waiting] = unanswered.splice(0, reply.count)
    if (waiting) waiting(reply)
    else hooks.onReply(reply)
  }
  const mayLook = hasSeveralCores()
  const written = new WrittenBatches(
    ring,
    count => answer({ count }),
    () => systemClock.monotonicMs(),
  )
  const thread: WorkerThread<WriterRequest> = startWorker<WriterRequest, WriterMessage | null>({
    entry: './writer.worker',
    from: import.meta.url,
    data: { file, ring, mayLook, pragmas: connectionPragmas },
    heapLimitMb: HEAP_LIMIT_MB,
    onReply(reply) {
      if (reply) written.takeMessage(reply.written, () => answer(reply))
      else written.take()
    },
    onFailure(error) {
      written.take()
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
      rows += batch.rows
      if (input.put(requests++, batch)) thread.wake()
      else {
        const { message, handedOver } = joined(batch)
        thread.send(message, handedOver)
      }
      if (batch.isFollowed) return
      if (mayLook && rows <= MOST_LOOKED_OUT_FOR) written.lookOut(rows)
      rows = 0
    },
    commitMs: () => lastCommitMs(ring),
    isAwake: () => isAwake(ring),
    ask,
    async stop(isOrderly) {
      const reply = isOrderly ? await ask({ type: 'close' }) : { message: 'not asked' }
      if (reply.message !== undefined) thread.terminate()
      await thread.ended
    },
  }
}
