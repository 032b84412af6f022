/** What must be on the machine for real containers, and which Debian packages bring it. */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { messageOf, UserError } from '#base/errors.ts'
import { CommandError, command } from '#host/command.ts'

interface Requirement {
  readonly package: string
  readonly binaries: readonly string[]
  /** Where they may be; by default wherever programs are. */
  readonly directories?: readonly string[]
  /** A node does without it, only less well: installed with the others, but no reason not to start. */
  readonly isOptional?: true
}

export const cniDirectories = ['/usr/lib/cni', '/opt/cni/bin']
const programDirectories = [
  ...(process.env.PATH ?? '').split(':'),
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
]

const requirements: readonly Requirement[] = [
  { package: 'containerd', binaries: ['containerd', 'containerd-shim-runc-v2', 'ctr'] },
  { package: 'runc', binaries: ['runc'] },
  {
    package: 'containernetworking-plugins',
    binaries: ['bridge', 'host-local', 'loopback'],
    directories: cniDirectories,
  },
  { package: 'nftables', binaries: ['nft'] },
  { package: 'iproute2', binaries: ['ip'] },
  { package: 'conntrack', binaries: ['conntrack'], isOptional: true },
]

/** Packages come from a mirror that may be slow, over a line that may be slow. */
const installTimeoutMs = 10 * 60_000
const aptOptions = ['-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=120', '-q']

export interface MissingPackages {
  readonly binaries: readonly string[]
  /** Debian's names, as `apt-get install` takes them. */
  readonly packages: readonly string[]
}

/** Where a program is, or undefined. */
export function findProgram(
  name: string,
  directories: readonly string[] = programDirectories,
): string | undefined {
  return directories
    .filter(directory => directory !== '')
    .map(directory => join(directory, name))
    .find(isExecutable)
}

/** Undefined where everything is there. What a node can do without counts only among `'all'`. */
export function missingPackages(which: 'needed' | 'all' = 'needed'): MissingPackages | undefined {
  const missing = requirements
    .filter(({ isOptional }) => which === 'all' || !isOptional)
    .map(({ package: name, binaries, directories }) => ({
      name,
      binaries: binaries.filter(binary => !findProgram(binary, directories)),
    }))
    .filter(({ binaries }) => binaries.length > 0)
  if (missing.length === 0) return undefined
  return {
    binaries: missing.flatMap(({ binaries }) => binaries),
    packages: missing.map(({ name }) => name),
  }
}

/** One sentence for the person who may install them. */
export function missingSentence({ packages }: MissingPackages): string {
  const list = packages.join(' ')
  return `real containers need ${packages.join(', ')}: run "apt-get install -y ${list}", or start with --install`
}

/** Installs packages of a Debian system, asking nothing. Throws a UserError that says what to do where it can't. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const byHand = `run "apt-get install -y ${packages.join(' ')}" and start again`
  const apt = findProgram('apt-get')
  if (!apt) throw new UserError(`there is no apt-get here: install ${packages.join(', ')} yourself`)
  if (process.getuid?.() !== 0)
    throw new UserError(`only root may install packages: as root, ${byHand}`)
  const options = {
    timeoutMs: installTimeoutMs,
    env: { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l', LC_ALL: 'C' },
  }
  try {
    await command(apt, [...aptOptions, 'update'], options)
    const install = ['install', '-y', '--no-install-recommends', ...packages]
    await command(apt, [...aptOptions, ...install], options)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new UserError(
      `${packages.join(', ')} could not be installed (${messageOf(error)}): ${byHand}`,
    )
  }
  const missing = missingPackages()
  if (missing)
    throw new UserError(
      `after installing ${packages.join(', ')} there is still no ${missing.binaries.join(', ')}`,
    )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
