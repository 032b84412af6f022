/** A cluster in a process of its own, so that what is measured of it is not the tests' own work. Talks to `target.ts` by messages. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startCluster } from '#index'
import { cpuMs } from '../../src/base/testing/cpu-time.ts'
import { collectedLog } from '../../src/client/testing/serving.ts'

/** Finer would measure the measuring. */
const RESOLUTION_MS = 5
const log = collectedLog()
/** Garbage would be counted as growth. */
const collect = () => (globalThis as { gc?: () => void }).gc?.()

const [directory = '', nodes = '1'] = process.argv.slice(2)
const cluster = await startCluster({
  ...(directory ? { dataDirectory: directory } : {}),
  nodes: nodes === '0' ? { kind: 'none' } : { kind: 'hollow', count: Number(nodes) },
  listen: { port: 0 },
  log,
})
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
delay.enable()
let cpuBeforeMs = cpuMs()

process.on('message', async (message: 'reset' | 'report' | 'stop') => {
  if (message === 'reset') {
    collect()
    delay.reset()
    cpuBeforeMs = cpuMs()
    process.send?.({ kind: 'reset' })
  } else if (message === 'report') {
    // A turn of the event loop that took long without computing waited for the machine, which does other things, too.
    const longestStallMs = Math.min(
      Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
      cpuMs() - cpuBeforeMs,
    )
    collect()
    process.send?.({
      kind: 'report',
      longestStallMs,
      residentBytes: process.memoryUsage.rss(),
      // Whoever merged data carelessly would have given every object new properties.
      prototypeKeys: [...Reflect.ownKeys({}), ...addedTo(Object.prototype)].map(String),
      errors: log.lines.splice(0),
    })
  } else {
    await cluster.stop()
    process.disconnect?.()
  }
})
process.send?.({ kind: 'ready', url: cluster.url, kubeconfig: cluster.kubeconfig })

function addedTo(prototype: object): PropertyKey[] {
  const own = [
    ...['constructor', '__defineGetter__', '__defineSetter__', 'hasOwnProperty', '__proto__'],
    ...['__lookupGetter__', '__lookupSetter__', 'isPrototypeOf', 'propertyIsEnumerable'],
    ...['toString', 'valueOf', 'toLocaleString'],
  ]
  return Reflect.ownKeys(prototype).filter(key => !own.includes(String(key)))
}
