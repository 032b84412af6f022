/**
 * The way to the API server of a role that runs for longer than the certificate in its kubeconfig is good: when another one is written there, such as
 * by `proa apiserver` every eight months, the role goes on with that.
 */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { InformersContext } from '#client/informers.ts'
import type { Connection } from '#client/kubeconfig.ts'
import { connectionOf, type Remote, remoteContext } from './remote-context.ts'

/** As often as upstream's clients look. */
const LOOK_EVERY_MS = 5 * 60_000

export interface RenewedOptions {
  readonly kubeconfig: string | undefined
  readonly clock: Clock
  readonly log: Log
  readonly keep?: InformersContext['keep'] | undefined
}

/** Throws UserErrors. */
export async function renewedRemote(options: RenewedOptions): Promise<Remote> {
  const { kubeconfig, clock, log, keep } = options
  let current = await connectionOf(kubeconfig)
  if (!current.clientCertificate || !current.clientKey)
    return remoteContext(current, log, undefined, keep)
  const connection: Connection = {
    ...current,
    get clientCertificate() {
      return current.clientCertificate ?? ''
    },
    get clientKey() {
      return current.clientKey ?? ''
    },
  }
  const remote = remoteContext(connection, log, undefined, keep)
  let isOver = false
  const look = async () => {
    try {
      const now = await connectionOf(kubeconfig)
      if (isOver) return
      if (!now.clientCertificate || !now.clientKey) return
      if (
        now.clientCertificate === current.clientCertificate &&
        now.clientKey === current.clientKey
      )
        return
      current = now
      remote.reconnect()
      log.info('the renewed certificate of the kubeconfig is shown from now on')
    } catch (error) {
      // It may be in the middle of being replaced; what was good still is.
      log.warn('the kubeconfig could not be read anew', { error: messageOf(error) })
    }
  }
  let cancel = () => {}
  const next = () => {
    cancel = clock.after(LOOK_EVERY_MS, () => void look().finally(() => isOver || next()))
  }
  next()
  return {
    ...remote,
    async stop() {
      isOver = true
      cancel()
      await remote.stop()
    },
  }
}
