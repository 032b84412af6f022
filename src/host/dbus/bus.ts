/** A connection to a bus of D-Bus: calls, and signals that were asked for. Descriptors of files, which Node can't take from a socket, are never asked for. */
import { connect, type Socket } from 'node:net'
import { messageOf } from '#base/errors.ts'
import {
  type BusCall,
  type BusMessage,
  type BusValue,
  encodeCall,
  MessageReader,
} from './message.ts'

const SYSTEM_BUS = 'unix:path=/var/run/dbus/system_bus_socket'
const TIMEOUT_MS = 10_000
/** Calls that nobody has answered yet. */
const MAXIMUM_WAITING = 64
const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
}

export interface Bus {
  /** Rejects with what the other side says, or after ten seconds. */
  call(call: BusCall): Promise<readonly BusValue[]>
  /** Asks for signals by a rule such as `type='signal',member='PrepareForShutdown'`; they come to `heard`. */
  match(rule: string): Promise<void>
  close(): void
}

export interface BusListener {
  heard(message: BusMessage): void
  /** The connection ended, and not by `close`. */
  lost(why: string): void
}

export const systemBusAddress = (): string => process.env.DBUS_SYSTEM_BUS_ADDRESS || SYSTEM_BUS

/** The path of a socket out of an address such as `unix:path=/run/bus,guid=…;tcp:…`; the first that is one. A name in no directory begins with a zero byte. */
export function socketOf(address: string): string {
  for (const each of address.split(';')) {
    const [, words] = /^unix:(.*)$/.exec(each) ?? []
    for (const word of words?.split(',') ?? []) {
      const [, key, value = ''] = /^(path|abstract)=(.*)$/.exec(word) ?? []
      const path = value.replace(/%([0-9a-f]{2})/gi, (_, hex) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
      if (key) return key === 'path' ? path : `\0${path}`
    }
  }
  throw new Error(`the address of the bus names no socket: ${address}`)
}

/** Rejects where there is no bus, or it does not let us in. */
export async function connectBus(address: string, listener: BusListener): Promise<Bus> {
  const connection = new Connection(connect({ path: socketOf(address) }), listener)
  try {
    await connection.begin()
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

interface Waiting {
  resolve(body: readonly BusValue[]): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

class Connection implements Bus {
  readonly #socket: Socket
  readonly #listener: BusListener
  readonly #reader = new MessageReader()
  readonly #waiting = new Map<number, Waiting>()
  /** Lines of the greeting, until the first message. */
  #greeting: ((text: string) => void) | undefined
  #serial = 0
  #isOpen = false
  #end: string | undefined

  constructor(socket: Socket, listener: BusListener) {
    this.#socket = socket
    this.#listener = listener
    socket.on('error', error => this.#ended(error.message))
    socket.on('close', () => this.#ended('the bus hung up'))
    socket.on('data', bytes => this.#took(bytes as Buffer))
  }

  async begin(): Promise<void> {
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex')
    const answer = await this.#line(`\0AUTH EXTERNAL ${user}\r\n`)
    if (!answer.startsWith('OK')) throw new Error(`the bus does not let us in: ${answer.trim()}`)
    this.#greeting = undefined
    this.#socket.write('BEGIN\r\n')
    await this.call({ ...BUS, member: 'Hello' })
    this.#isOpen = true
  }

  async match(rule: string): Promise<void> {
    await this.call({ ...BUS, member: 'AddMatch', signature: 's', body: [rule] })
  }

  call(call: BusCall): Promise<readonly BusValue[]> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(new Error(this.#end))
      if (this.#waiting.size >= MAXIMUM_WAITING)
        return reject(new Error(`${this.#waiting.size} calls wait for an answer already`))
      const serial = ++this.#serial
      const timer = setTimeout(
        () => this.#answer(serial, new Error(`${call.member} was not answered in time`)),
        TIMEOUT_MS,
      )
      this.#waiting.set(serial, { resolve, reject, timer })
      this.#socket.write(encodeCall(serial, call))
    })
  }

  close(): void {
    this.#end ??= 'the connection was closed'
    this.#socket.destroy()
    for (const serial of [...this.#waiting.keys()]) this.#answer(serial, new Error(this.#end))
  }

  #line(words: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = ''
      const timer = setTimeout(() => reject(new Error('the bus does not answer')), TIMEOUT_MS)
      const done = (work: () => void) => {
        clearTimeout(timer)
        work()
      }
      this.#greeting = more => {
        text += more
        if (text.includes('\r\n')) done(() => resolve(text))
      }
      this.#socket.once('close', () => done(() => reject(new Error(this.#end))))
      this.#socket.write(words)
    })
  }

  #took(bytes: Buffer): void {
    if (this.#greeting) {
      this.#greeting(bytes.toString('latin1'))
      return
    }
    try {
      for (const message of this.#reader.take(bytes)) this.#heard(message)
    } catch (error) {
      this.#socket.destroy(error as Error)
    }
  }

  #heard(message: BusMessage): void {
    const { type, replyTo, body, errorName } = message
    if (type === 'signal') this.#listener.heard(message)
    if (replyTo === undefined) return
    if (type === 'return') this.#answer(replyTo, body)
    if (type === 'error') this.#answer(replyTo, new Error(`${body[0] || errorName}`))
  }

  #answer(serial: number, answer: readonly BusValue[] | Error): void {
    const waiting = this.#waiting.get(serial)
    if (!waiting) return
    this.#waiting.delete(serial)
    clearTimeout(waiting.timer)
    if (answer instanceof Error) waiting.reject(answer)
    else waiting.resolve(answer)
  }

  #ended(why: string): void {
    if (this.#end !== undefined) return
    this.#end = messageOf(why)
    this.close()
    if (this.#isOpen) this.#listener.lost(why)
  }
}
