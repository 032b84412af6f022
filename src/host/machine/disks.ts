/** File systems and devices, through mount(8), blkid(8) and mkfs(8): Node has no such calls of its own. */
import { execFile } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { realpath } from 'node:fs/promises'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import { messageOf } from '#base/errors.ts'
import { tryCommand } from '../command.ts'
import { findProgram } from '../programs.ts'

const run = promisify(execFile)
/** blkid: neither a file system nor a table of partitions was found. */
const NOTHING_FOUND = 2
/** A server that is not there keeps mount(8) waiting for minutes. */
const NFS_TIMEOUT_MS = 60_000
/** A disk may have much to repair first; no timer takes longer. */
const LONGEST_MS = 2 ** 31 - 1

export interface Mount {
  readonly source: string
  readonly target: string
  readonly type: string
  readonly options: readonly string[]
}
export interface NfsMount {
  readonly server: string
  readonly path: string
  readonly target: string
  readonly options: readonly string[]
}

const optionWords = (options: readonly string[]) =>
  options.length > 0 ? ['-o', options.join(',')] : []

export const machineDisks = {
  async mount({ source, target, type, options }: Mount): Promise<void> {
    await mount(['-t', type, ...optionWords(options)], [source, target])
  },

  async mountNfs({ server, path, target, options }: NfsMount): Promise<void> {
    const source = `${isIP(server) === 6 ? `[${server}]` : server}:${path}`
    if (findProgram('mount.nfs', `${process.env.PATH ?? ''}:/sbin:/usr/sbin`))
      return mount(['-t', 'nfs', ...optionWords(options)], [source, target], NFS_TIMEOUT_MS)
    // The kernel alone takes no names, and no version that it has to find out.
    const { address } = await lookup(server)
    const hasVersion = options.some(option => /^(nfs)?vers=/.test(option))
    const own = [...(hasVersion ? [] : ['vers=4.2']), `addr=${address}`]
    const words = optionWords([...options, ...own])
    await mount(['-i', '-t', 'nfs', ...words], [source, target], NFS_TIMEOUT_MS)
  },

  async fileSystemOn(device: string): Promise<string> {
    try {
      const { stdout } = await run('blkid', [
        '-p',
        '-s',
        'TYPE',
        '-s',
        'PTTYPE',
        '-o',
        'export',
        device,
      ])
      const found = /^(TYPE|PTTYPE)=(.*)$/m.exec(stdout)
      if (!found) return ''
      if (found[1] === 'PTTYPE') return `a ${found[2]} table of partitions`
      return found[2] ?? ''
    } catch (error) {
      if ((error as { code?: unknown }).code === NOTHING_FOUND) return ''
      throw new Error(`${device} can not be looked at: ${saidBy(error)}`)
    }
  },

  async format(device: string, type: string): Promise<void> {
    // As upstream: no room is set aside for root, and tables are made now, not behind the pod's back.
    const ext = ['-F', '-m0']
    const words = type.startsWith('ext') ? ext : type === 'xfs' ? ['-f'] : []
    try {
      await run(`mkfs.${type}`, [...words, device])
    } catch (error) {
      throw new Error(`${device} can not be formatted as ${type}: ${saidBy(error)}`)
    }
  },

  async realPath(path: string): Promise<string | undefined> {
    try {
      return await realpath(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },
}

/** Whoever wrote a volume's specification must not give options by it: source and target are none, whatever they begin with. */
async function mount(
  words: readonly string[],
  [source, target]: readonly [string, string],
  timeoutMs = LONGEST_MS,
): Promise<void> {
  const all = [...words, '--', source, target]
  const { exitCode, stderr } = await tryCommand('mount', all, { timeoutMs }).catch(error => ({
    exitCode: 1,
    stderr: messageOf(error),
  }))
  if (exitCode !== 0)
    throw new Error(
      `mount failed: ${stderr.trim()}\nMounting command: mount\nMounting arguments: ${[...words, source, target].join(' ')}`,
    )
}

function saidBy(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return stderr?.trim() || message
}
