import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { inThisProcess, type Measure, type Measured } from './common.ts'
import { Raw } from './raw.ts'

/** SQLite alone in a process of its own, which leaves no garbage where the store works, and finds none. */
export async function startRaw(
  file: string,
  rows: number,
  isLikewise: boolean,
): Promise<{ measure: Measure; close(): Promise<void> }> {
  const words = [file, String(rows), isLikewise ? 'likewise' : 'raw']
  const child = fork(fileURLToPath(import.meta.url), words)
  await answer(child)
  return {
    async measure(ms) {
      child.send(ms)
      return answer(child)
    },
    async close() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

function answer(child: ChildProcess): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('the process that measures SQLite alone ended'))
    child.once('exit', onExit)
    child.once('message', (measured: Measured) => {
      child.off('exit', onExit)
      resolve(measured)
    })
  })
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file = '', rows, how] = process.argv.slice(2)
  const raw = new Raw(file, Number(rows), how === 'likewise')
  const measure = inThisProcess(ms => raw.measure(ms))
  process.on('message', async ms => process.send?.(await measure(Number(ms))))
  process.send('ready')
}
