/** Flags about where objects are kept; upstream's names for what is about etcd. */
import { UserError } from '#base/errors.ts'
import { durationFlag, flag, switchFlag, textFlag, under } from './flags.ts'
import { listFlag } from './lists.ts'

const STORAGE_BACKENDS = ['etcd3', 'sqlite', 'memory'] as const
type StorageBackend = (typeof STORAGE_BACKENDS)[number]

export const storing = under('Storage', {
  storageBackend: flag<StorageBackend | undefined>(
    'storage-backend',
    'KIND',
    'sqlite, etcd3, or memory for tests (default: etcd3 with --etcd-servers, else sqlite in the data dir)',
    text => {
      const backend = STORAGE_BACKENDS.find(each => each === text)
      if (!backend)
        throw new UserError(
          `--storage-backend wants one of ${STORAGE_BACKENDS.join(', ')}, not "${text}"`,
        )
      return backend
    },
    undefined,
  ),
  etcdServers: listFlag(
    'etcd-servers',
    'URLS',
    'keep objects in this etcd: scheme://host:port of its members, comma separated',
    [],
  ),
  etcdServersOverrides: listFlag(
    'etcd-servers-overrides',
    'LIST',
    'not supported: all objects are kept in one place',
    [],
  ),
  etcdPrefix: textFlag('etcd-prefix', 'PATH', 'what all keys in etcd begin with', '/registry'),
  etcdCaFile: textFlag('etcd-cafile', 'FILE', 'the CA that vouches for etcd', undefined),
  etcdCertFile: textFlag('etcd-certfile', 'FILE', 'certificate to show to etcd', undefined),
  etcdKeyFile: textFlag('etcd-keyfile', 'FILE', 'the key to it', undefined),
  etcdCompactionIntervalMs: durationFlag(
    'etcd-compaction-interval',
    'how often history in etcd is dropped; 0 leaves it to others',
    5 * 60_000,
  ),
  encryptionProviderConfig: textFlag(
    'encryption-provider-config',
    'FILE',
    'an EncryptionConfiguration: what is encrypted where it is kept, and with which keys',
    undefined,
  ),
  encryptionProviderConfigAutomaticReload: switchFlag(
    'encryption-provider-config-automatic-reload',
    'let changes of that file count without a restart',
  ),
})
