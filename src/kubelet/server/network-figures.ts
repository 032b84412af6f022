/** What went over the network interfaces of a process's network, as the kernel tells it in /proc. Pure. */

export interface InterfaceFigures {
  readonly name: string
  readonly received: Traffic
  readonly transmitted: Traffic
}

export interface Traffic {
  readonly bytes: number
  readonly packets: number
  readonly errors: number
  readonly dropped: number
}

/** All but the one that leads back to itself. */
export function interfacesIn(text: string): readonly InterfaceFigures[] {
  return text.split('\n').flatMap(line => {
    const [, name, rest = ''] = /^ *([^:| ]+): *(.*)$/.exec(line) ?? []
    if (name === undefined || name === 'lo') return []
    const numbers = rest.trim().split(/ +/).map(Number)
    return [{ name, received: trafficAt(numbers, 0), transmitted: trafficAt(numbers, 8) }]
  })
}

const trafficAt = (numbers: readonly number[], at: number): Traffic => ({
  bytes: numbers[at] ?? 0,
  packets: numbers[at + 1] ?? 0,
  errors: numbers[at + 2] ?? 0,
  dropped: numbers[at + 3] ?? 0,
})
