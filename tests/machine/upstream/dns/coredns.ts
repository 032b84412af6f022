/** CoreDNS as a program, with its kubernetes plugin over an API server. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { adminKubeconfig, type Keys, upstreamProgram } from '../../etcd/servers.ts'

const coredns = () => upstreamProgram('TEST_ASSET_COREDNS', 'coredns')

export const corednsMissing = () =>
  coredns() === undefined && 'there is no coredns here; TEST_ASSET_COREDNS may name one'

export interface StartedCoreDns {
  stop(): Promise<void>
}

/** The options that kubeadm writes, less those that only change how fast it is. */
export function startCoreDns(
  keys: Keys,
  url: string,
  { port, upstream }: { readonly port: number; readonly upstream: number },
): StartedCoreDns {
  const kubeconfig = join(keys.directory, 'coredns.kubeconfig')
  writeFileSync(kubeconfig, adminKubeconfig(url, keys))
  const corefile = join(keys.directory, 'Corefile')
  writeFileSync(
    corefile,
    `.:${port} {
      bind 127.0.0.1
      errors
      kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig ${kubeconfig}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
      }
      forward . 127.0.0.1:${upstream}
    }`,
  )
  const child = spawn(coredns() ?? '', ['-conf', corefile], {
    stdio: 'ignore',
  })
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await exit
    },
  }
}
