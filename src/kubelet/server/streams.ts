/** exec, attach and port-forward: find the container, hand over the runtime's own channels. */
import { badRequest, StatusError } from '#api/machinery/status.ts'
import type { DuplexChannels } from '#client/transport.ts'
import { readySandboxOf } from '../pods/observed-pod.ts'
import { podOf, runningContainer } from './find.ts'
import type { Route, ServerParts } from './server.ts'

const isSet = (query: URLSearchParams, ...names: string[]): boolean =>
  names.some(name => ['true', '1'].includes(query.get(name) ?? ''))

/**
 * Upstream's kubelet says `input`, `output`, `error`; its API server `stdin`, `stdout`, `stderr`.
 * Both are understood.
 */
function streamsOf(query: URLSearchParams) {
  const tty = isSet(query, 'tty')
  const streams = {
    stdin: isSet(query, 'input', 'stdin'),
    stdout: isSet(query, 'output', 'stdout'),
    // With a terminal there is one output only.
    stderr: isSet(query, 'error', 'stderr') && !tty,
    tty,
  }
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
  return streams
}

export async function openExec(parts: ServerParts, route: Route): Promise<DuplexChannels> {
  const command = route.query.getAll('command')
  if (command.length === 0) throw badRequest('you must specify at least 1 command')
  const streams = streamsOf(route.query)
  const { id } = runningContainer(parts, route)
  return parts.context.options.runtime.exec(id, { ...streams, command })
}

export async function openAttach(parts: ServerParts, route: Route): Promise<DuplexChannels> {
  const streams = streamsOf(route.query)
  const { id } = runningContainer(parts, route)
  return parts.context.options.runtime.attach(id, streams)
}

/** One connection to one port, `/portForward/<namespace>/<pod>?port=80`. */
export async function openPortForward(parts: ServerParts, route: Route): Promise<DuplexChannels> {
  const port = Number(route.query.get('port') ?? route.query.get('ports'))
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw badRequest(`port "${route.query.get('port')}" is not a port number`)
  const pod = podOf(parts, route)
  const sandbox = readySandboxOf(parts.cache.observe(pod.metadata.uid ?? ''))
  if (!sandbox) throw new StatusError('InternalError', `pod ${pod.metadata.name} is not running`)
  return parts.context.options.runtime.portForward(sandbox.id, port)
}
