/**
 * When this machine shuts down, as systemd's logind tells on the system bus, and how that waits for us. Its lock is the descriptor of a file, which Node
 * can't take from a socket: `systemd-inhibit` holds it, for as long as the pipe is open by which it is started. So the kernel lets go of it
 * with us, however we end (docs/adr/0026).
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { type Bus, connectBus, systemBusAddress } from '../dbus/bus.ts'
import type { BusMessage, BusValue } from '../dbus/message.ts'

const MANAGER = 'org.freedesktop.login1.Manager'
const LOGIND = { destination: 'org.freedesktop.login1', path: '/org/freedesktop/login1' }
const PROPERTIES = 'org.freedesktop.DBus.Properties'
/** The bus itself, in whose name nobody else can send. */
const BUS = 'org.freedesktop.DBus'
const SIGNAL = 'PrepareForShutdown'
const OWNER_CHANGED = 'NameOwnerChanged'
const HANGUP = 1
const MICROSECONDS = 1000n
const LOCK_TIMEOUT_MS = 10_000
const RELEASE_TIMEOUT_MS = 2_000

/** As upstream's kubelet, by which administrators know it in `systemd-inhibit --list`. */
const LOCK = [
  ...['--what=shutdown', '--who=kubelet', '--mode=delay'],
  '--why=Kubelet needs time to handle node shutdown',
]
const DROP_IN_DIRECTORY = '/etc/systemd/logind.conf.d'
const DROP_IN = '99-kubelet.conf'

export interface ShutdownPlaces {
  readonly busAddress: string
  /** Where files beside logind's own are. */
  readonly dropInDirectory: string
}

export interface ShutdownListener {
  changed(isShuttingDown: boolean): void
  lost(why: string): void
}

export function machineShutdowns({
  busAddress = systemBusAddress(),
  dropInDirectory = DROP_IN_DIRECTORY,
}: Partial<ShutdownPlaces> = {}) {
  return {
    /** Rejects where nobody tells. What is lost has to be opened anew. */
    async open(listener: ShutdownListener) {
      // Whoever is on the bus can send what looks the same: only logind is believed, under whatever address it has there by now.
      let logind: BusValue | undefined
      const bus = await connectBus(busAddress, {
        heard: message => {
          if (isOwnerChange(message)) logind = message.body[2]
          else if (isShutdown(message) && message.sender === logind)
            listener.changed(message.body[0] === true)
        },
        lost: listener.lost,
      })
      try {
        const { destination, path } = LOGIND
        await bus.match(
          `type='signal',sender='${BUS}',interface='${BUS}',member='${OWNER_CHANGED}',arg0='${destination}'`,
        )
        await bus.match(
          `type='signal',sender='${destination}',interface='${MANAGER}',member='${SIGNAL}',path='${path}'`,
        )
        // Who answers this is there.
        await delayOf(bus)
        logind = await ownerOf(bus, destination)
      } catch (error) {
        bus.close()
        throw error
      }
      return {
        /** For how long logind waits for locks, in milliseconds. */
        maximumDelayMs: () => delayOf(bus),
        /** Whether one is on its way now, for who may have missed that it was told. */
        async isShuttingDown(): Promise<boolean> {
          return (await propertyOf(bus, 'PreparingForShutdown')) === true
        },
        /** Makes logind wait as long; it does so a moment later. */
        async raiseMaximumDelay(delayMs: number): Promise<void> {
          await mkdir(dropInDirectory, { recursive: true })
          const seconds = Math.ceil(delayMs / 1000)
          const text = `# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=${seconds}\n`
          await writeFile(`${dropInDirectory}/${DROP_IN}`, text, { mode: 0o644 })
          await bus.call({
            destination: 'org.freedesktop.systemd1',
            path: '/org/freedesktop/systemd1',
            interface: 'org.freedesktop.systemd1.Manager',
            member: 'KillUnit',
            signature: 'ssi',
            body: ['systemd-logind.service', 'all', HANGUP],
          })
        },
        /** Resolves when the lock is held; what is given lets go of it. */
        holdLock: () => holdLock(busAddress, listener.lost),
        close: () => bus.close(),
      }
    },
  }
}

const isShutdown = (message: BusMessage) =>
  message.interface === MANAGER && message.member === SIGNAL && message.path === LOGIND.path

const isOwnerChange = ({ sender, interface: from, member, body: [name] }: BusMessage) =>
  sender === BUS && from === BUS && member === OWNER_CHANGED && name === LOGIND.destination

async function ownerOf(bus: Bus, name: string): Promise<BusValue | undefined> {
  const member = 'GetNameOwner'
  const call = { destination: BUS, path: '/org/freedesktop/DBus', interface: BUS, member }
  const [owner] = await bus.call({ ...call, signature: 's', body: [name] })
  return owner
}

async function propertyOf(bus: Bus, name: string): Promise<BusValue | undefined> {
  const body = [MANAGER, name]
  const call = { ...LOGIND, interface: PROPERTIES, member: 'Get', signature: 'ss', body }
  const [value] = await bus.call(call)
  return value
}

async function delayOf(bus: Bus): Promise<number> {
  const delay = await propertyOf(bus, 'InhibitDelayMaxUSec')
  if (typeof delay !== 'bigint') throw new Error('logind does not tell how long it waits')
  return Number(delay / MICROSECONDS)
}

async function holdLock(
  busAddress: string,
  lost: (why: string) => void,
): Promise<() => Promise<void>> {
  // Not in our group: Ctrl-C in our terminal is not for it.
  const child = spawn('systemd-inhibit', [...LOCK, 'cat'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: busAddress },
  })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  // What is written to one that has ended is nobody's.
  child.stdin.on('error', () => {})
  await echoed(child)
  let isReleased = false
  void ended.then(() => isReleased || lost('the lock was lost'))
  return async () => {
    isReleased = true
    child.stdin.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), RELEASE_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
  }
}

/** It runs its program when it has the lock: what comes back through that tells that. */
function echoed(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = ''
    const failed = (why: string) => {
      clearTimeout(timer)
      child.stdin.end()
      reject(new Error(`failed creating systemd inhibitor: ${why}`))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      failed('it was not given in time')
    }, LOCK_TIMEOUT_MS)
    child.once('error', error => failed(error.message))
    child.once('close', code => failed(complaint.trim().slice(0, 500) || `it ended with ${code}`))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (complaint.length < 2000) complaint += text
    })
    child.stdout.once('data', () => {
      clearTimeout(timer)
      resolve()
    })
    child.stdin.write('\n')
  })
}
