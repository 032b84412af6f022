/** One question to one kubelet. */
import type { Clock } from '#base/clock.ts'
import type { ResponseBody, Transport } from '#client/transport.ts'

/** Of a node with as many containers as a machine can hold. */
const MAXIMUM_BYTES = 16 * 1024 * 1024

export interface ReadOptions {
  readonly clock: Clock
  readonly timeoutMs: number
}

/** The text of `/metrics/resource`. Rejects where there is no good answer in time. */
export async function readMetrics(
  kubelet: Pick<Transport, 'request'>,
  { clock, timeoutMs }: ReadOptions,
): Promise<string> {
  const controller = new AbortController()
  const cancel = clock.after(timeoutMs, () => controller.abort())
  try {
    const { status, body } = await kubelet.request({
      method: 'GET',
      path: '/metrics/resource',
      headers: { accept: 'text/plain' },
      signal: controller.signal,
    })
    const text = await textOf(body)
    if (status !== 200) throw new Error(`request failed, status: "${status}" ${text.slice(0, 200)}`)
    return text
  } catch (error) {
    if (controller.signal.aborted) throw new Error(`no answer within ${timeoutMs / 1000} s`)
    throw error
  } finally {
    cancel()
  }
}

function textOf(body: ResponseBody): Promise<string> | string {
  const decoder = new TextDecoder()
  if (body.kind === 'bytes') return decoder.decode(body.bytes)
  if (body.kind === 'chunks') return decoder.decode(Buffer.concat(body.chunks))
  if (body.kind !== 'stream') return ''
  const { stream } = body
  return new Promise((resolve, reject) => {
    let text = ''
    const cancel = stream.subscribe({
      next(chunk) {
        text += decoder.decode(chunk, { stream: true })
        if (text.length <= MAXIMUM_BYTES) return
        queueMicrotask(() => cancel())
        reject(new Error(`the answer is longer than ${MAXIMUM_BYTES} bytes`))
      },
      end: error => (error ? reject(error) : resolve(text + decoder.decode())),
    })
  })
}
