/** Whether somebody answers at a unix socket: a connection that is held open, and made anew every few seconds while there is none. */
import { connect } from 'node:http2'
import { createConnection } from 'node:net'
import type { Clock } from '#base/clock.ts'

const RETRY_MS = 2_000

/** Tells each change, and how it is at first; the returned function ends that. */
export function watchPeer(
  socketPath: string,
  clock: Clock,
  told: (isThere: boolean) => void,
): () => void {
  let isOver = false
  let wasThere: boolean | undefined
  let end = () => {}
  const tell = (isThere: boolean) => {
    if (isOver || wasThere === isThere) return
    wasThere = isThere
    told(isThere)
  }
  const open = () => {
    const session = connect('http://localhost', {
      createConnection: () => createConnection(socketPath),
    })
    end = () => session.destroy()
    session.on('error', () => {})
    session.on('remoteSettings', () => tell(true))
    session.on('close', () => {
      if (isOver) return
      tell(false)
      end = clock.after(RETRY_MS, open)
    })
    session.unref()
  }
  open()
  return () => {
    isOver = true
    end()
  }
}
