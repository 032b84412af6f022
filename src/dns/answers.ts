/** Answers to questions, and the records that they are made of. */

export type DnsRecord =
  | {
      readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS'
      readonly name: string
      readonly ttl: number
      readonly data: string
    }
  | { readonly type: 'TXT'; readonly name: string; readonly ttl: number; readonly data: string[] }
  | {
      readonly type: 'SRV'
      readonly name: string
      readonly ttl: number
      readonly data: { priority: number; weight: number; port: number; target: string }
    }

export interface Answer {
  /** False is NXDOMAIN. */
  readonly exists: boolean
  readonly answers: readonly DnsRecord[]
  /** Addresses of SRV targets. */
  readonly additionals: readonly DnsRecord[]
}

/** Seconds for which resolvers may keep an answer; short, since endpoints come and go. */
export const TTL_SECONDS = 5

export const NOTHING: Answer = { exists: false, answers: [], additionals: [] }
export const EMPTY: Answer = { exists: true, answers: [], additionals: [] }

export interface Question {
  readonly name: string
  readonly type: string
}

/** An address with the ports behind it. */
export interface Target {
  /** The whole name that has this address. */
  readonly host: string
  readonly ip: string
  readonly ports: readonly TargetPort[]
}

export interface TargetPort {
  readonly name: string
  readonly protocol: string
  readonly port: number
}

export function found(record: DnsRecord): Answer {
  return { exists: true, answers: [record], additionals: [] }
}

export function addressRecord(name: string, ip: string): DnsRecord {
  return { type: ip.includes(':') ? 'AAAA' : 'A', name, ttl: TTL_SECONDS, data: ip }
}

export function addresses(targets: readonly Target[], { name, type }: Question): Answer {
  // Of thousands of endpoints on the way of every question: addresses are told apart before they are records.
  const ips = new Set(targets.map(({ ip }) => ip))
  const answers: DnsRecord[] = []
  for (const ip of ips) {
    const record = addressRecord(name, ip)
    if (record.type === type || type === 'ANY') answers.push(record)
  }
  return { exists: true, answers, additionals: [] }
}

/** Ports of the same number are the same record, whatever they are called. */
export function srvAnswer(targets: readonly Target[], { name }: Question): Answer {
  const answers = targets.flatMap(({ host, ports }) =>
    ports.map(({ port }): DnsRecord => {
      const data = { priority: 0, weight: 100, port, target: host }
      return { type: 'SRV', name, ttl: TTL_SECONDS, data }
    }),
  )
  const additionals = targets
    .filter(({ ports }) => ports.length > 0)
    .map(({ host, ip }) => addressRecord(host, ip))
  return { exists: true, answers: unique(answers), additionals: unique(additionals) }
}

/** `_http._tcp` before the name of a service; ports without a name have none. Undefined where the labels are of another form. */
export function portAnswer(
  targets: readonly Target[],
  labels: readonly string[],
  question: Question,
): Answer | undefined {
  const [port, protocol] = labels
  if (labels.length !== 2 || !port?.startsWith('_') || !protocol?.startsWith('_')) return undefined
  const wanted = targets
    .map(target => ({
      ...target,
      ports: target.ports.filter(
        ({ name, protocol: its }) =>
          name !== '' && `_${name}` === port && `_${its.toLowerCase()}` === protocol,
      ),
    }))
    .filter(target => target.ports.length > 0)
  if (wanted.length === 0) return NOTHING
  return question.type === 'SRV' ? srvAnswer(wanted, question) : EMPTY
}

export function hostnameOf(hostname: string | undefined, ip: string): string {
  return hostname || ip.replaceAll(/[.:]/g, '-')
}

/** No record is there twice (RFC 2181). */
function unique(records: readonly DnsRecord[]): DnsRecord[] {
  if (records.length < 2) return [...records]
  return [...new Map(records.map(record => [JSON.stringify(record), record])).values()]
}
