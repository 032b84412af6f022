/** Upstream's API server and Proa's with the same flags about access, and the same keys; asked with whatever credentials. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseFeatureGates } from '#base/feature-gates.ts'
import { silentLog } from '#base/log.ts'
import { parseCommandLine } from '#cli'
import type { Method } from '#client/transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'
import { accessOptionsOf } from '../../../../src/cluster/access-options.ts'
import { securityWantedBy } from '../../../../src/cluster/security-options.ts'
import { servingOptionsOf } from '../../../../src/cluster/serving-options.ts'
import { startSingleApiServer } from '../../../../src/cluster/single-apiserver.ts'
import { EtcdProcess } from '../../../../src/store/testing/etcd-process.ts'
import {
  type ApiEnd,
  Keys,
  kubeApiServer,
  SERVICE_RANGE,
  startUpstream,
} from '../../etcd/servers.ts'

export interface Question {
  readonly method?: Method
  readonly path: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  /** As the administrator, by certificate. */
  readonly asAdmin?: boolean
}

export interface Said {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was answered
  readonly body: any
}

export class Both {
  readonly directory = mkdtempSync(join(tmpdir(), 'proa-access-'))
  readonly #keys = new Keys()
  readonly keys = this.#keys
  readonly #closing: (() => Promise<unknown>)[] = []
  #urls: readonly [upstream: string, proa: string] = ['', '']

  get urls(): readonly [upstream: string, proa: string] {
    return this.#urls
  }

  file(name: string, content: string | object): string {
    const path = join(this.directory, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  async start(flags: readonly string[], ofUpstream: readonly string[] = []): Promise<void> {
    const etcd = await EtcdProcess.start()
    this.#closing.push(() => etcd.remove())
    const upstream: ApiEnd = await startUpstream(this.#keys, etcd.url, [...flags, ...ofUpstream])
    this.#closing.push(() => upstream.stop())
    const proa = await startProa(this.#keys, flags)
    this.#closing.push(() => proa.stop())
    this.#urls = [upstream.url, proa.url]
  }

  both(question: Question): Promise<[upstream: Said, proa: Said]> {
    return Promise.all([this.#ask(this.#urls[0], question), this.#ask(this.#urls[1], question)])
  }

  /** Each its own question, such as of UIDs of its own. */
  each([ofUpstream, ofProa]: readonly [Question, Question]): Promise<[upstream: Said, proa: Said]> {
    return Promise.all([this.#ask(this.#urls[0], ofUpstream), this.#ask(this.#urls[1], ofProa)])
  }

  #ask(url: string, question: Question): Promise<Said> {
    const { method = 'GET', path, token, headers = {}, body, asAdmin } = question
    const { certificate, key } = this.#keys.pki.client('admin')
    const sent = body && JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const asking = request(
        `${url}${path}`,
        {
          method,
          ca: this.#keys.pki.authority,
          agent: false,
          headers: {
            ...(sent ? { 'content-type': 'application/json' } : {}),
            ...(token ? { authorization: `Bearer ${token}` } : {}),
            ...headers,
          },
          ...(asAdmin ? { cert: certificate, key } : {}),
        },
        answer => {
          const parts: Buffer[] = []
          answer.on('data', part => parts.push(part))
          answer.on('end', () => {
            const text = Buffer.concat(parts).toString()
            const shown = text.startsWith('{') ? JSON.parse(text) : text
            resolve({ status: answer.statusCode ?? 0, body: shown })
          })
        },
      )
      asking.on('error', reject)
      asking.end(sent)
    })
  }

  async stop(): Promise<void> {
    for (const each of this.#closing.splice(0).reverse()) await each()
    this.#keys.remove()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

async function startProa(keys: Keys, flags: readonly string[]) {
  const invocation = parseCommandLine(['apiserver', ...flags])
  if (invocation?.name !== 'apiserver') throw new Error('these are no flags of an API server')
  return startSingleApiServer({
    dataDirectory: keys.directory,
    keepsInMemory: true,
    ...accessOptionsOf(invocation.values),
    ...servingOptionsOf(invocation.values, {
      files: systemFiles,
      clock: systemClock,
      log: silentLog,
    }),
    security: securityWantedBy(invocation.values, systemFiles),
    runtimeConfig: invocation.values.runtimeConfig,
    featureGates: parseFeatureGates(invocation.values.featureGates),
    bootstrapTokenAuth: invocation.values.enableBootstrapTokenAuth,
    listen: { address: '127.0.0.1', port: 0 },
    serviceClusterIpRange: SERVICE_RANGE,
    clusterDomain: 'cluster.local',
    nodeName: 'here',
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  })
}

/** Why upstream does not start with these flags, in its own words; undefined where it gets as far as its store. */
export function upstreamsRefusal(keys: Keys, flags: readonly string[]): string | undefined {
  const { stdout, stderr } = spawnSync(
    kubeApiServer() ?? '',
    [
      '--etcd-servers=http://127.0.0.1:1',
      `--cert-dir=${join(keys.directory, 'own')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${keys.file('sa.pub')}`,
      `--service-account-signing-key-file=${keys.file('sa.key')}`,
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      `--secure-port=${20_000 + (process.pid % 10_000)}`,
      '--bind-address=127.0.0.1',
      ...flags,
    ],
    { encoding: 'utf8', timeout: 60_000 },
  )
  const text = `${stdout}${stderr}`
  const [, quoted, block] =
    /"command failed" err=(?:("(?:[^"\\]|\\.)*")|<\n\t([\s\S]*?)\n >)/.exec(text) ?? []
  const [, usage] = /^Error: (.*)$/m.exec(text) ?? []
  const told = quoted ? (JSON.parse(quoted) as string) : (block?.replace(/\n\t/g, '\n') ?? usage)
  if (told === undefined || told.includes('context deadline exceeded')) return undefined
  // A line of its own source is nobody's business.
  return told.replace(/ in scheme "[^"]*"/g, '')
}

/** Why Proa does not. */
export async function proasRefusal(
  keys: Keys,
  flags: readonly string[],
): Promise<string | undefined> {
  try {
    const server = await startProa(keys, flags)
    await server.stop()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
