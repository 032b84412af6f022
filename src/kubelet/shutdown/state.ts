/** When the last shutdown began and when all pods had ended, over restarts: upstream's file, in its form. */
import type { KubeletContext } from '../options.ts'

export interface ShutdownState {
  /** Milliseconds since the epoch; undefined for never. */
  readonly startMs: number | undefined
  readonly endMs: number | undefined
}

const FILE = 'graceful_node_shutdown_state'
const MAXIMUM_BYTES = 4096
/** What upstream writes where there is no time. */
const NEVER = '0001-01-01T00:00:00Z'

const pathOf = ({ options }: KubeletContext) => `${options.rootDirectory}/${FILE}`

/** What can't be read never was. */
export async function readState(context: KubeletContext): Promise<ShutdownState> {
  try {
    const bytes = await context.options.hostAccess.files.read(pathOf(context), MAXIMUM_BYTES)
    const { startTime, endTime } = JSON.parse(new TextDecoder().decode(bytes))
    return { startMs: timeIn(startTime), endMs: timeIn(endTime) }
  } catch {
    return { startMs: undefined, endMs: undefined }
  }
}

export async function writeState(
  context: KubeletContext,
  { startMs, endMs }: ShutdownState,
): Promise<void> {
  const text = JSON.stringify({ startTime: textOf(startMs), endTime: textOf(endMs) })
  await context.options.hostAccess.files.write(pathOf(context), Buffer.from(text), { mode: 0o644 })
}

const textOf = (ms: number | undefined) => (ms === undefined ? NEVER : new Date(ms).toISOString())

function timeIn(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return ms > 0 ? ms : undefined
}
