/** How this machine's kubelet is set up beside what other flags say; upstream's names. */
import { textFlag, under } from './flags.ts'

export const kubeletPlaces = {
  rootDirectory: textFlag(
    'root-dir',
    'DIR',
    'where the kubelet keeps volumes, and plugins register; /var/lib/kubelet is where those of others look (default: kubelet below the data dir)',
    undefined,
  ),
}

/** A file may say it, too. */
export const kubeletClusterDomain = textFlag(
  'cluster-domain',
  'NAME',
  'the DNS domain of services (default: cluster.local)',
  undefined,
)

const configuration = (prefix: string) => ({
  kubeletConfig: textFlag(
    `${prefix}config`,
    'FILE',
    'a KubeletConfiguration; flags count more',
    undefined,
  ),
  kubeletConfigDirectory: textFlag(
    `${prefix}config-dir`,
    'DIR',
    'files ending in .conf that change it, in the order of their names',
    undefined,
  ),
})

const credentials = {
  imageCredentialProviderConfig: textFlag(
    'image-credential-provider-config',
    'FILE',
    'a CredentialProviderConfig: programs that are asked how to pull which images',
    undefined,
  ),
  imageCredentialProviderBinDirectory: textFlag(
    'image-credential-provider-bin-dir',
    'DIR',
    'where these programs are',
    undefined,
  ),
}

/** Of a kubelet that runs alone, as upstream's. */
export const kubeletSettings = { ...kubeletPlaces, ...configuration(''), ...credentials }
/** Of the one in a whole cluster, in which other parts have configurations, too. */
export const machineSettings = under('The kubelet of this machine', {
  ...kubeletPlaces,
  ...configuration('kubelet-'),
  ...credentials,
})
