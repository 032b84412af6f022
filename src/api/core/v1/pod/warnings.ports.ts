/** Ports that containers of one pod share, which is allowed since they need not listen on them, but hardly meant. */
import type { Container, ContainerPort } from './schema.container.ts'
import type { PodSpec } from './schema.ts'

interface Defined {
  readonly field: string
  readonly port: ContainerPort
}

/** All containers of a pod, each with its path, in the order in which they are looked at. */
export function containersOf(
  path: string,
  spec: PodSpec,
): readonly (readonly [string, Container])[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = spec
  const lists = { initContainers, containers, ephemeralContainers }
  return Object.entries(lists).flatMap(([list, all]) =>
    all.map((container, index) => [`${path}.${list}[${index}]`, container as Container] as const),
  )
}

export function portWarnings(path: string, spec: PodSpec): string[] {
  const ports = containersOf(path, spec).flatMap(([at, container]) =>
    (container.ports ?? []).map((port, index) => ({ field: `${at}.ports[${index}]`, port })),
  )
  if (ports.length === 0) return []
  return [...sharedPorts(ports), ...sharedNames(ports)]
}

/** Each is compared with those before it; of so many that this would take long, only the first are. */
const MOST_COMPARISONS = 10_000

function sharedPorts(ports: readonly Defined[]): string[] {
  const warnings: string[] = []
  let compared = 0
  const before = new Map<string, Defined[]>()
  for (const defined of ports) {
    const { field, port } = defined
    if (port.hostIP && !port.hostPort)
      warnings.push(`${field}: hostIP set without hostPort: ${inBraces(port)}`)
    const key = `${port.containerPort}/${port.protocol}`
    const others = before.get(key) ?? []
    before.set(key, others)
    for (const other of others) {
      if (++compared > MOST_COMPARISONS) break
      const what = conflictOf(port, other.port)
      if (what) warnings.push(`${field}: ${what} port definition with ${other.field}`)
    }
    others.push(defined)
  }
  return warnings
}

function conflictOf(one: ContainerPort, other: ContainerPort): string | undefined {
  const [address, otherAddress] = [one.hostIP ?? '', other.hostIP ?? '']
  const [port, otherPort] = [one.hostPort ?? 0, other.hostPort ?? 0]
  if (address === otherAddress && port === otherPort) return 'duplicate'
  if (port === 0 || otherPort === 0) return 'overlapping'
  const isAnyAddress = (address === '') !== (otherAddress === '')
  return port === otherPort && isAnyAddress ? 'dangerously ambiguous' : undefined
}

/** The first one of a name is found by whoever looks for the name. */
function sharedNames(ports: readonly Defined[]): string[] {
  const first = new Map<string, string>()
  return ports.flatMap(({ field, port: { name = '' } }) => {
    if (name === '') return []
    const earlier = first.get(name)
    if (earlier === undefined) {
      first.set(name, field)
      return []
    }
    return [
      `${field}: duplicate port name ${JSON.stringify(name)} with ${earlier}, services and probes that select ports by name will use ${earlier}`,
    ]
  })
}

/** The port as upstream prints it. */
const inBraces = ({ name = '', hostPort = 0, containerPort, protocol, hostIP }: ContainerPort) =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`
