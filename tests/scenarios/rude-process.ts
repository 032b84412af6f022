/** Resets requests rapidly, in a process of its own so that its own haste slows nobody else. Told the port and the authority's file. */
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect, constants } from 'node:http2'

const [port = '', authority = '', connections = '', resets = ''] = process.argv.slice(2)
const ca = readFileSync(authority)

const counts = await Promise.all(
  Array.from({ length: Number(connections) }, () =>
    resetRapidly(connect(`https://127.0.0.1:${port}`, { ca })),
  ),
)
process.send?.(counts, () => process.exit(0))

/** Asks and cancels without waiting until it is sent away; gives back how many were cancelled before. */
function resetRapidly(session: ClientHttp2Session): Promise<number> {
  return new Promise(resolve => {
    let sent = 0
    const over = () => resolve(sent)
    session.on('error', over)
    session.on('goaway', over)
    session.once('close', over)
    const burst = () => {
      for (let index = 0; index < 50; index++) {
        if (session.destroyed || session.closed || sent >= Number(resets)) return over()
        const stream = session.request({ ':path': '/api/v1/pods' })
        stream.on('error', () => {})
        stream.close(constants.NGHTTP2_CANCEL)
        sent++
      }
      setImmediate(burst)
    }
    session.once('connect', burst)
  })
}
