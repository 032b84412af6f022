/** What tests of a lone API server rarely care about: it listens on a free port of this machine, and says nothing. */
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'

export const usualServer = {
  listen: { address: '127.0.0.1', port: 0 },
  serviceClusterIpRange: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
  nodeName: 'here',
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
} as const
