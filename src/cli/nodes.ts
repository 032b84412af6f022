import { isIP } from 'node:net'
import { isExtendedResource } from '#api/core/v1/resource-names.ts'
import { UserError } from '#base/errors.ts'
import { division } from './division-flags.ts'
import { type Flag, flag, portFlag, textFlag } from './flags.ts'
import { listFlag, mapFlag } from './lists.ts'

/** What `--nodes` asks for. `auto` is the default: containerd where possible, else one hollow node. */
export type NodesWanted =
  | { readonly kind: 'auto' | 'containerd' | 'none' }
  | { readonly kind: 'hollow'; readonly count: number }

/** A hollow node costs little, but not nothing; one process is asked for at most so many. */
export const MAXIMUM_HOLLOW_NODES = 1000

/** Reads `containerd`, `hollow`, `hollow:20` or `none`. */
export function parseNodes(text: string): NodesWanted {
  if (text === 'containerd' || text === 'none') return { kind: text }
  const hollow = /^hollow(?::(\d+))?$/.exec(text)
  if (!hollow)
    throw new UserError(`--nodes wants containerd, hollow, hollow:COUNT or none, not "${text}"`)
  const count = Number(hollow[1] ?? 1)
  if (count < 1 || count > MAXIMUM_HOLLOW_NODES)
    throw new UserError(`--nodes ${text}: the count must be from 1 to ${MAXIMUM_HOLLOW_NODES}`)
  return { kind: 'hollow', count }
}

export const nodeName = textFlag(
  'node-name',
  'NAME',
  "this node's name (default: the host's name)",
  undefined,
)

export const kubeletPort = portFlag(
  'kubelet-port',
  "port of this machine's kubelet; 0 takes a free one (default: 10250, or a free one where that is taken)",
  undefined,
)

export const nodes: Flag<NodesWanted> = {
  ...flag<NodesWanted>(
    'nodes',
    'KIND',
    'containerd, hollow[:COUNT] or none (default: containerd where possible)',
    parseNodes,
    { kind: 'auto' },
  ),
  show: wanted => (wanted.kind === 'hollow' ? `hollow:${wanted.count}` : wanted.kind),
}

/** Reads `example.com/gpu=4`, with commas between them. */
function parseResources(text: string): ReadonlyMap<string, string> {
  const resources = new Map<string, string>()
  for (const each of text.split(',').filter(Boolean)) {
    const [, name = '', count = ''] = /^([^=]+)=(\d{1,9})$/.exec(each) ?? []
    if (!isExtendedResource(name))
      throw new UserError(
        `--extended-resources wants NAME=COUNT with a name such as example.com/gpu, not "${each}"`,
      )
    resources.set(name, count)
  }
  return resources
}

/** As kubemark's hollow nodes have it. */
export const extendedResources = mapFlag(
  'extended-resources',
  'what each hollow node has beside processors and memory: NAME=COUNT, with commas between them',
  parseResources,
)

export const kubeletServing = {
  nodeIp: flag<string | undefined>(
    'node-ip',
    'IP',
    "the node's address, or one of each family with a comma between them; 0.0.0.0 and :: are the host's first of a family (default: the host's first of each family of pods)",
    nodeIpOf,
    undefined,
  ),
  port: portFlag('port', "the kubelet's own port (default: 10250)", undefined),
}

export const nodeLimits = {
  evictionHard: {
    ...textFlag(
      'eviction-hard',
      'LIST',
      "when pods of this machine's node have to go; never where it is empty (default: memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%)",
      undefined,
    ),
    mayBeEmpty: true as const,
  },
  allowedUnsafeSysctls: listFlag(
    'allowed-unsafe-sysctls',
    'LIST',
    'kernel parameters that pods of this machine may set beside the safe ones, such as net.core.*',
    [],
  ),
  staticPodPath: textFlag(
    'pod-manifest-path',
    'PATH',
    'a directory of manifests, or one, of pods that this machine runs by itself, also without the API',
    undefined,
  ),
  ...division,
}

/** Refusals in upstream's words. */
function nodeIpOf(text: string): string {
  const addresses = text.split(',').map(each => each.trim())
  const refuse = (why: string) =>
    new UserError(`failed to parse --node-ip ${JSON.stringify(text)}: ${why}`)
  const wrong = addresses.find(address => !isIP(address))
  if (wrong !== undefined) throw refuse(`invalid IP ${JSON.stringify(wrong)}`)
  const families = new Set(addresses.map(isIP))
  if (families.size < addresses.length)
    throw refuse('must contain either a single IP or a dual-stack pair of IPs')
  if (addresses.length > 1 && addresses.some(isAny))
    throw refuse("dual-stack node IP cannot include '0.0.0.0' or '::'")
  return addresses.join()
}

const isAny = (address: string) => address === '0.0.0.0' || address === '::'
