/** What the kubelet counts and measures of its own work, under upstream's names, with its labels and buckets. What is read when somebody asks is in `gauges.ts`. */
import { exponentialBounds } from '#base/figures.ts'

export interface Instrument {
  readonly help: string
  readonly labels?: readonly string[]
  /** Series that show from the start on, at zero. */
  readonly initial?: readonly (readonly string[])[]
}
interface HistogramInstrument extends Instrument {
  readonly bounds: readonly number[]
}

/** Prometheus' usual ones, in seconds. */
export const USUAL = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const POD_START = [
  ...[0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900],
  ...[1200, 1800, 2700, 3600],
]
/** By repeated multiplication, as upstream makes them: dashboards compare bounds as text. */
const RUNTIME = Array.from({ length: 13 }).reduce<number[]>(
  bounds => bounds.concat((bounds.at(-1) ?? 0) * 2.5),
  [0.005],
)
const HTTP = ['long_running', 'method', 'path', 'server_type']

export const counters = {
  kubelet_admission_rejections_total: {
    help: 'Pods that the node turned away, by the reason that they were told',
    labels: ['reason'],
  },
  kubelet_evictions: {
    help: 'Pods that had to go because the node ran short, by what it ran short of',
    labels: ['eviction_signal'],
  },
  kubelet_http_requests_total: { help: 'Requests to the kubelet since it started', labels: HTTP },
  kubelet_image_garbage_collected_total: {
    help: 'Images removed because nobody uses them, by why room was needed',
    labels: ['reason'],
  },
  kubelet_image_manager_ensure_image_requests_total: {
    help: 'How often an image was to be on the node, by the policy and by whether it was there and had to be pulled',
    labels: ['present_locally', 'pull_policy', 'pull_required'],
  },
  kubelet_imagemanager_image_mustpull_checks_total: {
    help: 'How often was asked whether a pod may use an image that is there, by what came of it',
    labels: ['result'],
  },
  kubelet_image_volume_mounted_errors_total: { help: 'Images that could not be shown as volumes' },
  kubelet_image_volume_mounted_succeed_total: { help: 'Images shown as volumes' },
  kubelet_image_volume_requested_total: { help: 'Images that were to be shown as volumes' },
  kubelet_lifecycle_handler_http_fallbacks_total: {
    help: 'Hooks asked again over HTTP because their server does not speak HTTPS',
  },
  kubelet_memory_manager_pinning_requests_total: {
    help: 'Containers that asked for memory of certain nodes',
  },
  kubelet_memory_manager_pinning_errors_total: {
    help: 'Containers that asked for memory of certain nodes and could not have it',
  },
  kubelet_cpu_manager_pinning_requests_total: {
    help: 'Containers that asked for processors of their own',
  },
  kubelet_cpu_manager_pinning_errors_total: {
    help: 'Containers that asked for processors of their own and could not have them',
  },
  kubelet_orphaned_runtime_pods_total: {
    help: 'Pods that ran although nobody knew of them, and were ended',
  },
  kubelet_pleg_discard_events: { help: 'Changes of containers that were lost for want of room' },
  kubelet_restarted_pods_total: {
    help: 'Pods that came again under the uid of one that had ended',
    labels: ['static'],
    initial: [[''], ['true']],
  },
  kubelet_run_podsandbox_errors_total: {
    help: 'Sandboxes that could not be made, by the handler that was to make them',
    labels: ['runtime_handler'],
  },
  kubelet_runtime_operations_errors_total: {
    help: 'Calls of the container runtime that failed',
    labels: ['operation_type'],
  },
  kubelet_runtime_operations_total: {
    help: 'Calls of the container runtime',
    labels: ['operation_type'],
  },
  kubelet_sleep_action_terminated_early_total: {
    help: 'Pauses before a stop that were cut short because their pod had to end',
  },
  kubelet_started_containers_errors_total: {
    help: 'Containers that could not be started, by their type and why',
    labels: ['code', 'container_type'],
  },
  kubelet_started_containers_total: {
    help: 'Containers started, by their type',
    labels: ['container_type'],
  },
  kubelet_started_pods_errors_total: { help: 'Pods whose sandbox could not be made' },
  kubelet_started_pods_total: { help: 'Pods whose start began' },
  kubelet_started_user_namespaced_pods_errors_total: {
    help: 'Pods with users of their own that could not be started',
  },
  kubelet_started_user_namespaced_pods_total: { help: 'Pods with users of their own' },
  kubelet_topology_manager_admission_errors_total: {
    help: 'Pods turned away because what they need does not lie together',
  },
  kubelet_topology_manager_admission_requests_total: {
    help: 'Pods of which it was asked where what they need lies',
  },
} as const satisfies Record<string, Instrument>

