/** The cluster under attack: runs in a process of its own, and is spoken to over HTTPS in both versions of HTTP. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { type ClientHttp2Session, connect } from 'node:http2'
import { Agent, request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { type Asked, ask2 } from '../../src/client/testing/serving.ts'

export const versions = ['HTTP/2', 'HTTP/1.1'] as const
export type Version = (typeof versions)[number]

export interface Report {
  readonly longestStallMs: number
  readonly residentBytes: number
  readonly prototypeKeys: readonly string[]
  /** Lines of its log from info on. */
  readonly errors: readonly string[]
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** Undefined where the answer is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly json: any
}

/** Who asks: TLS options of a client. */
export interface Credentials {
  readonly cert?: string
  readonly key?: string
}

export class Target {
  readonly #child: ChildProcess
  readonly url: string
  readonly port: number
  readonly authority: string
  readonly admin: Credentials
  readonly #clients = new Map<Credentials, { agent: Agent; session?: ClientHttp2Session }>()

  private constructor(child: ChildProcess, url: string, kubeconfig: string) {
    this.#child = child
    this.url = url
    this.port = Number(new URL(url).port)
    const part = (name: string) =>
      Buffer.from(new RegExp(`${name}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64').toString()
    this.authority = part('certificate-authority-data')
    this.admin = { cert: part('client-certificate-data'), key: part('client-key-data') }
  }

  static async start(options: { directory?: string; nodes?: number } = {}): Promise<Target> {
    const words = [options.directory ?? '', String(options.nodes ?? 1)]
    const child = fork(join(import.meta.dirname, 'target-process.ts'), words, {
      execArgv: ['--expose-gc'],
    })
    const ready = await new Promise<{ url: string; kubeconfig: string }>((resolve, reject) => {
      child.once('message', message => resolve(message as { url: string; kubeconfig: string }))
      child.once('exit', code => reject(new Error(`the cluster ended with ${code}`)))
    })
    return new Target(child, ready.url, ready.kubeconfig)
  }

  get processId(): number {
    return this.#child.pid ?? 0
  }

  async stop(): Promise<void> {
    for (const { agent, session } of this.#clients.values()) {
      agent.destroy()
      session?.destroy()
    }
    if (this.#child.exitCode !== null) return
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.send('stop')
    await ended
  }

  /** Begins to measure anew. */
  reset(): Promise<unknown> {
    return this.#tell('reset')
  }

  async report(): Promise<Report> {
    return (await this.#tell('report')) as Report
  }

  #tell(message: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error('the cluster died'))
      this.#child.once('exit', gone)
      this.#child.once('message', answer => {
        this.#child.off('exit', gone)
        resolve(answer)
      })
      this.#child.send(message)
    })
  }

  /** Asks on a connection that is kept for these credentials; as the administrator unless told otherwise. */
  async ask(asked: Asked, version: Version = 'HTTP/2', as = this.admin): Promise<Answer> {
    const client = this.#clients.get(as) ?? {
      agent: new Agent({ keepAlive: true, maxSockets: 64, ca: this.authority, ...as }),
    }
    this.#clients.set(as, client)
    if (version === 'HTTP/1.1') return this.#askOld(asked, client.agent)
    if (!client.session || client.session.closed || client.session.destroyed)
      client.session = this.session(as)
    const { status, headers, body } = await ask2(client.session, asked)
    return answerOf(status, headers, body)
  }

  /** An HTTP/2 connection of its own. */
  session(as = this.admin): ClientHttp2Session {
    const session = connect(this.url, { ca: this.authority, ...as })
    session.setMaxListeners(0)
    session.on('error', () => {})
    return session
  }

  #askOld({ method = 'GET', path = '/', headers = {}, body }: Asked, agent: Agent) {
    return new Promise<Answer>((resolve, reject) => {
      // node announces the bodies of some methods only.
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const options = {
        ...{ host: '127.0.0.1', port: this.port, agent, method, path },
        headers: { ...headers, ...length },
      }
      const request = httpsRequest(options, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))),
        )
      })
      let answered = false
      request.on('response', () => {
        answered = true
      })
      // A server that refuses a body may end the connection while the rest of it is still being sent.
      request.on('error', error => answered || reject(error))
      request.end(body)
    })
  }

  /** Undefined behaviour is asked for; the server has to be whole afterwards. */
  async assertHealthy(): Promise<void> {
    for (const version of versions)
      assert.equal((await this.ask({ path: '/readyz' }, version)).text, 'ok')
    assert.deepEqual((await this.report()).prototypeKeys, [])
  }
}

function answerOf(status: number, headers: Answer['headers'], body: Buffer): Answer {
  const text = body.toString()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status, headers, text, json }
}

export const jsonBody = (method: string, path: string, value: unknown): Asked => ({
  method,
  path,
  headers: { 'content-type': 'application/json' },
  body: typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value),
})
