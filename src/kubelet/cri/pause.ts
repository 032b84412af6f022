/**
 * The pause image, made here so that no sandbox ever waits for a registry. A sandbox needs one process that holds its namespaces: it
 * sleeps until it is told to end, and as process 1 of a shared process namespace it must not let orphans pile up.
 *
 * The program, in C terms:
 *
 *   sigaction(SIGCHLD, {SIG_IGN});   // the kernel then reaps every child, adopted ones included
 *   sigaction(SIGTERM, {quit});      // process 1 ignores what it has no handler for
 *   sigaction(SIGINT, {quit});
 *   for (;;) pause();
 *   quit: exit_group(0);
 */
import { imageTarball } from './oci-image.ts'

export const pauseImage = 'proa.local/pause:1'

type Architecture = 'amd64' | 'arm64'

export function pauseTarball(name = pauseImage): Buffer {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  return imageTarball({
    name,
    architecture,
    entrypoint: ['/pause'],
    files: [
      { path: 'pause', kind: 'file', mode: 0o755, bytes: pauseProgram(architecture) },
      // Where the runtime mounts things into every container.
      ...['dev', 'etc', 'proc', 'sys'].map(path => ({
        path,
        kind: 'directory' as const,
        mode: 0o755,
      })),
    ],
  })
}

const signals = { int: 2, term: 15, child: 17 }
/** Where the file is mapped, whole and in one piece. */
const baseAddress = 0x400000n
const elfHeaderBytes = 64
const programHeaderBytes = 56
const codeOffset = elfHeaderBytes + programHeaderBytes
/** `struct sigaction` as the kernel has it: handler, flags, restorer, mask, eight bytes each. */
const sigactionBytes = 32
const ignoreSignal = 1n
/** x86-64 delivers no signal to a handler without a restorer; ours never returns, so any address will do. */
const flagRestorer = 0x04000000n

/** A static ELF executable: header, one program header, code, and the two `struct sigaction`s behind it. */
export function pauseProgram(architecture: Architecture): Buffer {
  const assemble = architecture === 'amd64' ? assembleX86 : assembleArm
  // Instructions have the same length wherever the data is, so a first pass tells where that is.
  const codeLength = assemble({ ignore: 0, quit: 0 }).code.length
  const ignore = codeOffset + codeLength
  const { code, quitAt } = assemble({ ignore, quit: ignore + sigactionBytes })
  const quitAddress = baseAddress + BigInt(codeOffset + quitAt)
  const body = Buffer.concat([
    code,
    quads(ignoreSignal, 0n, 0n, 0n),
    quads(quitAddress, flagRestorer, quitAddress, 0n),
  ])
  return Buffer.concat([headers(architecture, codeOffset + body.length), body])
}

function headers(architecture: Architecture, fileBytes: number): Buffer {
  const elf = Buffer.alloc(elfHeaderBytes)
  elf.write('\x7fELF', 0, 'latin1')
  elf.set([2, 1, 1], 4) // 64 bits, little endian, version 1
  elf.writeUInt16LE(2, 16) // executable
  elf.writeUInt16LE(architecture === 'amd64' ? 62 : 183, 18)
  elf.writeUInt32LE(1, 20)
  elf.writeBigUInt64LE(baseAddress + BigInt(codeOffset), 24) // entry
  elf.writeBigUInt64LE(BigInt(elfHeaderBytes), 32) // where the program header is
  elf.writeUInt16LE(elfHeaderBytes, 52)
  elf.writeUInt16LE(programHeaderBytes, 54)
  elf.writeUInt16LE(1, 56) // one program header
  const segment = Buffer.alloc(programHeaderBytes)
  segment.writeUInt32LE(1, 0) // to be loaded
  segment.writeUInt32LE(5, 4) // read and execute
  segment.writeBigUInt64LE(baseAddress, 16)
  segment.writeBigUInt64LE(baseAddress, 24)
  segment.writeBigUInt64LE(BigInt(fileBytes), 32)
  segment.writeBigUInt64LE(BigInt(fileBytes), 40)
  segment.writeBigUInt64LE(0x1000n, 48) // page alignment
  return Buffer.concat([elf, segment])
}

interface Data {
  /** Offsets in the file of the two structs. */
  readonly ignore: number
  readonly quit: number
}

interface Assembled {
  readonly code: Buffer
  /** Offset in the code of the handler. */
  readonly quitAt: number
}

function assembleX86(data: Data): Assembled {
  const code: number[] = []
  const int32 = (value: number) => [
    value & 0xff,
    (value >> 8) & 0xff,
    (value >> 16) & 0xff,
    (value >> 24) & 0xff,
  ]
  const syscall = [0x0f, 0x05]
  function sigaction(signal: number, struct: number): void {
    code.push(0xb8, ...int32(13)) // mov eax, rt_sigaction
    code.push(0xbf, ...int32(signal)) // mov edi, signal
    const next = codeOffset + code.length + 7
    code.push(0x48, 0x8d, 0x35, ...int32(struct - next)) // lea rsi, [rip + struct]
    code.push(0x31, 0xd2) // xor edx, edx
    code.push(0x41, 0xba, ...int32(8)) // mov r10d, 8: bytes of the mask
    code.push(...syscall)
  }
  sigaction(signals.child, data.ignore)
  sigaction(signals.term, data.quit)
  sigaction(signals.int, data.quit)
  code.push(0xb8, ...int32(34), ...syscall) // mov eax, pause
  code.push(0xeb, 0x100 - 9) // jmp back over both and itself
  const quitAt = code.length
  code.push(0xb8, ...int32(231)) // mov eax, exit_group
  code.push(0x31, 0xff) // xor edi, edi
  code.push(...syscall)
  return { code: Buffer.from(code), quitAt }
}

function assembleArm(data: Data): Assembled {
  const words: number[] = []
  const move = (register: number, value: number) => words.push(0xd2800000 | (value << 5) | register) // movz
  const supervisorCall = () => words.push(0xd4000001)
  function sigaction(signal: number, struct: number): void {
    move(8, 134) // rt_sigaction
    move(0, signal)
    const distance = struct - (codeOffset + words.length * 4)
    const low = (distance & 3) << 29
    words.push(0x10000000 | low | (((distance >> 2) & 0x7ffff) << 5) | 1) // adr x1, struct
    move(2, 0)
    move(3, 8)
    supervisorCall()
  }
  sigaction(signals.child, data.ignore)
  sigaction(signals.term, data.quit)
  sigaction(signals.int, data.quit)
  // arm64 has no pause(2): ppoll without descriptors or timeout waits as long.
  const loopAt = words.length
  move(8, 73)
  for (const register of [0, 1, 2, 3, 4]) move(register, 0)
  supervisorCall()
  words.push(0x14000000 | ((loopAt - words.length) & 0x3ffffff)) // b loop
  const quitAt = words.length * 4
  move(8, 94) // exit_group
  move(0, 0)
  supervisorCall()
  const code = Buffer.alloc(words.length * 4)
  words.forEach((word, index) => {
    code.writeUInt32LE(word >>> 0, index * 4)
  })
  return { code, quitAt }
}

function quads(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, index) => {
    bytes.writeBigUInt64LE(value, index * 8)
  })
  return bytes
}
