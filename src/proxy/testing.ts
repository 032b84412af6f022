import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'

/** A Service of one port, and whatever else it is to say. */
export function service(spec: object, port: object = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.7',
      ports: [{ name: 'http', port: 80, protocol: 'TCP', ...port }],
      ...spec,
    },
  } as unknown as Service
}

/** Ready endpoints of it on the node `here`. */
export function slice(...ips: string[]): EndpointSlice {
  return {
    addressType: 'IPv4',
    metadata: { name: 'web-1' },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: ips.map(ip => ({ addresses: [ip], nodeName: 'here', conditions: { ready: true } })),
  } as unknown as EndpointSlice
}
