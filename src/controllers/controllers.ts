/** The controllers: one list, and how they are started. */

import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { apiService } from '#api/apiregistration/v1/api-service.ts'
import { clusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { podCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { kinds as builtInKinds } from '#api/kinds.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { servedKinds } from '#api/runtime-config.ts'
import { podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { storageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { UserError } from '#base/errors.ts'
import { type FeatureGates, isGateOn } from '#base/feature-gates.ts'
import { createFigureBook, type FigureBook, type FigureSource } from '#base/figures.ts'
import type { Client } from '#client/client.ts'
import { createEventRecorder } from '#client/events.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { showWorkQueues } from '#client/work-queue-figures.ts'
import { accountOf } from './accounts.ts'
import { bootstrapSignerController } from './bootstrap-signer/bootstrap-signer.controller.ts'
import { certificateSigningRequestApprovingController } from './certificatesigningrequest-approving/certificatesigningrequest-approving.controller.ts'
import { certificateSigningRequestCleanerController } from './certificatesigningrequest-cleaner/certificatesigningrequest-cleaner.controller.ts'
import { certificateSigningRequestSigningController } from './certificatesigningrequest-signing/certificatesigningrequest-signing.controller.ts'
import type { SigningOptions } from './certificatesigningrequest-signing/signers.ts'
import { clusterRoleAggregationController } from './clusterrole-aggregation/clusterrole-aggregation.controller.ts'
import { cronJobController } from './cronjob/cronjob.controller.ts'
import { followCustomKinds, noCustomKinds } from './custom-kinds.ts'
import { daemonSetController } from './daemonset/daemonset.controller.ts'
import { deploymentController } from './deployment/deployment.controller.ts'
import { deviceTaintEvictionController } from './device-taint-eviction/device-taint-eviction.controller.ts'
import { disruptionController } from './disruption/disruption.controller.ts'
import { endpointsController } from './endpoints/endpoints.controller.ts'
import { endpointSliceController } from './endpointslice/endpointslice.controller.ts'
import { endpointSliceMirroringController } from './endpointslice-mirroring/endpointslice-mirroring.controller.ts'
import { ephemeralVolumeController } from './ephemeral-volume/ephemeral-volume.controller.ts'
import { garbageCollectorController } from './garbage-collector/garbage-collector.controller.ts'
import { horizontalPodAutoscalerController } from './horizontalpodautoscaler/horizontalpodautoscaler.controller.ts'
import { jobController } from './job/job.controller.ts'
import { trustBundlePublisherController } from './kube-apiserver-serving-clustertrustbundle-publisher/kube-apiserver-serving-clustertrustbundle-publisher.controller.ts'
import { legacyServiceAccountTokenCleanerController } from './legacy-serviceaccount-token-cleaner/legacy-serviceaccount-token-cleaner.controller.ts'
import {
  localPathProvisionerController,
  type NodeDirectories,
} from './local-path-provisioner/local-path-provisioner.controller.ts'
import { ALIASES, UPSTREAM } from './names.ts'
import { namespaceController } from './namespace/namespace.controller.ts'
import { type NodePrefixLengths, nodeIpamController } from './node-ipam/node-ipam.controller.ts'
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle.controller.ts'
import { persistentVolumeAttachDetachController } from './persistentvolume-attach-detach/persistentvolume-attach-detach.controller.ts'
import { persistentVolumeBinderController } from './persistentvolume-binder/persistentvolume-binder.controller.ts'
import { persistentVolumeExpanderController } from './persistentvolume-expander/persistentvolume-expander.controller.ts'
import { persistentVolumeProtectionController } from './persistentvolume-protection/persistentvolume-protection.controller.ts'
import { persistentVolumeClaimProtectionController } from './persistentvolumeclaim-protection/persistentvolumeclaim-protection.controller.ts'
import { podGarbageCollectorController } from './pod-garbage-collector/pod-garbage-collector.controller.ts'
import { podCertificateRequestCleanerController } from './podcertificaterequest-cleaner/podcertificaterequest-cleaner.controller.ts'
import { podGroupProtectionController } from './podgroup-protection/podgroup-protection.controller.ts'
import { followRemoteKinds, noRemoteKinds } from './remote-kinds.ts'
import { replicaSetController } from './replicaset/replicaset.controller.ts'
import { replicationControllerController } from './replicationcontroller/replicationcontroller.controller.ts'
import { resourceClaimController } from './resourceclaim/resourceclaim.controller.ts'
import { resourceQuotaController } from './resourcequota/resourcequota.controller.ts'
import { rootCaCertificatePublisherController } from './root-ca-certificate-publisher/root-ca-certificate-publisher.controller.ts'
import type { Controller, ControllerContext } from './runner/controller.ts'
import { type RunningController, runController } from './runner/runner.ts'
import { selinuxWarningController } from './selinux-warning/selinux-warning.controller.ts'
import { serviceCidrController } from './service-cidr/service-cidr.controller.ts'
import { serviceLbController, type TakenPorts } from './service-lb/service-lb.controller.ts'
import { serviceAccountController } from './serviceaccount/serviceaccount.controller.ts'
import {
  serviceAccountTokenController,
  type TokenOptions,
} from './serviceaccount-token/serviceaccount-token.controller.ts'
import { statefulSetController } from './statefulset/statefulset.controller.ts'
import { storageVersionMigratorController } from './storage-version-migrator/storage-version-migrator.controller.ts'
import { taintEvictionController } from './taint-eviction/taint-eviction.controller.ts'
import { tokenCleanerController } from './token-cleaner/token-cleaner.controller.ts'
import { ttlController } from './ttl/ttl.controller.ts'
import { ttlAfterFinishedController } from './ttl-after-finished/ttl-after-finished.controller.ts'
import { validatingAdmissionPolicyStatusController } from './validatingadmissionpolicy-status/validatingadmissionpolicy-status.controller.ts'
import { volumeAttributesClassProtectionController } from './volumeattributesclass-protection/volumeattributesclass-protection.controller.ts'

export {
  SIGNERS,
  type SignerName,
  type SigningOptions,
} from './certificatesigningrequest-signing/signers.ts'
export type { TokenOptions } from './serviceaccount-token/serviceaccount-token.controller.ts'

export type { NodeDirectories, NodePrefixLengths }

export interface ControllersOptions {
  /** Upstream's --controllers: `*`, `-name` and `name`, separated by commas. Everything by default. */
  readonly enabled?: string
  /** PEM of the CA that pods are to trust; without it, no kube-root-ca.crt is published. */
  readonly certificateAuthority?: string
  /** The range of pod addresses, or one of each family; without it, nodes keep the podCIDRs that they come with. */
  readonly clusterCidr?: string
  readonly nodePrefixLengths?: NodePrefixLengths
  readonly terminatedPodThreshold?: number
  /** How tokens that live in Secrets are signed; without it, none are made. */
  readonly tokens?: TokenOptions
  readonly legacyTokenCleanUpPeriodMs?: number
  /** What signs certificates; without it, nobody does. */
  readonly signing?: SigningOptions
  /** By which the API server is known: no node is given a certificate for one of them unasked. */
  readonly serverNames?: readonly string[]
  /** The disks of nodes; without them, no volumes are made in directories of nodes. */
  readonly nodeDirectories?: NodeDirectories
  /** Ports on which programs of nodes listen; without it, Services of type LoadBalancer are left to others. */
  readonly takenPorts?: TakenPorts
  /** Whether those that name no class are left to others, too: a cloud has load balancers for them. */
  readonly balancesByClassOnly?: boolean
  /** Every kind that is served beside custom ones; the built-in ones that are served by default if absent. */
  readonly kinds?: () => readonly AnyKind[]
  /** Upstream's --feature-gates, which were checked; none are set by default. */
  readonly featureGates?: FeatureGates
  /** What a service account of kube-system writes with, e.g. `deployment-controller`; without it all controllers write as who starts them. */
  readonly clientAs?: (account: string) => Client
  /** Where they count; one that lasts over several times of leading goes on counting. */
  readonly figures?: FigureBook
}

interface ControllerEntry {
  readonly name: string
  /** Runs only where it is named, as upstream has it. */
  readonly isOffByDefault?: true
  /** Runs only where this kind is served. */
  readonly needs?: AnyKind
  /** Runs only where this feature gate is on. Those that upstream has and our table does not are `needs` alone. */
  readonly gate?: string
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
    name: 'serviceaccount-token-controller',
    create: (context, { tokens, certificateAuthority }) =>
      tokens
        ? serviceAccountTokenController(context, {
            ...tokens,
            ...(certificateAuthority ? { certificateAuthority } : {}),
          })
        : undefined,
  },
  {
    name: 'root-ca-certificate-publisher-controller',
    create: (context, { certificateAuthority }) =>
      certificateAuthority
        ? rootCaCertificatePublisherController(context, certificateAuthority)
        : undefined,
  },
  {
    name: 'node-ipam-controller',
    create: (context, { clusterCidr, nodePrefixLengths = {} }) =>
      clusterCidr ? nodeIpamController(context, { clusterCidr, nodePrefixLengths }) : undefined,
  },
  { name: 'deployment-controller', create: deploymentController },
  { name: 'replicaset-controller', create: replicaSetController },
  { name: 'replicationcontroller-controller', create: replicationControllerController },
  { name: 'statefulset-controller', create: statefulSetController },
  { name: 'job-controller', create: jobController },
  { name: 'daemonset-controller', create: daemonSetController },
  { name: 'horizontal-pod-autoscaler-controller', create: horizontalPodAutoscalerController },
  { name: 'ephemeral-volume-controller', create: ephemeralVolumeController },
  { name: 'persistentvolume-binder-controller', create: persistentVolumeBinderController },
  { name: 'resourceclaim-controller', create: resourceClaimController },
  {
    name: 'local-path-provisioner-controller',
    create: (context, { nodeDirectories }) =>
      nodeDirectories ? localPathProvisionerController(context, nodeDirectories) : undefined,
  },
  {
    name: 'persistentvolumeclaim-protection-controller',
    create: persistentVolumeClaimProtectionController,
  },
  { name: 'persistentvolume-protection-controller', create: persistentVolumeProtectionController },
  {
    name: 'persistentvolume-attach-detach-controller',
    create: persistentVolumeAttachDetachController,
  },
  { name: 'selinux-warning-controller', isOffByDefault: true, create: selinuxWarningController },
  { name: 'persistentvolume-expander-controller', create: persistentVolumeExpanderController },
  {
    name: 'volumeattributesclass-protection-controller',
    create: volumeAttributesClassProtectionController,
  },
  {
    name: 'podgroup-protection-controller',
    needs: podGroup,
    gate: 'GenericWorkload',
    create: podGroupProtectionController,
  },
  { name: 'endpointslice-controller', create: endpointSliceController },
  { name: 'endpoints-controller', create: endpointsController },
  { name: 'endpointslice-mirroring-controller', create: endpointSliceMirroringController },
  { name: 'node-lifecycle-controller', create: nodeLifecycleController },
  {
    name: 'service-lb-controller',
    create: (context, { takenPorts, balancesByClassOnly: byClassOnly = false }) =>
      takenPorts ? serviceLbController(context, { takenPorts, byClassOnly }) : undefined,
  },
  { name: 'taint-eviction-controller', create: taintEvictionController },
  { name: 'device-taint-eviction-controller', create: deviceTaintEvictionController },
  { name: 'cronjob-controller', create: cronJobController },
  { name: 'ttl-after-finished-controller', create: ttlAfterFinishedController },
  { name: 'resourcequota-controller', create: resourceQuotaController },
  { name: 'disruption-controller', create: disruptionController },
  { name: 'clusterrole-aggregation-controller', create: clusterRoleAggregationController },
  { name: 'ttl-controller', create: ttlController },
  { name: 'service-cidr-controller', create: serviceCidrController },
  {
    name: 'storage-version-migrator-controller',
    needs: storageVersionMigration,
    create: storageVersionMigratorController,
  },
  { name: 'bootstrap-signer-controller', isOffByDefault: true, create: bootstrapSignerController },
  { name: 'token-cleaner-controller', isOffByDefault: true, create: tokenCleanerController },
  {
    name: 'certificatesigningrequest-approving-controller',
    create: (context, { serverNames }) =>
      certificateSigningRequestApprovingController(context, serverNames),
  },
  {
    name: 'certificatesigningrequest-signing-controller',
    create: (context, { signing }) =>
      signing ? certificateSigningRequestSigningController(context, signing) : undefined,
  },
  {
    name: 'certificatesigningrequest-cleaner-controller',
    create: certificateSigningRequestCleanerController,
  },
  {
    name: 'podcertificaterequest-cleaner-controller',
    needs: podCertificateRequest,
    create: podCertificateRequestCleanerController,
  },
  {
    name: 'kube-apiserver-serving-clustertrustbundle-publisher-controller',
    needs: clusterTrustBundle,
    create: (context, { certificateAuthority }) =>
      certificateAuthority
        ? trustBundlePublisherController(context, certificateAuthority)
        : undefined,
  },
  {
    name: 'validatingadmissionpolicy-status-controller',
    create: validatingAdmissionPolicyStatusController,
  },
  {
    name: 'legacy-serviceaccount-token-cleaner-controller',
    create: (context, { legacyTokenCleanUpPeriodMs }) =>
      legacyServiceAccountTokenCleanerController(context, legacyTokenCleanUpPeriodMs),
  },
  { name: 'namespace-controller', create: namespaceController },
  { name: 'garbage-collector-controller', create: garbageCollectorController },
  {
    name: 'pod-garbage-collector-controller',
    create: (context, { terminatedPodThreshold }) =>
      podGarbageCollectorController(context, terminatedPodThreshold),
  },
]

const servedByDefault = servedKinds(builtInKinds, new Map())

export interface RunningControllers extends Running {
  readonly controllers: readonly RunningController[]
  /** What they count, under upstream's names. */
  readonly figures: FigureSource
}

/** Starts the enabled controllers. Throws UserError for a name that no controller has. */
export function startControllers(
  context: RoleContext,
  options: ControllersOptions = {},
): RunningControllers {
  const enabled = parseEnabled(options.enabled ?? '*')
  const kinds = options.kinds ?? (() => servedByDefault)
  const customKinds = kinds().includes(customResourceDefinition)
    ? followCustomKinds(context.informers)
    : noCustomKinds
  const { figures = createFigureBook(), featureGates = new Map() } = options
  const controllerContext: ControllerContext = {
    ...context,
    figures,
    featureGates,
    kinds: () => [...kinds(), ...customKinds.list()],
    customKinds,
    remoteKinds: kinds().includes(apiService) ? followRemoteKinds(context) : noRemoteKinds,
    recorder: recorderFor(context, context.client),
  }
  const contextOf = (controller: string): ControllerContext => {
    const account = accountOf(controller)
    if (account === undefined || !options.clientAs) return controllerContext
    const client = options.clientAs(account)
    return { ...controllerContext, client, recorder: recorderFor(context, client) }
  }
  const running: RunningController[] = []
  const served = new Set(kinds())
  for (const { name, needs, gate, create } of controllers) {
    const isServed = needs === undefined || served.has(needs)
    const isOn = gate === undefined || isGateOn(featureGates, gate)
    if (!isServed || !isOn || !enabled(name)) continue
    const ownContext = contextOf(name)
    const controller = create(ownContext, options)
    if (controller) running.push(runController(controller, ownContext))
  }
  let isStopped = false
  showRunning(figures, running, () => !isStopped)
  showWorkQueues(
    figures,
    new Map(running.map(({ queueName, queue }) => [queueName, queue])),
    context.clock,
  )
  return {
    controllers: running,
    figures: figures.source,
    async stop() {
      isStopped = true
      customKinds.stop()
      await Promise.all(running.map(controller => controller.stop()))
    },
  }
}

const recorderFor =
  ({ clock, random, log }: RoleContext, client: Client): ControllerContext['recorder'] =>
  component =>
    createEventRecorder(client, { clock, random, log, component })

function showRunning(
  book: FigureBook,
  running: readonly RunningController[],
  isRunning: () => boolean,
): void {
  book.gauge('running_managed_controllers', 'Controllers that run in this process.', () =>
    running.map(({ name }) => ({
      labels: { manager: 'kube-controller-manager', name },
      value: isRunning() ? 1 : 0,
    })),
  )
}

/**
 * Reads --controllers as upstream does: a name alone wins over `*`, the first mention counts, and without `*` only what is named
 * runs, so that leaving one out is written `*,-NAME`.
 */
export function parseEnabled(text: string): (name: string) => boolean {
  const items = text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item => item.replace(/^(-?)(.*)$/, (_, sign, name) => sign + (ALIASES[name] ?? name)))
  const names = new Set(controllers.map(({ name }) => name))
  for (const item of items) {
    const name = item.replace(/^-/, '')
    const isAbsent = UPSTREAM.has(name) && !names.has(name)
    if (isExclusion(item) && isAbsent) continue
    if (isAbsent)
      throw new UserError(
        `--controllers: Proa does not have the controller "${name}" yet; known are ${[...names].join(', ')}`,
      )
    if (name !== '*' && !names.has(name))
      throw new UserError(
        `--controllers: there is no controller "${name}"; known are ${[...names].join(', ')}`,
      )
  }
  const isOthers = items.includes('*')
  const offByDefault = new Set(
    controllers.filter(({ isOffByDefault }) => isOffByDefault).map(({ name }) => name),
  )
  return name => {
    const mention = items.find(item => item === name || item === `-${name}`)
    return mention === undefined ? isOthers && !offByDefault.has(name) : mention === name
  }
}

const isExclusion = (item: string): boolean => item.startsWith('-')
