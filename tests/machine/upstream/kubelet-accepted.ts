/** Of what kubelets tell of themselves: what Proa's leaves out, and what it tells beside, each with the reason. A name that ends with `*` stands for all that begin so. */
import type { Path } from './kubelet-days.ts'

type Reasons = Readonly<Record<string, string>>

const LIBRARY = 'of a library that is not in here'
const STORAGE = 'of volumes, which are told elsewhere or have no such operations here'

export const GAPS: Partial<Readonly<Record<Path, Reasons>>> = {
  '/metrics': {
    'aggregator_*': LIBRARY,
    'apiserver_*': LIBRARY,
    'authentication_*': LIBRARY,
    'authorization_*': LIBRARY,
    'go_*': 'of a language that this is not written in',
    'workqueue_*': LIBRARY,
    'cardinality_enforcement_*': LIBRARY,
    disabled_metrics_total: LIBRARY,
    hidden_metrics_total: LIBRARY,
    registered_metrics_total: LIBRARY,
    'dra_*': 'of devices',
    'force_cleaned_*': STORAGE,
    'reconstruct_volume_*': STORAGE,
    'volume_manager_selinux_*': STORAGE,
    volume_operation_total_errors: STORAGE,
    volume_operation_total_seconds: STORAGE,
    'kubelet_volume_*': STORAGE,
    'kubelet_evented_pleg_*': 'events come of containerd itself, not over the CRI',
    kubelet_runtime_operations_errors_total: 'told where something failed that day',
    kubelet_cri_losing_support: 'no version of a container runtime is going to be refused',
    'kubelet_imagemanager_inmemory_*': 'all records are in memory, and no part of them',
    kubelet_metrics_provider: 'there is one provider',
    kubelet_pod_watch_events_dropped_total: 'there is no such watch',
    kubernetes_feature_enabled: 'this kubelet has no gates',
    'rest_client_exec_plugin_*': 'no such plugin is asked by a kubelet here',
    rest_client_rate_limiter_duration_seconds: 'requests are not held back',
    rest_client_request_size_bytes: 'bodies are counted by nobody',
    rest_client_response_size_bytes: 'bodies are counted by nobody',
    'rest_client_transport_*': 'there is one connection, and no cache of them',
  },
  '/metrics/cadvisor': {
    'container_cpu_cfs_burst_*': 'bursts can not be allowed by Kubernetes',
    'container_cpu_load_*': 'nobody measures it: always 0 upstream, too',
    container_tasks_state: 'nobody measures it: always 0 upstream, too',
    container_health_state: 'containers of a CRI have none: always -1 upstream',
    'container_fs_inodes_*': 'of the file systems of the machine, which are a node exporter’s',
    'container_fs_io_*': 'of the file systems of the machine, which are a node exporter’s',
    container_fs_reads_total: 'of the disks of the machine, which are a node exporter’s',
    container_fs_writes_total: 'of the disks of the machine, which are a node exporter’s',
    container_fs_limit_bytes: 'of the file systems of the machine, which are a node exporter’s',
    container_fs_read_seconds_total: 'of the disks of the machine, which are a node exporter’s',
    container_fs_reads_merged_total: 'of the disks of the machine, which are a node exporter’s',
    'container_fs_sector_*': 'of the disks of the machine, which are a node exporter’s',
    container_fs_write_seconds_total: 'of the disks of the machine, which are a node exporter’s',
    container_fs_writes_merged_total: 'of the disks of the machine, which are a node exporter’s',
    machine_cpu_books: 'of mainframes',
    machine_cpu_drawers: 'of mainframes',
    'machine_nvm_*': 'of memory that keeps what is in it, which needs a library of its maker',
  },
  '/metrics/slis': {},
  '/stats/summary': {
    psi: 'told where the kernel tells it; upstream tells zeros where it does not',
    '.io.time': 'there is nothing to tell but pressure',
    'memory.availableBytes': 'of what has no limit nothing is known to be available',
  },
}

export const OWN: Partial<Readonly<Record<Path, Reasons>>> = {
  '/metrics': {
    'kubelet_certificate_manager_*': 'upstream’s, where it renews certificates',
    kubelet_runtime_operations_errors_total: 'upstream’s, where something failed that day',
    kubelet_container_requested_resizes_total: 'upstream’s, once a pod is resized',
    'kubelet_pod_*resizes*': 'upstream’s, once a pod is resized',
    volume_manager_total_volumes: 'upstream’s; the one that is told of all about volumes',
  },
  '/metrics/cadvisor': {
    container_blkio_device_usage_total: 'upstream’s, where a group used a block device',
    container_fs_reads_total: 'of a group that used a block device',
    container_fs_writes_total: 'of a group that used a block device',
    container_fs_reads_bytes_total: 'upstream’s, where a group used a block device',
    container_fs_writes_bytes_total: 'upstream’s, where a group used a block device',
    'container_pressure_*': 'upstream’s, on control groups of version 2',
  },
  '/metrics/resource': {},
  '/stats/summary': {
    'pods[].volume': 'upstream’s, after its first minute',
    process_stats: 'upstream’s, where it asks cadvisor for containers',
    'pods[].network': 'upstream’s, where it finds containerd at its usual place',
  },
}
