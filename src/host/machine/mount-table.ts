/** What is mounted where, from /proc/self/mountinfo. */
import { readFile } from 'node:fs/promises'

/** The paths of all mounts that this process sees. */
export async function mountPoints(): Promise<readonly string[]> {
  return parseMountPoints(await readFile('/proc/self/mountinfo', 'utf8'))
}

/** The fifth field of each line, in which blanks and backslashes are written in octal. */
export function parseMountPoints(text: string): readonly string[] {
  return text
    .split('\n')
    .map(line => line.split(' ')[4])
    .filter(path => path !== undefined)
    .map(path =>
      path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
}