export const histograms = {
  kubelet_cgroup_manager_duration_seconds: {
    help: 'How long it takes to make, change or remove the cgroup of a pod',
    labels: ['operation_type'],
    bounds: USUAL,
  },
  kubelet_containers_per_pod_count: {
    help: 'Containers of the pods that came to this node',
    bounds: [1, 2, 4, 8, 16],
  },
  kubelet_eviction_stats_age_seconds: {
    help: 'How old the measures were by which a pod had to go, by what ran short',
    labels: ['eviction_signal'],
    bounds: USUAL,
  },
  kubelet_http_requests_duration_seconds: {
    help: 'How long the kubelet takes to answer',
    labels: HTTP,
    bounds: USUAL,
  },
  kubelet_image_pull_duration_seconds: {
    help: 'How long pulls of images take, by the size of the image',
    labels: ['image_size_in_bytes'],
    bounds: [1, 5, 10, 20, 30, 60, 180, 300, 600, 900, 1200, 1800, 2700, 3600],
  },
  kubelet_pleg_pod_relist_duration_seconds: {
    help: 'How long it takes to ask the runtime for all of one pod',
    bounds: USUAL,
  },
  kubelet_pleg_relist_duration_seconds: {
    help: 'How long it takes to list what the runtime has',
    bounds: USUAL,
  },
  kubelet_pleg_relist_interval_seconds: {
    help: 'Time between the ends of two lists of what the runtime has',
    bounds: USUAL,
  },
  kubelet_pod_start_duration_seconds: {
    help: 'From when the kubelet first sees a pod until its containers run',
    bounds: POD_START,
  },
  kubelet_pod_start_sli_duration_seconds: {
    help: 'From the creation of a pod until its containers run and it is told, without pulling images and waiting for init containers',
    bounds: POD_START,
  },
  kubelet_pod_start_total_duration_seconds: {
    help: 'From the creation of a pod until its containers run and it is told, all included',
    bounds: POD_START,
  },
  kubelet_pod_status_sync_duration_seconds: {
    help: 'How long a new status of a pod takes to reach the API',
    bounds: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60],
  },
  kubelet_pod_worker_duration_seconds: {
    help: 'How long one look at a pod takes, by why it was looked at',
    labels: ['operation_type'],
    bounds: USUAL,
  },
  kubelet_pod_worker_start_duration_seconds: {
    help: 'From when the kubelet first sees a pod until it begins to work for it',
    bounds: USUAL,
  },
  kubelet_run_podsandbox_duration_seconds: {
    help: 'How long it takes to make a sandbox, by the handler that makes it',
    labels: ['runtime_handler'],
    bounds: USUAL,
  },
  kubelet_runtime_operations_duration_seconds: {
    help: 'How long calls of the container runtime take',
    labels: ['operation_type'],
    bounds: RUNTIME,
  },
  kubelet_topology_manager_admission_duration_ms: {
    help: 'Milliseconds in which was found out where what a pod needs lies',
    bounds: exponentialBounds(0.05, 2, 15),
  },
} as const satisfies Record<string, HistogramInstrument>

export type CounterName = keyof typeof counters
export type HistogramName = keyof typeof histograms
