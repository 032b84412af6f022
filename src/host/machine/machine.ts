/** This machine as a node agent acts on it; the kubelet's `HostAccess`. */
import { machineCgroups } from './cgroups.ts'
import { machineDisks } from './disks.ts'
import { readMachineFacts } from './facts.ts'
import { machineFiles } from './files.ts'
import { machineJournal } from './journal.ts'
import { machineMounts } from './mounts.ts'
import { pluginSockets } from './plugin-sockets.ts'
import { machineNetwork } from './probe-network.ts'
import type { ShutdownListener } from './shutdowns.ts'
import { subordinateIds } from './subordinate-ids.ts'
import { readTopology } from './topology.ts'

/** `storageDirectory` lies on the file system whose size counts as the node's ephemeral storage. */
export function openMachine(storageDirectory: string) {
  return {
    facts: readMachineFacts(storageDirectory),
    files: machineFiles,
    mounts: machineMounts,
    network: machineNetwork,
    cgroups: machineCgroups,
    disks: machineDisks,
    pluginSockets,
    journal: machineJournal(),
    shutdowns: {
      /** Loaded with the first who wants to know. */
      async open(listener: ShutdownListener) {
        const { machineShutdowns } = await import('./shutdowns.ts')
        return machineShutdowns().open(listener)
      },
    },
    topology: () => readTopology(),
    subordinateIds,
  }
}
