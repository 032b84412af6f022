/** /statusz and /flagz of the API server. */
import { isStatus } from '#api/machinery/status.ts'
import { answerZpage, zpagesOf } from '#client/serving/zpages.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { pageNotFound, prefersPretty, respondStatus } from '../respond.ts'

/** The pages for people, beside these two; upstream lists no others. */
const PATHS = ['/healthz', '/livez', '/metrics', '/readyz', '/version']

export async function zpages({ server, request, info }: Exchange): Promise<ApiResponse> {
  const { featureGates, startedMs, flags, clock, random } = server
  const own = zpagesOf(featureGates)
  if (!own.includes(info.path)) return pageNotFound()
  const { accept, 'user-agent': userAgent } = request.headers ?? {}
  const subject = {
    component: 'apiserver',
    startedMs,
    paths: [...own, ...PATHS].sort(),
    flags,
  }
  const pretty = prefersPretty(info.query.get('pretty'), userAgent)
  const question = { accept, pretty, nowMs: clock.now(), random }
  try {
    return (await answerZpage(info.path, subject, question)) ?? pageNotFound()
  } catch (error) {
    if (!isStatus(error, 'NotAcceptable')) throw error
    // A Status could be told as wished, only the page cannot.
    return respondStatus(request, error.status, { isForPeople: false })
  }
}
