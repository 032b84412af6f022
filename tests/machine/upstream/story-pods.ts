/** Pods as stories wait for them. */
import type { ApiEnd, Shown } from '../etcd/servers.ts'

/** Of an app, by their names; `core` is the path of their namespace. */
export async function podsOf(api: ApiEnd, core: string, app: string): Promise<readonly Shown[]> {
  const { items } = await api.want('GET', `${core}/pods?labelSelector=app%3D${app}`)
  return items.toSorted((a: Shown, b: Shown) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

/** Those that are to go are not. */
export const isReady = ({ status, metadata }: Shown): boolean =>
  !metadata.deletionTimestamp &&
  (status.conditions ?? []).some(({ type, status }: Shown) => type === 'Ready' && status === 'True')

/** A template of pods that do what a script says. */
export const runs = (script: string, more: object = {}) => ({
  spec: {
    restartPolicy: 'Never',
    containers: [
      {
        name: 'main',
        image: 'sh',
        command: ['sh', '-c', script],
        resources: { requests: { cpu: '10m' } },
      },
    ],
    terminationGracePeriodSeconds: 1,
    ...more,
  },
})
