/** docs/federation.md's policy, plugin file and kubeconfig with a real OPA: what it says is where objects are. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { isStatus } from '#api/machinery/status.ts'
import { systemClock } from '#host/clock.ts'
import { TestFederation, until } from '../../scenarios/federation-clusters.ts'
import { projectRoot } from '../../tidy/sources.ts'
import { attempt, buildFolder } from './programs.ts'

const guide = readFileSync(join(projectRoot, 'docs/federation.md'), 'utf8')
const shown = (name: string) =>
  new RegExp(`<!-- ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] ?? ''
const folder = buildFolder('policy-engine')
/** Building it takes longer than all that is asked of it; `policy-engine` has what to build. */
const program = process.env.TEST_ASSET_OPA ?? ''
const NAMES = ['east', 'west']

const skip =
  program === '' && 'there is no policy engine here; TEST_ASSET_OPA may name an opa of 1.0 or newer'

describe('OPA', { skip }, () => {
  let federation: TestFederation
  let engine: ChildProcess | undefined
  let port = 0

  async function startEngine(): Promise<void> {
    const policy = join(folder, 'policy.rego')
    writeFileSync(policy, shown('policy'))
    engine = spawn(
      program,
      ['run', '--server', '--log-level', 'error', '--addr', `127.0.0.1:${port}`, policy],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
    await until(
      'the engine',
      async () =>
        (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.status === 200,
    )
  }
  async function stopEngine(): Promise<void> {
    const ended = new Promise(resolve => engine?.once('exit', resolve))
    engine?.kill('SIGKILL')
    await ended
    engine = undefined
  }

  before(async () => {
    port = await freePort()
    await startEngine()
    const kubeconfig = join(folder, 'engine.conf')
    writeFileSync(kubeconfig, shown('engine').replace(':8181/', `:${port}/`))
    const configFile = join(folder, 'plugins.yaml')
    writeFileSync(configFile, shown('plugins').replace('engine.conf', kubeconfig))
    federation = await TestFederation.start({
      members: NAMES,
      clock: systemClock,
      labels: name => ({ continent: name === 'west' ? 'america' : 'europe' }),
      host: { admission: { enabled: ['SchedulingPolicy'], configFile } },
    })
    await federation.client.create(namespace, { metadata: { name: 'shop' } })
    const policies = { metadata: { name: 'kube-federation-scheduling-policy' } }
    await federation.client.create(namespace, policies)
  })
  after(async () => {
    await federation?.stop()
    if (engine) await stopEngine()
  })

  const web = (name: string, labels: Record<string, string>, replicas = 4, annotations = {}) =>
    ({
      metadata: { name, namespace: 'shop', labels, annotations },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'web', image: 'web:1' }] },
        },
      },
    }) as object
  const shares = async (name: string) =>
    Object.fromEntries(
      await Promise.all(
        NAMES.map(async cluster => {
          const copy = await federation
            .member(cluster)
            .client.get(deployment, name, 'shop')
            .catch(() => undefined)
          return [cluster, copy?.spec.replicas] as const
        }),
      ),
    )

  test('the policy is one that OPA takes', async () => {
    const policy = join(folder, 'policy.rego')
    const { code, stderr, stdout } = await attempt(program, ['check', '--strict', policy])
    assert.equal(code, 0, stderr + stdout)
  })

  test('it chooses clusters and shares, whatever the user says', async () => {
    const { client } = federation
    await client.create(configMap, {
      metadata: { name: 'policy', namespace: 'kube-federation-scheduling-policy' },
      data: { 'policy.rego': shown('policy') },
    })
    const everywhere = { 'federation.alpha.kubernetes.io/cluster-selector': '[]' }
    await client.create(deployment, web('personal', { data: 'personal' }, 4, everywhere))
    await client.create(deployment, web('batch', { tier: 'batch' }))
    await client.create(deployment, web('plain', {}))
    await until('in Europe', async () => {
      const { east, west } = await shares('personal')
      return east === 4 && west === undefined
    })
    await until('in the west', async () => {
      const { east, west } = await shares('batch')
      return !east && west === 4
    })
    await until('everywhere', async () => {
      const { east, west } = await shares('plain')
      return east === 2 && west === 2
    })
  })

  test('it refuses, and without it nothing passes, but what goes', async () => {
    const { client } = federation
    await assert.rejects(client.create(deployment, web('large', {}, 51)), {
      message: 'deployments.apps "large" is forbidden: reason(s): 51 replicas are more than 50',
    })
    await stopEngine()
    await assert.rejects(client.create(deployment, web('late', {})), (error: unknown) =>
      isStatus(error, 'Forbidden'),
    )
    await client.delete(deployment, { name: 'plain', namespace: 'shop' })
    await until('gone', async () => {
      const { east, west } = await shares('plain')
      return east === undefined && west === undefined
    })
    await until('gone from the host', () =>
      client.get(deployment, 'plain', 'shop').then(
        () => false,
        error => isStatus(error, 'NotFound'),
      ),
    )
    await startEngine()
    await client.create(deployment, web('late', {}))
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
