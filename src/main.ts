/** The one binary. Reads the command, starts what it asks for, and turns what goes wrong into one sentence and an exit code. */
import { messageOf, UserError } from '#base/errors.ts'
import { helpText, type Invocation, parseCommandLine } from '#cli'
import type { BuiltInClouds } from '#cluster/configured-cloud.ts'
import { scarcityIn } from '#host/trouble.ts'

// Whoever reads may leave, as `head` does: a cluster goes on without, and a command that only answers ends with 1.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', () => {
    process.exitCode = 1
  })
/** Loaded only where one is asked for. */
const builtInClouds: BuiltInClouds = {
  memory: async (configuration, { clock }) =>
    (await import('#simulation/cloud/configuration.ts')).configuredMemoryCloud(
      configuration,
      clock,
    ),
}
/** Loaded when the API answers, and only where there are hollow nodes. */
const hollowMachine = async () => (await import('#simulation')).createHollowNode

const words = process.argv.slice(2)
try {
  const invocation = parseCommandLine(words)
  if (invocation) await run(invocation)
  else process.stdout.write(helpText(words))
} catch (error) {
  // A UserError is written for whoever typed the command; so is what the machine lacks; anything else is a bug, and its stack helps to mend it.
  const text =
    error instanceof UserError
      ? messageOf(error)
      : (scarcityIn(error) ?? (error instanceof Error ? error.stack : String(error)))
  process.stderr.write(`proa: ${text}\n`)
  process.exit(1)
}

/** Each command loads only what it needs: `proa version` should not pay for a cluster. */
async function run(invocation: Invocation): Promise<void> {
  switch (invocation.name) {
    case 'up': {
      const { up } = await import('#cluster/up.ts')
      return up(invocation.values, hollowMachine, builtInClouds)
    }
    case 'dashboard': {
      const { runDashboard } = await import('#cluster/dashboard.ts')
      return runDashboard(invocation.values)
    }
    case 'version': {
      const { version } = await import('#base/version.ts')
      process.stdout.write(`${version.gitVersion}\n`)
      return
    }
    case 'token create':
    case 'token generate':
    case 'token list':
    case 'token delete': {
      const { runTokenCommand } = await import('#cluster/joining/tokens.ts')
      return runTokenCommand(invocation)
    }
    case 'join': {
      const { join } = await import('#cluster/joining/join.ts')
      return join(invocation)
    }
    case 'reset': {
      const { reset } = await import('#cluster/reset.ts')
      return reset(invocation.values)
    }
    case 'snapshot save':
    case 'snapshot restore':
    case 'snapshot status':
    case 'check': {
      const { runSnapshotCommand } = await import('#cluster/snapshot.ts')
      return runSnapshotCommand(invocation)
    }
    case 'image load': {
      const { loadImage } = await import('#cluster/load-image.ts')
      return loadImage(invocation.values, invocation.positionals[0] ?? '')
    }
    case 'envtest': {
      const { writeAssets } = await import('#cluster/envtest/write-assets.ts')
      return writeAssets(invocation.values)
    }
    case 'envtest apiserver': {
      const { runEnvtestApiServer } = await import('#cluster/envtest/envtest-apiserver.ts')
      return runEnvtestApiServer(invocation.values, hollowMachine)
    }
    case 'envtest etcd': {
      const { runEtcdStandIn } = await import('#cluster/envtest/etcd-stand-in.ts')
      return runEtcdStandIn(invocation.values)
    }
    case 'federation up': {
      const { federationUp } = await import('#cluster/federation-up.ts')
      return federationUp(invocation.values, hollowMachine)
    }
    case 'federation join':
    case 'federation unjoin': {
      const { runMembership } = await import('#cluster/federation-membership.ts')
      return runMembership(invocation)
    }
    case 'apiserver':
    case 'controller-manager':
    case 'cloud-controller-manager':
    case 'scheduler':
    case 'kubelet':
    case 'proxy':
    case 'metrics-server':
    case 'dns': {
      const { runRole } = await import('#cluster/single-role.ts')
      return runRole(invocation, builtInClouds)
    }
  }
}
