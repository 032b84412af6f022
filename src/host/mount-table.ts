/** What is mounted where, and taking it away. */
import { readFile, realpath } from 'node:fs/promises'
import { command } from './command.ts'

/**
 * The mount points at and below a directory, deepest first. Where a link leads to it, as from a small disk to a large one, they are told as they
 * are reached by the path that was given. None on systems other than Linux, where Proa mounts nothing.
 */
export async function mountsUnder(path: string): Promise<string[]> {
  if (process.platform !== 'linux') return []
  const [table, directory] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    // The kernel's table knows no links.
    realpath(path).catch(() => path),
  ])
  return table
    .split('\n')
    .map(line => unescaped(line.split(' ')[4] ?? ''))
    .filter(point => point === directory || point.startsWith(`${directory}/`))
    .map(point => path + point.slice(directory.length))
    .reverse()
    .sort((a, b) => b.length - a.length)
}

/** Detaches every mount at and below a directory, also those that something still uses. */
export async function unmountUnder(directory: string): Promise<void> {
  for (const point of await mountsUnder(directory)) await command('umount', ['-l', point])
}

/** The kernel writes blanks and the like as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
