/**
 * The peer of `npm run bench -- api` and `-- scheduler`, where it is at hand: upstream's kube-apiserver over an etcd, with Proa's keys, so
 * that the same load can be put on both in one run. Found as envtest finds them: TEST_ASSET_KUBE_APISERVER and TEST_ASSET_ETCD, or the PATH.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { freePort, untilAnswers, untilListens } from './processes.ts'

export interface Peer {
  readonly port: number
  /** The API server and its etcd, by their ids. */
  readonly processes: readonly number[]
}

/** Upstream's program that the variable names, or the PATH has. */
export function programAt(variable: string, name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(':')
  return [process.env[variable] ?? '', ...folders.map(each => join(each, name))].find(file => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Gives `use` the running peer, or undefined where its programs are not here. `pki` is the folder of Proa's keys. */
export async function withPeer<T>(
  directory: string,
  pki: string,
  use: (peer: Peer | undefined) => Promise<T>,
): Promise<T> {
  const apiserver = programAt('TEST_ASSET_KUBE_APISERVER', 'kube-apiserver')
  const etcd = programAt('TEST_ASSET_ETCD', 'etcd')
  if (!apiserver || !etcd) return use(undefined)
  const [client, peers, port] = [await freePort(), await freePort(), await freePort()]
  const url = `http://127.0.0.1:${client}`
  const peerUrl = `http://127.0.0.1:${peers}`
  const store = started(etcd, [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ])
  const key = (name: string) => join(pki, name)
  try {
    await untilListens(client)
    const server = started(apiserver, [
      `--etcd-servers=${url}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${key('apiserver.crt')}`,
      `--tls-private-key-file=${key('apiserver.key')}`,
      `--client-ca-file=${key('ca.crt')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${key('sa.pub')}`,
      `--service-account-signing-key-file=${key('sa.key')}`,
      '--service-cluster-ip-range=10.96.0.0/12',
      '--authorization-mode=Node,RBAC',
      '--disable-admission-plugins=ServiceAccount',
    ])
    try {
      await untilAnswers(port, '/readyz')
      return await use({ port, processes: [server.pid, store.pid] })
    } finally {
      await server.end()
    }
  } finally {
    await store.end()
  }
}

export function started(program: string, words: readonly string[]) {
  const child = spawn(program, words, { stdio: 'ignore' })
  const exit = new Promise(resolve => child.once('exit', resolve))
  return {
    pid: child.pid ?? 0,
    end: async () => {
      child.kill('SIGKILL')
      await exit
    },
  }
}
