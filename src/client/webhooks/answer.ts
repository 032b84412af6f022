import type { IncomingMessage } from 'node:http'

export interface WebhookAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
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
    answer.once('error', reject)
    answer.once('close', () => reject(new Error('unexpected EOF')))
    answer.once('end', () => {
      const { statusCode: status = 0, headers } = answer
      resolve({ status, headers, body: Buffer.concat(chunks) })
    })
  })
}
