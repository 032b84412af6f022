/** Upstream's controllers and Proa's beside each other, those alone that have to do with certificates and bootstrap tokens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { type Keys, upstreamProgram } from '../../etcd/servers.ts'
import { main } from '../../proa-process.ts'

const CONTROLLERS = [
  'certificatesigningrequest-approving-controller',
  'certificatesigningrequest-signing-controller',
  'bootstrap-signer-controller',
  'token-cleaner-controller',
].join()

export class Managers {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  /** Of upstream's API server and of Proa's. */
  static start(keys: Keys, [ofUpstream, ofProa]: readonly [string, string]): Managers {
    const flags = (kubeconfig: string) => [
      `--kubeconfig=${kubeconfig}`,
      '--secure-port=0',
      `--controllers=${CONTROLLERS}`,
      `--root-ca-file=${keys.file('ca.crt')}`,
      `--cluster-signing-cert-file=${keys.file('ca.crt')}`,
      `--cluster-signing-key-file=${keys.file('ca.key')}`,
    ]
    const upstream = upstreamProgram(
      'TEST_ASSET_KUBE_CONTROLLER_MANAGER',
      'kube-controller-manager',
    )
    return new Managers([
      spawn(upstream ?? '', [...flags(ofUpstream), '--leader-elect=false'], { stdio: 'ignore' }),
      spawn(process.execPath, [main, 'controller-manager', ...flags(ofProa)], { stdio: 'ignore' }),
    ])
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${child.spawnfile} ended with ${child.exitCode ?? child.signalCode}`)
      const exit = new Promise(resolve => child.once('close', resolve))
      child.kill('SIGKILL')
      await exit
    }
  }
}
