/** What upstream's client makes of a webhook's answer over HTTP, in its words where that is nothing. */

import { parseJson } from '#api/machinery/body.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { wordsFor } from '#client/unread-answer.ts'
import type { WebhookAnswer } from '#client/webhooks/answer.ts'
import { JSON_TYPE } from '../../media-type.ts'
import { parseYaml } from '../../resources/body.ts'

/** What an answer says, not looked at yet. Rejects with an Error where it is none. */
export async function valueIn(answer: WebhookAnswer): Promise<unknown> {
  const { status, body } = answer
  if (status < 200 || status > 206) throw new Error(await failureIn(answer))
  if (body.length === 0)
    throw new Error(
      `0-length response with status code: ${status} and content type: ${typeOf(answer) || JSON_TYPE}`,
    )
  return parsed(answer)
}

const typeOf = ({ headers }: WebhookAnswer): string => {
  const { 'content-type': type } = headers
  return typeof type === 'string' ? type : ''
}

/** It may say itself what went wrong, as API servers do. */
async function failureIn(answer: WebhookAnswer): Promise<string> {
  const value = await parsed(answer).catch(() => undefined)
  if (isPlainObject(value) && value.kind === 'Status' && value.status === 'Failure')
    return String(value.message ?? '')
  return wordsFor(answer.status, Buffer.from(answer.body).toString())
}

/** Whatever it says it is: what does not begin as JSON does, is read as YAML. */
async function parsed({ body }: WebhookAnswer): Promise<unknown> {
  const start = body.find(byte => byte > SPACE)
  return start === OPEN_BRACE ? parseJson(body) : (await parseYaml(body)).value
}
const SPACE = 0x20
const OPEN_BRACE = 0x7b

/** In how many seconds to ask again, where it asks to be asked again. */
export function retryAfterSeconds({ status, headers }: WebhookAnswer): number | undefined {
  const { 'retry-after': text } = headers
  if ((status !== 429 && status < 500) || typeof text !== 'string') return undefined
  return /^\d+$/.test(text) ? Number(text) : undefined
}
