/** What is mounted where, and taking it away. */
import { readFile } from 'node:fs/promises'
import { command } from './command.ts'

/** The mount points at and below a directory, deepest first. */
export async function mountsUnder(directory: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .map(line => unescaped(line.split(' ')[4] ?? ''))
    .filter(point => point === directory || point.startsWith(`${directory}/`))
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
