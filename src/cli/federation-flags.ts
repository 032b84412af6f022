/** What the commands of a federation are told; names of Federation v1 where it had one. */
import { parseLabelSelector } from '#api/machinery/label-selector.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { durationFlag, type Flag, flag, textFlag, under } from './flags.ts'

/** Clusters that are asked all the time would do nothing else. */
const LEAST_PERIOD_MS = 1_000

const period = durationFlag(
  'cluster-monitor-period',
  'how often clusters are asked how they are, from 1s on',
  40_000,
)

export const federationTimes = under('Clusters', {
  clusterMonitorPeriodMs: {
    ...period,
    parse(text: string) {
      const periodMs = period.parse(text)
      if (periodMs < LEAST_PERIOD_MS)
        throw new UserError('--cluster-monitor-period must be 1s or longer')
      return periodMs
    },
  },
  clusterUnavailableDelayMs: durationFlag(
    'cluster-unavailable-delay',
    'how long a cluster that does not answer keeps its replicas before others get them',
    60_000,
  ),
})

const hostKubeconfig = textFlag(
  'kubeconfig',
  'FILE',
  "how to reach the federation's API server (default: admin.conf under the data dir)",
  undefined,
)

const joiningCluster = {
  clusterKubeconfig: textFlag(
    'cluster-kubeconfig',
    'FILE',
    'how to reach the cluster, and as whom; it is kept in a Secret',
    undefined,
  ),
  clusterContext: textFlag(
    'cluster-context',
    'NAME',
    'the context of that file (default: its current one)',
    undefined,
  ),
  clusterLabels: flag<Readonly<Record<string, string>>>(
    'cluster-labels',
    'KEY=VALUE,…',
    'labels of the cluster, for cluster selectors',
    text => labelsIn(text),
    {},
  ),
}

/** Which clusters belong to a federation. */
export const membershipCommands = (dataDirectory: Flag<string | undefined>) =>
  ({
    'federation join': {
      doc: 'take a cluster into the federation, under this name',
      positionals: ['NAME'],
      flags: { kubeconfig: hostKubeconfig, dataDirectory, ...joiningCluster },
    },
    'federation unjoin': {
      doc: 'let a cluster go; what the federation placed there stays',
      positionals: ['NAME'],
      flags: { kubeconfig: hostKubeconfig, dataDirectory },
    },
  }) as const

function labelsIn(text: string): Readonly<Record<string, string>> {
  try {
    const { requirements } = parseLabelSelector(text)
    return Object.fromEntries(
      requirements.map(({ key, operator, values }) => {
        if (operator !== '=') throw new UserError('only KEY=VALUE is a label')
        return [key, values[0] ?? '']
      }),
    )
  } catch (error) {
    throw new UserError(`--cluster-labels ${JSON.stringify(text)}: ${messageOf(error)}`)
  }
}
