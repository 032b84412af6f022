/** What a cluster stands on: its store and its keys, on disk where it has a data directory, else in memory. */
import { addressAt, parseCidr } from '#base/cidr.ts'
import { systemFiles } from '#host/files.ts'
import type { Store } from '#store'
import { layoutOf } from './layout.ts'
import { memoryFiles } from './memory-files.ts'
import type { CompleteOptions } from './options.ts'
import { ensurePki, type Pki } from './pki/pki.ts'

export interface Foundation {
  readonly store: Store
  readonly pki: Pki
}

export type FoundationOptions = Pick<
  CompleteOptions,
  | 'dataDirectory'
  | 'listen'
  | 'serviceClusterIpRange'
  | 'clusterDomain'
  | 'clock'
  | 'random'
  | 'log'
>

/** `hostAddress` is a further address under which pods reach the API. */
export async function layFoundation(
  options: FoundationOptions,
  hostAddress: string | undefined,
): Promise<Foundation> {
  const store = await openStore(options)
  try {
    return { store, pki: openPki(options, hostAddress) }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Opening the store also claims the data directory: another Proa there ends this one before it touches anything. */
async function openStore({ dataDirectory, clock, log }: FoundationOptions): Promise<Store> {
  if (dataDirectory === undefined) {
    const { createMemoryStore } = await import('#store/memory/memory-store.ts')
    return createMemoryStore({ clock, log })
  }
  const { openSqliteStore } = await import('#store/sqlite/sqlite-store.ts')
  return openSqliteStore({ directory: layoutOf(dataDirectory).state, clock, log })
}

function openPki(options: FoundationOptions, hostAddress: string | undefined): Pki {
  const { dataDirectory, clock, random, listen, serviceClusterIpRange } = options
  const serviceAddress = addressAt(
    parseCidr(serviceClusterIpRange, '--service-cluster-ip-range'),
    1,
  )
  const listening =
    listen?.address && listen.address !== '0.0.0.0' && listen.address !== '::'
      ? [listen.address]
      : []
  return ensurePki({
    directory: dataDirectory === undefined ? '/pki' : layoutOf(dataDirectory).pki,
    names: [`kubernetes.default.svc.${options.clusterDomain}`],
    ips: [serviceAddress, ...listening, ...(hostAddress === undefined ? [] : [hostAddress])],
    clock,
    random,
    files: dataDirectory === undefined ? memoryFiles() : systemFiles,
  })
}
