/** `/metrics/cadvisor`: of what upstream's collector knows, what dashboards and autoscalers read most, under its names and labels. */
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE } from '../labels.ts'
import { type Figure, figures } from './figures.ts'
import type { ServerParts } from './server.ts'

export async function containerFigures(parts: ServerParts): Promise<string> {
  const { facts } = parts.context.options.hostAccess
  const all = await figures(parts)
  const { cpuMillis, memoryBytes, kernelVersion, osImage, machineId, systemUuid, bootId } = facts
  const machine = `{boot_id="${bootId}",machine_id="${machineId}",system_uuid="${systemUuid}"}`
  const version = `{cadvisorRevision="",cadvisorVersion="",dockerVersion="",kernelVersion="${kernelVersion}",osVersion="${escaped(osImage)}"}`
  const family = (name: string, type: string, help: string, samples: readonly string[]) =>
    samples.length === 0
      ? []
      : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map(each => name + each)]
  const ofEach = (value: (figure: Figure) => number, more = '') =>
    all.map(each => `${labelsOf(each, more)} ${value(each)} ${each.timestamp}`)
  const layers = all.filter(({ writableLayer }) => writableLayer !== undefined)
  const lines = [
    ...family('cadvisor_version_info', 'gauge', 'The system that is measured', [`${version} 1`]),
    ...family(
      'container_cpu_usage_seconds_total',
      'counter',
      'Core-seconds that the container used',
      ofEach(({ cpuUsageNanoseconds }) => cpuUsageNanoseconds / 1e9, 'cpu="total",'),
    ),
    ...family(
      'container_fs_usage_bytes',
      'gauge',
      'Bytes that the container wrote beside its volumes',
      layers.map(
        each => `${labelsOf(each, 'device="",')} ${each.writableLayer?.bytes} ${each.timestamp}`,
      ),
    ),
    ...family(
      'container_last_seen',
      'gauge',
      'When the container was measured last, in seconds since the epoch',
      ofEach(({ timestamp }) => Math.floor(timestamp / 1000)),
    ),
    ...family(
      'container_memory_working_set_bytes',
      'gauge',
      'Bytes that the container needs',
      ofEach(({ memoryWorkingSetBytes }) => memoryWorkingSetBytes),
    ),
    ...family('container_scrape_error', 'gauge', '1 if something could not be measured', [' 0']),
    ...family(
      'container_start_time_seconds',
      'gauge',
      'When the container started, in seconds since the epoch',
      ofEach(({ startedAt }) => startedAt / 1000),
    ),
    ...family('machine_cpu_cores', 'gauge', 'Cores of the machine', [
      `${machine} ${cpuMillis / 1000}`,
    ]),
    ...family('machine_memory_bytes', 'gauge', 'Memory of the machine', [
      `${machine} ${memoryBytes}`,
    ]),
  ]
  return `${lines.join('\n')}\n`
}

function labelsOf({ labels, containerId, image }: Figure, more: string): string {
  const [name, namespace, pod] = [CONTAINER_NAME, POD_NAMESPACE, POD_NAME].map(key => labels[key])
  return `{container="${name}",${more}id="/${containerId}",image="${escaped(image)}",name="${containerId}",namespace="${namespace}",pod="${pod}"}`
}

const escaped = (text: string) => text.replace(/["\\]/g, '\\$&')
