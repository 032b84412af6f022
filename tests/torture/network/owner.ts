/** Whose end of a loopback connection a port is. Members of etcd call each other from ports that say nothing of them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The one of `processes` (by name, with their ids) that holds a connection from `port`, or ''. Linux alone. */
export function ownerOf(port: number, processes: ReadonlyMap<string, number>): string {
  const socket = `socket:[${inodeOf(port)}]`
  for (const [name, id] of processes) if (holds(id, socket)) return name
  return ''
}

function inodeOf(port: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (fields[1]?.endsWith(`:${hex}`)) return fields[9] ?? ''
  }
  return ''
}

function holds(id: number, socket: string): boolean {
  try {
    return readdirSync(`/proc/${id}/fd`).some(file => {
      try {
        return readlinkSync(`/proc/${id}/fd/${file}`) === socket
      } catch {
        return false // Closed meanwhile.
      }
    })
  } catch {
    return false // Gone.
  }
}
