/** What the flags about the store ask for. */
import { UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'
import type { ClusterOptions } from './options.ts'

type StoringValues = Pick<
  ValuesOf<'apiserver'>,
  | 'storageBackend'
  | 'etcdServers'
  | 'etcdServersOverrides'
  | 'etcdPrefix'
  | 'etcdCaFile'
  | 'etcdCertFile'
  | 'etcdKeyFile'
  | 'etcdCompactionIntervalMs'
  | 'encryptionProviderConfig'
  | 'encryptionProviderConfigAutomaticReload'
>

/** SQLite where nothing else is asked for. Throws a UserError where the flags contradict each other. */
export function storageOptionsOf(
  values: StoringValues,
): Pick<ClusterOptions, 'encryption' | 'etcd' | 'keepsInMemory'> {
  return { ...placeOf(values), ...encryptionOf(values) }
}

function encryptionOf({
  encryptionProviderConfig: configFile,
  encryptionProviderConfigAutomaticReload: automaticReload,
}: StoringValues): Pick<ClusterOptions, 'encryption'> {
  if (configFile !== undefined) return { encryption: { configFile, automaticReload } }
  if (automaticReload)
    throw new UserError(
      '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
    )
  return {}
}

function placeOf(values: StoringValues): Pick<ClusterOptions, 'etcd' | 'keepsInMemory'> {
  const { storageBackend, etcdServers: servers } = values
  refuseOverrides(values.etcdServersOverrides)
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

/** A revision orders all objects here, so they cannot be in several places. What is misspelt is told as upstream does. */
function refuseOverrides(overrides: readonly string[]): void {
  const [first] = overrides
  if (first === undefined) return
  for (const override of overrides) {
    const [resource = '', servers = '', ...rest] = override.split('#')
    const isWhole = servers.split(';').every(server => server !== '')
    if (!isWhole || rest.length > 0 || resource.split('/').length !== 2)
      throw new UserError(
        '--etcd-servers-overrides invalid, must be of format: group/resource#servers, where servers are URLs, semicolon separated',
      )
  }
  throw new UserError(
    `--etcd-servers-overrides ${first} is not supported: all objects share the revisions of one etcd; leave it out, or run kube-apiserver with it`,
  )
}
