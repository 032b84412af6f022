/** Talks to one plugin's registration socket. */
import type { Clock } from '#base/clock.ts'
import { connectGrpc } from '../cri/grpc.ts'
import { nothing, paths, pluginInfo, registrationStatus } from './messages.ts'

/** What a plugin says of itself. */
export interface PluginInfo {
  readonly type: string
  readonly name: string
  /** The socket of its service; empty where that is the very socket on which it registers. */
  readonly endpoint: string
  readonly supportedVersions: readonly string[]
}

/** The two questions of a registration. Each rejects where the plugin does not answer in time. */
export interface RegistrationClient {
  getInfo(socketPath: string): Promise<PluginInfo>
  /** Without `error` the plugin is registered. */
  notify(socketPath: string, error?: string): Promise<void>
}

/** A plugin that is there answers at once; a socket that somebody left behind refuses. */
const TIMEOUT_MS = 10_000

export function registrationClient(clock: Clock): RegistrationClient {
  const ask = async (socketPath: string, path: string, request: Uint8Array) => {
    const grpc = connectGrpc({ socketPath, clock, peer: 'the plugin' })
    try {
      return await grpc.call({ path, request, timeoutMs: TIMEOUT_MS })
    } finally {
      grpc.close()
    }
  }
  return {
    async getInfo(socketPath) {
      return pluginInfo.decode(await ask(socketPath, paths.getInfo, nothing.encode({})))
    },
    async notify(socketPath, error = '') {
      const status = registrationStatus.encode({ pluginRegistered: error === '', error })
      await ask(socketPath, paths.notifyRegistrationStatus, status)
    },
  }
}
