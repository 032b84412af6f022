import type { IncomingMessage } from 'node:http'

export interface WebhookAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** An answer began, and could not be read to its end. */
export class UnreadAnswer extends Error {
  constructor(why: string) {
    super(`unexpected error when reading response body. Please retry. Original error: ${why}`)
  }
}

/** All of an answer; rejects where it breaks off or is longer than `limitBytes`. */
export function readAnswer(answer: IncomingMessage, limitBytes: number): Promise<WebhookAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    answer.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limitBytes)
        answer.destroy(new Error(`the answer is longer than ${limitBytes} bytes`))
      else chunks.push(chunk)
    })
    const fail = (error?: Error) => reject(new UnreadAnswer(whyUnread(error)))
    answer.once('error', fail)
    answer.once('close', fail)
    answer.once('end', () => {
      const { statusCode: status = 0, headers } = answer
      resolve({ status, headers, body: Buffer.concat(chunks) })
    })
  })
}

function whyUnread(error: (Error & { code?: string }) | undefined): string {
  if (error?.code === 'ABORT_ERR') return 'context deadline exceeded'
  return error === undefined || error.code === 'ECONNRESET' ? 'unexpected EOF' : error.message
}
