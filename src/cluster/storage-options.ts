/** What the flags about the store ask for. */
import { UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'
import type { ClusterOptions } from './options.ts'

type StoringValues = Pick<
  ValuesOf<'apiserver'>,
  | 'storageBackend'
  | 'etcdServers'
  | 'etcdPrefix'
  | 'etcdCaFile'
  | 'etcdCertFile'
  | 'etcdKeyFile'
  | 'etcdCompactionIntervalMs'
>

/** SQLite where nothing else is asked for. Throws a UserError where the flags contradict each other. */
export function storageOptionsOf(
  values: StoringValues,
): Pick<ClusterOptions, 'etcd' | 'keepsInMemory'> {
  const { storageBackend, etcdServers: servers } = values
  if (servers.length === 0) {
    if (storageBackend === 'etcd3')
      throw new UserError('--storage-backend etcd3 needs --etcd-servers')
    return storageBackend === 'memory' ? { keepsInMemory: true } : {}
  }
  if (storageBackend === 'sqlite' || storageBackend === 'memory')
    throw new UserError(
      `--storage-backend ${storageBackend} and --etcd-servers contradict each other`,
    )
  const { etcdCaFile: caFile, etcdCertFile: certFile, etcdKeyFile: keyFile } = values
  return {
    etcd: {
      servers,
      prefix: values.etcdPrefix,
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
      compactionIntervalMs: values.etcdCompactionIntervalMs,
    },
  }
}
