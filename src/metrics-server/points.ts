/** What was measured at one moment, as a kubelet tells it at `/metrics/resource`. */

export interface Point {
  /** Processor time since some beginning, in nanoseconds. */
  readonly cpu: number
  /** Working set in bytes. */
  readonly memory: number
  /** Of swap, in bytes; undefined where nobody tells. */
  readonly swap: number | undefined
  readonly timeMs: number
}

export interface ContainerPoint extends Point {
  readonly name: string
  /** 0 where nobody tells. */
  readonly startMs: number
}

export interface NodePoints {
  /** Undefined where the kubelet could not tell all of it. */
  readonly node: Point | undefined
  /** By `namespace/name` of a pod, all its containers; those of which not all is known are left out. */
  readonly pods: ReadonlyMap<string, readonly ContainerPoint[]>
}

interface Draft {
  cpu: number
  memory: number
  swap: number | undefined
  timeMs: number
  startMs: number
}

const SAMPLE =
  /^(node|container)_(cpu_usage_seconds_total|memory_working_set_bytes|swap_usage_bytes|start_time_seconds)(?:\{([^}]*)\})? +(\S+)(?: +(-?\d+))?\s*$/

/** Samples without a time of their own were taken now. */
export function pointsIn(text: string, nowMs: number): NodePoints {
  const node = draft()
  const pods = new Map<string, Map<string, Draft>>()
  for (const line of lines(text)) {
    // Most of the other lines are comments and figures of pods.
    if (!line.startsWith('container_') && !line.startsWith('node_')) continue
    const [, of, name = '', labels = '', value = '', time] = SAMPLE.exec(line) ?? []
    if (of === undefined) continue
    const target = of === 'node' ? node : containerAt(pods, labels)
    if (target) take(target, name, Number(value), time === undefined ? nowMs : Number(time))
  }
  const complete = [...pods].flatMap(([key, containers]) => {
    const points = [...containers].map(([name, each]) => ({ name, ...each }))
    return points.every(isComplete) ? [[key, points] as const] : []
  })
  const { startMs: _, ...point } = node
  return { node: isComplete(node) ? point : undefined, pods: new Map(complete) }
}

const draft = (): Draft => ({ cpu: 0, memory: 0, swap: undefined, timeMs: 0, startMs: 0 })

/** A figure of nothing was not measured yet: whatever runs has used something. */
const isComplete = ({ cpu, memory, timeMs }: Draft) => cpu > 0 && memory > 0 && timeMs > 0

function* lines(text: string): Generator<string, void, undefined> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from)
    const to = end < 0 ? text.length : end
    yield text.slice(from, to)
    from = to + 1
  }
}

/** What 64 bits can count, and the last moment of four digits: beyond is no measure, and could not be told. */
const MOST = 2 ** 63
const LATEST_MS = Date.UTC(9999, 11, 31)

/** Whoever has a node's certificate may say anything: what cannot be so counts as not said, or no other node could be told of either. */
function take(target: Draft, name: string, value: number, timeMs: number): void {
  if (!(value >= 0 && value <= MOST && timeMs <= LATEST_MS)) return
  switch (name) {
    case 'cpu_usage_seconds_total':
      if (value * 1e9 > MOST) return
      target.cpu = Math.round(value * 1e9)
      target.timeMs = timeMs
      return
    case 'memory_working_set_bytes':
      target.memory = value
      target.timeMs = timeMs
      return
    case 'swap_usage_bytes':
      target.swap = value
      return
    case 'start_time_seconds':
      target.startMs = value * 1000
  }
}

function containerAt(pods: Map<string, Map<string, Draft>>, labels: string): Draft | undefined {
  const container = label(labels, 'container')
  const pod = label(labels, 'pod')
  if (!container || !pod) return undefined
  const key = `${label(labels, 'namespace')}/${pod}`
  let containers = pods.get(key)
  if (!containers) {
    containers = new Map()
    pods.set(key, containers)
  }
  let found = containers.get(container)
  if (!found) {
    found = draft()
    containers.set(container, found)
  }
  return found
}

/** Names of objects have nothing in them that would be escaped. */
function label(labels: string, name: string): string {
  const opening = `${name}="`
  for (let at = labels.indexOf(opening); at >= 0; at = labels.indexOf(opening, at + 1)) {
    // `pod="` must not be found in another label that ends so.
    if (at > 0 && labels[at - 1] !== ',' && labels[at - 1] !== ' ') continue
    const from = at + opening.length
    return labels.slice(from, labels.indexOf('"', from))
  }
  return ''
}
