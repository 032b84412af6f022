/** What this machine is: for the Node object that describes it. Read once at start. */
import { readFileSync, statfsSync } from 'node:fs'
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'

/** Go's words for processors, which are the API's. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
}

const MILLIS_PER_CPU = 1000
const KIBIBYTE = 1024

export function readMachineFacts(storageDirectory: string) {
  return {
    hostname: hostname().toLowerCase(),
    cpuMillis: availableParallelism() * MILLIS_PER_CPU,
    memoryBytes: totalmem(),
    ephemeralStorageBytes: sizeOfFileSystem(storageDirectory),
    machineId: firstLine('/etc/machine-id'),
    systemUuid: firstLine('/sys/class/dmi/id/product_uuid') || firstLine('/etc/machine-id'),
    swapBytes: swapBytes(),
    bootId: firstLine('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: osImage(),
    operatingSystem: 'linux',
    architecture: ARCHITECTURES[arch()] ?? arch(),
  }
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0]?.trim() ?? ''
  } catch {
    return ''
  }
}

function swapBytes(): number {
  try {
    const text = readFileSync('/proc/meminfo', 'utf8')
    return Number(/^SwapTotal: +(\d+) kB$/m.exec(text)?.[1] ?? 0) * KIBIBYTE
  } catch {
    return 0
  }
}

function osImage(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8')
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux'
  } catch {
    return 'Linux'
  }
}

function sizeOfFileSystem(directory: string): number {
  for (let path = resolve(directory); ; path = dirname(path))
    try {
      const { blocks, bsize } = statfsSync(path)
      return blocks * bsize
    } catch {
      if (path === dirname(path)) return 0
    }
}
