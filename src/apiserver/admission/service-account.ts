/** Every pod has a service account, and its containers find a token of it where client libraries look. */
import type { Pod, Volume } from '#api/core/v1/pod/pod.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { isPathSegment } from '#api/machinery/names.ts'
import { sleep } from '#base/clock.ts'
import { nameSuffix, type Random } from '#base/random.ts'
import { POD_TOKEN_EXPIRATION_SECONDS } from '../authentication/token-request.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { asPod, concernsPods, isMirrorPod, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

const DEFAULT_ACCOUNT = 'default'
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const VOLUME_PREFIX = 'kube-api-access-'
const ROOT_CA_CONFIG_MAP = 'kube-root-ca.crt'
const FILE_MODE = 0o644

/** The default account of a new namespace appears a moment after it; pods that come first wait this long in all. */
const WAIT_ATTEMPTS = 20
const WAIT_MS = 50

type World = Pick<AdmissionWorld, 'serviceAccount' | 'clock' | 'random'>

export function serviceAccountStep(world: World): AdmissionStep {
  return {
    name: 'ServiceAccount',
    resources: ['pods'],
    isFor: request => request.operation === 'CREATE' && concernsPods(request),
    async mutate(request, draft) {
      const pod = asPod(draft)
      if (isMirrorPod(pod)) return checkMirrorPod(request, pod)
      const name = pod.spec.serviceAccountName || DEFAULT_ACCOUNT
      pod.spec.serviceAccountName = name
      pod.spec.serviceAccount = name
      const account = await find(world, request, name)
      if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
        mountToken(pod, world.random)
      if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
        pod.spec.imagePullSecrets = account.imagePullSecrets.map(each => ({ ...each }))
    },
  }
}

async function find(world: World, request: AdmissionRequest, name: string) {
  const { namespace } = request
  for (let attempt = 0; ; attempt++) {
    const account: ServiceAccount | undefined = await world.serviceAccount(namespace, name)
    if (account) return account
    if (name !== DEFAULT_ACCOUNT || attempt === WAIT_ATTEMPTS)
      throw refused(
        request,
        `error looking up service account ${namespace}/${name}: ${whyMissing(name)}`,
      )
    await sleep(world.clock, WAIT_MS)
  }
}

/** What can't stand in a URL is nobody's name. */
function whyMissing(name: string): string {
  const wrong = isPathSegment(name)
  if (wrong.length === 0) return `serviceaccount "${name}" not found`
  return `invalid resource name ${JSON.stringify(name)}: [${wrong.join(' ')}]`
}

/** A mirror pod only shows what a kubelet runs; with an account or a secret it would be a way to get at them. */
function checkMirrorPod(request: AdmissionRequest, { spec }: Pod): void {
  if (spec.serviceAccountName)
    throw refused(request, 'a mirror pod may not reference service accounts')
  for (const volume of spec.volumes ?? []) {
    if (volume.secret) throw refused(request, 'a mirror pod may not reference secrets')
    if (volume.projected?.sources.some(source => source.serviceAccountToken))
      throw refused(request, 'a mirror pod may not use ServiceAccountToken volume projections')
  }
}

function mountToken(pod: Pod, random: Random): void {
  const { spec } = pod
  const existing = spec.volumes?.find(volume => volume.name.startsWith(VOLUME_PREFIX))
  const name = existing?.name ?? `${VOLUME_PREFIX}${nameSuffix(random)}`
  let mounted = false
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    // Whoever mounts something there wants that instead.
    if (container.volumeMounts?.some(mount => mount.mountPath === MOUNT_PATH)) continue
    // Not spread: what is kept of each pod would have room for seventeen.
    const mount = { name, readOnly: true, mountPath: MOUNT_PATH }
    container.volumeMounts = (container.volumeMounts ?? []).concat(mount)
    mounted = true
  }
  if (mounted && existing === undefined)
    spec.volumes = (spec.volumes ?? []).concat(tokenVolume(name))
}

/** What `rest.InClusterConfig` reads: token, ca.crt and namespace. */
function tokenVolume(name: string): Volume {
  const namespace = { apiVersion: 'v1', fieldPath: 'metadata.namespace' }
  return {
    name,
    projected: {
      defaultMode: FILE_MODE,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: POD_TOKEN_EXPIRATION_SECONDS } },
        { configMap: { name: ROOT_CA_CONFIG_MAP, items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: namespace }] } },
      ],
    },
  }
}
