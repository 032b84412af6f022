/** The configuration as /configz tells it: what files say, with what the kubelet goes by where they say nothing. */
import { formatDuration } from '#api/machinery/duration.ts'
import type { KubeletContext } from '../options.ts'

const NANOSECONDS = 1_000_000n
const time = (ms: number) => formatDuration(BigInt(Math.round(ms)) * NANOSECONDS)

export function configurationOf({ options }: KubeletContext): Record<string, unknown> {
  const { clusterDns, staticPodPath, providerId, taints } = options
  return {
    ...options.configuration,
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    ...(staticPodPath ? { staticPodPath } : {}),
    podLogsDir: options.podLogsDirectory,
    port: options.kubeletPort,
    clusterDomain: options.clusterDomain,
    ...(clusterDns.length > 0 ? { clusterDNS: clusterDns } : {}),
    nodeStatusUpdateFrequency: time(options.nodeStatusUpdateMs),
    nodeStatusReportFrequency: time(options.nodeStatusReportMs),
    nodeLeaseDurationSeconds: options.nodeLeaseSeconds,
    nodeStatusMaxImages: options.nodeStatusMaxImages,
    maxPods: options.maxPods,
    evictionHard: options.evictionHard,
    evictionPressureTransitionPeriod: time(options.eviction.transitionMs),
    imagePullCredentialsVerificationPolicy: options.imageVerification.policy,
    imageGCHighThresholdPercent: options.imageCollection.highPercent,
    imageGCLowThresholdPercent: options.imageCollection.lowPercent,
    imageMinimumGCAge: time(options.imageCollection.minimumAgeMs),
    containerLogMaxSize: String(options.containerLogMaxBytes),
    containerLogMaxFiles: options.containerLogMaxFiles,
    containerLogMonitorInterval: time(options.containerLogMonitorMs),
    crashLoopBackOff: { maxContainerRestartPeriod: time(options.maxRestartBackoffMs) },
    enableSystemLogHandler: options.showsSystemLogs,
    enableSystemLogQuery: options.answersLogQueries,
    enableProfilingHandler: options.showsProfiles,
    memorySwap: { swapBehavior: options.swapBehavior },
    allowedUnsafeSysctls: options.allowedUnsafeSysctls,
    ...(providerId ? { providerID: providerId } : {}),
    ...(taints.length > 0 ? { registerWithTaints: taints } : {}),
  }
}
