/** What upstream's publisher counts. */
import { StatusError } from '#api/machinery/status.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import type { Look } from '../runner/controller.ts'

const HELP = 'Namespaces that were looked at for the certificate of the cluster.'

export function countPublishing(book: FigureBook): (look: Look) => void {
  const looks = book.counter('root_ca_cert_publisher_sync_total', HELP, ['code'])
  const seconds = book.histogram(
    'root_ca_cert_publisher_sync_duration_seconds',
    HELP,
    exponentialBounds(0.001, 2, 15),
    ['code'],
  )
  return ({ error, seconds: taken }) => {
    const cause = error instanceof Error && error.cause ? error.cause : error
    const code = error === undefined ? 200 : cause instanceof StatusError ? cause.code : 500
    looks.add([String(code)])
    seconds.observe([String(code)], taken)
  }
}
