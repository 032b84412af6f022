/** The store in etcd, in upstream's layout and form. Loaded only where somebody asks for it. */
import { etcdForm } from '#apiserver/storage/etcd-form.ts'
import { ROOT } from '#apiserver/storage/keys.ts'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { systemFiles } from '#host/files.ts'
import type { Store } from '#store'
import type { EtcdTls } from '#store/etcd/connection.ts'
import type { StoredForm } from '#store/etcd/entry.ts'
import { openEtcdStore } from '#store/etcd/etcd-store.ts'
import type { OpenEncryption } from './open-encryption.ts'
import type { EncryptionAtRest, EtcdOptions } from './options.ts'

export interface OpenEtcd {
  readonly store: Store
  readonly encryption?: OpenEncryption
}

/** Waits for etcd for a minute. Throws UserErrors. */
export async function openEtcd(
  etcd: EtcdOptions,
  surroundings: {
    clock: Clock
    random: Random
    log: Log
    encryption?: EncryptionAtRest | undefined
  },
): Promise<OpenEtcd> {
  const { clock, random, log, encryption } = surroundings
  const { servers, prefix: asked = ROOT, compactionIntervalMs } = etcd
  const prefix = `/${asked.replace(/^\/+|\/+$/g, '')}/`
  const tls = tlsOf(etcd)
  const sealed = encryption && (await sealedForm(encryption, { clock, random, log, prefix }))
  try {
    const store = await openEtcdStore({
      servers,
      tls,
      root: ROOT,
      prefix,
      form: sealed?.form ?? etcdForm(log),
      ...(compactionIntervalMs === undefined ? {} : { compactionIntervalMs }),
      clock,
      random,
      log,
    })
    return { store, ...(sealed ? { encryption: sealed.encryption } : {}) }
  } catch (error) {
    sealed?.encryption.close()
    throw error
  }
}

async function sealedForm(
  encryption: EncryptionAtRest,
  { clock, random, log, prefix }: { clock: Clock; random: Random; log: Log; prefix: string },
): Promise<{ form: StoredForm; encryption: OpenEncryption }> {
  const [{ openEncryption }, { encryptedForm }] = await Promise.all([
    import('./open-encryption.ts'),
    import('#apiserver/encryption/encrypted-form.ts'),
  ])
  const facts = { files: systemFiles, clock, random, log, keyPrefix: prefix }
  const opened = await openEncryption(encryption, facts)
  const form = encryptedForm(etcdForm(log), opened.encryption, log, () => opened.close())
  return { form, encryption: opened }
}

function tlsOf({ caFile, certFile, keyFile }: EtcdOptions): EtcdTls {
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new UserError('--etcd-certfile and --etcd-keyfile belong together: give both or none')
  return {
    ...(caFile !== undefined && { ca: read('--etcd-cafile', caFile) }),
    ...(certFile !== undefined && { cert: read('--etcd-certfile', certFile) }),
    ...(keyFile !== undefined && { key: read('--etcd-keyfile', keyFile) }),
  }
}

function read(flag: string, file: string): Buffer {
  const bytes = systemFiles.read(file)
  if (!bytes) throw new UserError(`${flag} ${file}: there is no such file`)
  return bytes
}
