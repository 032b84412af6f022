/** Admission's word on connecting to a pod, a service or a node: what is asked for is an object of options, made of the query. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { runValidations } from '../admission/admission.ts'
import type { Exchange } from '../exchange.ts'
import { isTrue } from '../request-info.ts'
import { AdmittedWrite } from './admitted-write.ts'
import type { StoredResource } from './registry.ts'
import { writeOf } from './write.ts'

/** `path` is what follows a proxy in the path of the request. */
export async function admitConnect(
  exchange: Exchange,
  resource: StoredResource,
  path = '',
): Promise<void> {
  const { admission } = exchange.server
  if (admission.length === 0) return
  const { info } = exchange
  const { special = [] } = resource.kind.subresources
  const {
    group = '',
    version = 'v1',
    kind = '',
  } = special.find(({ name }) => name === info.subresource) ?? {}
  const options = { kind, apiVersion: version, ...optionsOf(kind, info.query, path) }
  // Options have no metadata, and are told to admission all the same.
  const object = options as unknown as KubernetesObject
  const more = { kind: { group, version, kind } }
  const write = writeOf(exchange, resource)
  await runValidations(admission, new AdmittedWrite(write, 'CONNECT', { object }, more))
}

function optionsOf(kind: string, query: URLSearchParams, path: string): object {
  switch (kind) {
    case 'PodExecOptions': {
      const command = query.getAll('command')
      return { ...streamsIn(query), command: command.length > 0 ? command : null }
    }
    case 'PodAttachOptions':
      return streamsIn(query)
    case 'PodPortForwardOptions': {
      const ports = query.getAll('ports').flatMap(list => list.split(',').map(Number))
      return ports.length > 0 ? { ports } : {}
    }
    default:
      return path === '' ? {} : { path }
  }
}

const STREAMS = ['stdin', 'stdout', 'stderr', 'tty']

function streamsIn(query: URLSearchParams): object {
  const container = query.get('container')
  const asked = STREAMS.filter(name => isTrue(query.get(name))).map(name => [name, true])
  return { ...Object.fromEntries(asked), ...(container ? { container } : {}) }
}
