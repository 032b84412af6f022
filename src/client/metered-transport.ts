/** Counts requests and how long their answers take, as client-go does. */
import type { Clock } from '#base/clock.ts'
import type { FigureBook } from '#base/figures.ts'
import type { ApiRequest, Transport } from './transport.ts'

const BOUNDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
/** What client-go says where no answer came. */
const NO_ANSWER = '<error>'

/** `host` is where the requests go, as labels tell it. */
export function meterTransport<T extends Transport>(
  transport: T,
  book: FigureBook,
  { host, clock }: { host: string; clock: Clock },
): T {
  const requests = book.counter(
    'rest_client_requests_total',
    'Requests to the API, by what was answered.',
    ['code', 'method', 'host'],
  )
  const durations = book.histogram(
    'rest_client_request_duration_seconds',
    'How long answers of the API take to begin.',
    BOUNDS,
    ['verb', 'host'],
  )
  return {
    ...transport,
    async request(request: ApiRequest) {
      const { method } = request
      const fromMs = clock.monotonicMs()
      let code = NO_ANSWER
      try {
        const response = await transport.request(request)
        code = String(response.status)
        return response
      } finally {
        requests.add([code, method, host])
        durations.observe([method, host], (clock.monotonicMs() - fromMs) / 1000)
      }
    },
  }
}
