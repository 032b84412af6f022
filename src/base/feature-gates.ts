/**
 * The feature gates of scheduling and of what belongs to it, of the pages for people, and of what tells who an API server is, by upstream's names, as v1.36 has them: one table, so that a gate means the
 * same to API server, controllers and scheduler. `locked` ones cannot be set to anything else; of the others, whoever asks
 * `isGateOn` heeds what was set. See docs/scheduler.md for which those are.
 */
import { UserError } from './errors.ts'

type Stage = 'alpha' | 'beta' | 'ga'
interface Gate {
  readonly stage: Stage
  readonly on: boolean
  readonly locked?: true
  /** Gates without which this one cannot be on. */
  readonly needs?: readonly string[]
}

const alpha: Gate = { stage: 'alpha', on: false }
const beta: Gate = { stage: 'beta', on: true }
const betaOff: Gate = { stage: 'beta', on: false }
const ga: Gate = { stage: 'ga', on: true }
const locked: Gate = { stage: 'ga', on: true, locked: true }

const known: Readonly<Record<string, Gate>> = {
  APIServerIdentity: beta,
  ComponentFlagz: beta,
  ComponentStatusz: beta,
  ConstrainedImpersonation: beta,
  DRAAdminAccess: locked,
  DRAConsumableCapacity: beta,
  DRADeviceBindingConditions: beta,
  DRADeviceTaintRules: { ...betaOff, needs: ['DRADeviceTaints'] },
  DRADeviceTaints: beta,
  DRAExtendedResource: beta,
  DRAListTypeAttributes: alpha,
  DRANodeAllocatableResources: alpha,
  DRAPartitionableDevices: beta,
  DRAPrioritizedList: ga,
  DRAResourceClaimDeviceStatus: beta,
  DRASchedulerFilterTimeout: beta,
  DRAWorkloadResourceClaims: { ...alpha, needs: ['GenericWorkload'] },
  DynamicResourceAllocation: locked,
  GangScheduling: { ...alpha, needs: ['GenericWorkload'] },
  GenericWorkload: alpha,
  InPlacePodLevelResourcesVerticalScaling: { ...beta, needs: ['PodLevelResources'] },
  InPlacePodVerticalScaling: locked,
  MatchLabelKeysInPodTopologySpread: beta,
  NodeDeclaredFeatures: beta,
  NodeInclusionPolicyInPodTopologySpread: locked,
  NominatedNodeNameForExpectation: beta,
  OpportunisticBatching: beta,
  PodLevelResources: beta,
  SchedulerAsyncAPICalls: betaOff,
  SchedulerAsyncPreemption: beta,
  SchedulerPopFromBackoffQ: beta,
  StorageCapacityScoring: alpha,
  TaintTolerationComparisonOperators: alpha,
  TopologyAwareWorkloadScheduling: { ...alpha, needs: ['GenericWorkload'] },
  UnknownVersionInteroperabilityProxy: { ...beta, needs: ['APIServerIdentity'] },
  VolumeAttributesClass: locked,
  VolumeLimitScaling: alpha,
  WorkloadAwarePreemption: { ...alpha, needs: ['GangScheduling'] },
}
/** Gates that set all of their stage which are not named themselves. */
const wholeStages: Readonly<Record<string, Stage>> = { AllAlpha: 'alpha', AllBeta: 'beta' }

/** What was set; all others are as they are by default. */
export type FeatureGates = ReadonlyMap<string, boolean>

export function isGateOn(gates: FeatureGates, name: string): boolean {
  const given = gates.get(name)
  if (given !== undefined) return given
  const gate = known[name]
  for (const [whole, stage] of Object.entries(wholeStages))
    if (gate?.stage === stage && gates.has(whole)) return gates.get(whole) === true
  return gate?.on === true
}

const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True']
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False']

/** The one component whose gates there are; it may be named before a gate. */
const COMPONENT = 'kube'

/** Reads `GangScheduling=true,kube:OpportunisticBatching=false`. Throws a UserError in upstream's words. */
export function parseFeatureGates(text: string): FeatureGates {
  const gates = new Map<string, boolean>()
  for (const part of text.split(',').map(part => part.trim())) {
    if (part === '') continue
    const [, component = COMPONENT, setting = ''] = /^(?:([^:=]*):)?(.*)$/s.exec(part) ?? []
    if (component !== COMPONENT) throw new UserError(`component not registered: ${component}`)
    const [name = '', value] = setting.split(/=(.*)/s).map(word => word.trim())
    if (value === undefined) throw new UserError(`missing bool value for ${name}`)
    if (!TRUE.includes(value) && !FALSE.includes(value)) {
      const why = `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`
      throw new UserError(`invalid value of ${name}=${value}, err: ${why}`)
    }
    gates.set(name, TRUE.includes(value))
  }
  checkFeatureGates(gates)
  return gates
}

/** Whether there are such gates, and they may be set so. Throws a UserError in upstream's words. */
export function checkFeatureGates(gates: FeatureGates): void {
  for (const [name, on] of gates) {
    const gate = Object.hasOwn(known, name) ? known[name] : undefined
    if (!gate && !Object.hasOwn(wholeStages, name))
      throw new UserError(`unrecognized feature gate: ${name}`)
    if (gate?.locked && gate.on !== on)
      throw new UserError(
        `cannot set feature gate ${name} to ${on}, feature is locked to ${gate.on}`,
      )
  }
  checkNeeds(gates)
}

function checkNeeds(gates: FeatureGates): void {
  const lines = Object.entries(known).flatMap(([name, { needs = [] }]) => {
    const missing = isGateOn(gates, name) ? needs.filter(need => !isGateOn(gates, need)) : []
    return missing.length > 0
      ? [`${name} is enabled, but depends on features that are disabled: [${missing.join(' ')}]`]
      : []
  })
  if (lines.length > 0) throw new UserError(lines.join('\n'))
}
