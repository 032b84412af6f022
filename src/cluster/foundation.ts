/** What a cluster stands on: its store and its keys, on disk where it has a data directory, else in memory; the store in etcd where it has one. */
import { X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import { isDns1123Subdomain } from '#api/machinery/names.ts'
import { isStatus } from '#api/machinery/status.ts'
import { NotStoredError } from '#apiserver/storage/resource-storage.ts'
import { addressAt, parseCidrs } from '#base/cidr.ts'
import { rfc3339, sleep } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { machineAddresses } from '#host/addresses.ts'
import { removeUnfinished, systemFiles } from '#host/files.ts'
import { type Store, StoreUnavailableError } from '#store'
import type { MemoryStore, StoreSnapshot } from '#store/memory/memory-store.ts'
import { layoutOf } from './layout.ts'
import { copyInMemory, type FilesAt, memoryFiles } from './memory-files.ts'
import type { EncryptionShown } from './open-encryption.ts'
import type { CompleteOptions, EtcdOptions } from './options.ts'
import { ensurePki, type Pki } from './pki/pki.ts'

export interface Foundation {
  readonly store: Store
  /** The same store, where it is in memory. */
  readonly memory?: MemoryStore
  readonly pki: Pki
  /** Where the keys are. */
  readonly keys: FilesAt
  /** Where objects are encrypted: what the server shows of that. */
  readonly encryption?: EncryptionShown
}

/** What a cluster begins with that goes on from a snapshot of another one. */
export interface Origin {
  readonly memory: MemoryStore
  readonly snapshot: StoreSnapshot
  readonly keys: FilesAt
}

export type FoundationOptions = Pick<
  CompleteOptions,
  | 'dataDirectory'
  | 'encryption'
  | 'etcd'
  | 'keepsInMemory'
  | 'listen'
  | 'advertiseAddress'
  | 'serviceClusterIpRange'
  | 'clusterDomain'
  | 'clock'
  | 'random'
  | 'log'
> & { readonly origin?: Origin }

/** `hostAddress` is a further address under which pods reach the API. */
export async function layFoundation(
  options: FoundationOptions,
  hostAddress: string | undefined,
): Promise<Foundation> {
  const { dataDirectory, etcd, keepsInMemory } = options
  const isInMemory = keepsInMemory || (!etcd && dataDirectory === undefined)
  const memory = isInMemory ? await openMemory(options) : undefined
  const opened: OpenStore =
    memory && !options.encryption
      ? { store: memory }
      : await (etcd && !memory ? openShared(etcd, options) : openOwn(options, memory))
  const { store } = opened
  try {
    const keys = keysOf(options)
    const pki = openPki(options, keys, hostAddress)
    warnOfEarlyClock(pki, options)
    return { ...opened, pki, keys, ...(memory ? { memory } : {}) }
  } catch (error) {
    await store.close()
    throw error
  }
}

type OpenStore = Pick<Foundation, 'store' | 'encryption'>

/** Waits for what a start reads and writes. A store that goes away meanwhile, or a full disk, is no bug of ours: throws a UserError that says so. */
export async function untilStored<T>(starting: Promise<T>): Promise<T> {
  try {
    return await starting
  } catch (error) {
    if (error instanceof StoreUnavailableError || isStatus(error, 'ServiceUnavailable'))
      throw new UserError(error.message)
    if (error instanceof NotStoredError)
      throw new UserError(`the start needs to write, and ${error.message}`)
    throw error
  }
}

async function openMemory({ clock, log, origin }: FoundationOptions): Promise<MemoryStore> {
  if (origin) return origin.memory.fork(origin.snapshot, { clock, log })
  const { createMemoryStore } = await import('#store/memory/memory-store.ts')
  return createMemoryStore({ clock, log })
}

/** Opening the store also claims the data directory: another Proa there ends this one before it touches anything. */
async function openFile({ dataDirectory = '', clock, log }: FoundationOptions): Promise<Store> {
  const { openSqliteStore } = await import('#store/sqlite/sqlite-store.ts')
  const { directory, state, pki } = layoutOf(dataDirectory)
  const store = await openSqliteStore({ directory: state, clock, log })
  try {
    for (const place of [directory, pki]) removeUnfinished(place)
  } catch (error) {
    // A disk that may only be read; what it holds can still be served.
    log.warn('what an earlier process left unfinished could not be removed', {
      error: messageOf(error),
    })
  }
  return store
}

/** Encrypted where that is asked for; the configuration is judged before anything is touched. */
async function openOwn(options: FoundationOptions, memory?: MemoryStore): Promise<OpenStore> {
  if (!options.encryption) return { store: memory ?? (await openFile(options)) }
  const [{ openEncryption }, { encryptedStore }] = await Promise.all([
    import('./open-encryption.ts'),
    import('#apiserver/encryption/encrypted-store.ts'),
  ])
  const encryption = await openEncryption(options.encryption, { files: systemFiles, ...options })
  try {
    const store = memory ?? (await openFile(options))
    return {
      store: encryptedStore(store, encryption.encryption, {
        closed: () => encryption.close(),
        turn: () => sleep(options.clock, 0),
      }),
      encryption,
    }
  } catch (error) {
    encryption.close()
    throw error
  }
}

async function openShared(etcd: EtcdOptions, options: FoundationOptions): Promise<OpenStore> {
  const { openEtcd } = await import('./open-etcd.ts')
  return openEtcd(etcd, options)
}

function keysOf({ dataDirectory, origin }: FoundationOptions): FilesAt {
  if (origin) return copyInMemory(origin.keys)
  if (dataDirectory === undefined) return { directory: '/pki', files: memoryFiles() }
  return { directory: layoutOf(dataDirectory).pki, files: systemFiles }
}

function openPki(options: FoundationOptions, keys: FilesAt, hostAddress: string | undefined): Pki {
  const { clock, random, listen, serviceClusterIpRange, advertiseAddress } = options
  const [serviceRange] = parseCidrs(serviceClusterIpRange, '--service-cluster-ip-range')
  // Who listens everywhere is reached from other machines under the machine's own addresses.
  const everywhere = {
    '0.0.0.0': () => machineAddresses(),
    '::': () => [...machineAddresses(), ...machineAddresses('IPv6')],
  }
  const { address = '' } = listen ?? {}
  const all = everywhere[address as keyof typeof everywhere]
  const listening = all ? all() : address ? [address] : []
  // Others know it by its name, too, and it is in kubeadm's certificates.
  const name = hostname().toLowerCase()
  const isKnown = all !== undefined && isDns1123Subdomain(name).length === 0
  return ensurePki({
    ...keys,
    names: [`kubernetes.default.svc.${options.clusterDomain}`, ...(isKnown ? [name] : [])],
    ips: [
      addressAt(serviceRange, 1),
      ...listening,
      ...(advertiseAddress === undefined ? [] : [advertiseAddress]),
      ...(hostAddress === undefined ? [] : [hostAddress]),
    ],
    clock,
    random,
  })
}

/** The clock of a machine without a battery begins somewhere, and certificates of another day let nobody in: `Unauthorized` alone would not say why. */
export function warnOfEarlyClock(
  { authority }: Pick<Pki, 'authority'>,
  { clock, log }: Pick<FoundationOptions, 'clock' | 'log'>,
): void {
  const beginsMs = Date.parse(new X509Certificate(authority).validFrom)
  if (clock.now() >= beginsMs) return
  log.warn(
    "this machine's clock is before the cluster's certificates begin: nobody is let in until it is right",
    { clock: rfc3339(clock.now()), begin: rfc3339(beginsMs) },
  )
}
