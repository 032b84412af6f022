/** Events as lines of a file, or wherever a writer of lines puts them. */
import { type AuditEvent, eventJson, legacyLine } from './event.ts'
import type { Delivery } from './sinks.ts'

export const FORMATS = ['legacy', 'json'] as const
export type LogFormat = (typeof FORMATS)[number]

export interface LineWriter {
  /** The pieces of whole lines, each with its end, which are kept together. Rejects where they are not kept. */
  write(pieces: readonly Uint8Array[]): Promise<void>
  close(): Promise<void>
}

const encoder = new TextEncoder()
const LINE_END = encoder.encode('\n')

export function logDelivery(writer: LineWriter, format: LogFormat): Delivery {
  const lineOf = (event: AuditEvent) =>
    format === 'json' ? [...eventJson(event), LINE_END] : [encoder.encode(`${legacyLine(event)}\n`)]
  return {
    plugin: 'log',
    deliver: events => writer.write(events.flatMap(lineOf)),
    close: () => writer.close(),
  }
}
