/** /statusz and /flagz of the kubelet, which has no feature gates of its own: both are on where nobody says otherwise. */
import { answerZpage } from '#client/serving/zpages.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import type { KubeletContext } from '../options.ts'

const PATHS = ['/configz', '/flagz', '/healthz', '/logs', '/metrics', '/pods', '/stats', '/statusz']

type Answer = (request: ApiRequest) => Promise<ApiResponse | undefined>

/** Undefined for other paths. */
export function createZpages({ clock, random, options }: KubeletContext): Answer {
  const { flags } = options
  const subject = { component: 'kubelet', startedMs: clock.now(), paths: PATHS, flags }
  return ({ path, headers }) => {
    const [page = '', query = ''] = path.split('?')
    const pretty = /^(1|t|true)$/i.test(new URLSearchParams(query).get('pretty') ?? '')
    const question = { accept: headers?.accept, pretty, nowMs: clock.now(), random }
    return answerZpage(page, subject, question)
  }
}
