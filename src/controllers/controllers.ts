/** The controllers: one list, and how they are started. */
import { kinds as builtInKinds } from '#api/kinds.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { UserError } from '#base/errors.ts'
import { createEventRecorder } from '#client/events.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { deploymentController } from './deployment/deployment.controller.ts'
import { endpointsController } from './endpoints/endpoints.controller.ts'
import { endpointSliceController } from './endpointslice/endpointslice.controller.ts'
import { garbageCollectorController } from './garbage-collector/garbage-collector.controller.ts'
import { namespaceController } from './namespace/namespace.controller.ts'
import { nodeIpamController } from './node-ipam/node-ipam.controller.ts'
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle.controller.ts'
import { podGarbageCollectorController } from './pod-garbage-collector/pod-garbage-collector.controller.ts'
import { replicaSetController } from './replicaset/replicaset.controller.ts'
import { rootCaCertificatePublisherController } from './root-ca-certificate-publisher/root-ca-certificate-publisher.controller.ts'
import type { Controller, ControllerContext } from './runner/controller.ts'
import { type RunningController, runController } from './runner/runner.ts'
import { serviceAccountController } from './serviceaccount/serviceaccount.controller.ts'
import { taintEvictionController } from './taint-eviction/taint-eviction.controller.ts'

export interface ControllersOptions {
  /** Upstream's --controllers: `*`, `-name` and `name`, separated by commas. Everything by default. */
  readonly enabled?: string
  /** PEM of the CA that pods are to trust; without it, no kube-root-ca.crt is published. */
  readonly certificateAuthority?: string
  /** The range of pod addresses; without it, nodes keep the podCIDR that they come with. */
  readonly clusterCidr?: string
  readonly nodePrefixLength?: number
  readonly terminatedPodThreshold?: number
  /** Every kind that is served; the built-in ones by default. */
  readonly kinds?: () => readonly AnyKind[]
}

interface ControllerEntry {
  readonly name: string
  /** The controller, or undefined where an option that it needs is not given. */
  readonly create: (
    context: ControllerContext,
    options: ControllersOptions,
  ) => Controller | undefined
}

/**
 * In the order of starting. All wait for their views, so the order only decides who is served first when a cluster starts
 * with work to do: what namespaces need to be usable, then what makes pods, then what cleans up.
 */
export const controllers: readonly ControllerEntry[] = [
  { name: 'serviceaccount-controller', create: serviceAccountController },
  {
    name: 'root-ca-certificate-publisher-controller',
    create: (context, { certificateAuthority }) =>
      certificateAuthority
        ? rootCaCertificatePublisherController(context, certificateAuthority)
        : undefined,
  },
  {
    name: 'node-ipam-controller',
    create: (context, { clusterCidr, nodePrefixLength }) =>
      clusterCidr
        ? nodeIpamController(context, {
            clusterCidr,
            ...(nodePrefixLength === undefined ? {} : { nodePrefixLength }),
          })
        : undefined,
  },
  { name: 'deployment-controller', create: deploymentController },
  { name: 'replicaset-controller', create: replicaSetController },
  { name: 'endpointslice-controller', create: endpointSliceController },
  { name: 'endpoints-controller', create: endpointsController },
  { name: 'node-lifecycle-controller', create: nodeLifecycleController },
  { name: 'taint-eviction-controller', create: taintEvictionController },
  { name: 'namespace-controller', create: namespaceController },
  { name: 'garbage-collector-controller', create: garbageCollectorController },
  {
    name: 'pod-garbage-collector-controller',
    create: (context, { terminatedPodThreshold }) =>
      podGarbageCollectorController(context, terminatedPodThreshold),
  },
]

export interface RunningControllers extends Running {
  readonly controllers: readonly RunningController[]
}

/** Starts the enabled controllers. Throws UserError for a name that no controller has. */
export function startControllers(
  context: RoleContext,
  options: ControllersOptions = {},
): RunningControllers {
  const enabled = parseEnabled(options.enabled ?? '*')
  const controllerContext: ControllerContext = {
    ...context,
    kinds: options.kinds ?? (() => builtInKinds),
    recorder: component =>
      createEventRecorder(context.client, {
        clock: context.clock,
        random: context.random,
        log: context.log,
        component,
      }),
  }
  const running: RunningController[] = []
  for (const { name, create } of controllers) {
    const controller = enabled(name) ? create(controllerContext, options) : undefined
    if (controller) running.push(runController(controller, controllerContext))
  }
  return {
    controllers: running,
    async stop() {
      await Promise.all(running.map(controller => controller.stop()))
    },
  }
}

/** Reads --controllers. A name alone wins over `*`; the first mention counts. */
export function parseEnabled(text: string): (name: string) => boolean {
  const items = text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
  const names = new Set(controllers.map(({ name }) => name))
  for (const item of items) {
    const name = item.replace(/^-/, '')
    if (name !== '*' && !names.has(name))
      throw new UserError(
        `--controllers: there is no controller "${name}"; known are ${[...names].join(', ')}`,
      )
  }
  return name => {
    const mention = items.find(item => item === name || item === `-${name}`)
    return mention === undefined ? items.includes('*') : mention === name
  }
}
