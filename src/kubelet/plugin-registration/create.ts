/** Plugin registration as a kubelet has it, where plugins can run on its machine. */
import type { KubeletContext } from '../options.ts'
import type { PluginHandlers, PluginRegistration } from './plugin-registration.ts'

/** Each kind of plugin is dealt with by the one that the table names; plugins of other kinds are refused. */
export async function createPluginRegistration(
  { options, clock, log }: KubeletContext,
  handlers: PluginHandlers,
): Promise<PluginRegistration | undefined> {
  const sockets = options.hostAccess.pluginSockets
  if (!sockets) return undefined
  const directory = `${options.rootDirectory}/plugins_registry`
  const { PluginRegistration } = await import('./plugin-registration.ts')
  // Most machines have no plugins, and need not load what talks to them.
  const client = async () => (await import('./registration-client.ts')).registrationClient(clock)
  return new PluginRegistration({
    ...{ sockets, directory, handlers, clock, log },
    client: {
      getInfo: async socketPath => (await client()).getInfo(socketPath),
      notify: async (socketPath, error) => (await client()).notify(socketPath, error),
    },
  })
}
