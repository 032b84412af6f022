/** Chooses devices of a node for claims: all wishes of all claims at once, or none. */
import { compareQuantities, formatQuantity, subtractQuantities } from '#api/machinery/quantity.ts'
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import type { DeviceClass } from '#api/resource/v1/device-class.ts'
import type { Device } from '#api/resource/v1/devices.schema.ts'
import type {
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
} from '#api/resource/v1/requests.schema.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { type Candidate, counterKey, poolKey } from './dynamic-resources.pools.ts'
import { meetsAll } from './dynamic-resources.select.ts'

/** Choices that are tried for one node; wishes that take more are taken for impossible to meet. */
const STEPS_LIMIT = 50_000

export interface AllocationWorld {
  readonly candidates: readonly Candidate[]
  /** Ids of devices that others have. */
  readonly inUse: ReadonlySet<string>
  /** What is left of each counter. */
  readonly counters: ReadonlyMap<string, string>
  readonly classNamed: (name: string) => DeviceClass | undefined
}

interface Choice {
  readonly claim: ResourceClaim
  /** As `main` or `main/sub`. */
  readonly request: string
  readonly wish: Wish
  readonly candidate: Candidate
}
type Wish = ExactDeviceRequest | DeviceSubRequest

interface Slot {
  readonly claim: ResourceClaim
  readonly alternatives: readonly { readonly request: string; readonly wish: Wish }[]
}

/** What each claim is given, in the order of the claims; undefined where that cannot be done. Throws for conditions that fail. */
export function allocate(
  claims: readonly ResourceClaim[],
  world: AllocationWorld,
): AllocationResult[] | undefined {
  const search = new Search(claims.flatMap(slotsOf), world)
  const chosen = search.run()
  return chosen && claims.map(claim => resultOf(claim, chosen, world))
}

function slotsOf(claim: ResourceClaim): Slot[] {
  return claim.spec.devices.requests.map(({ name, exactly, firstAvailable = [] }) => ({
    claim,
    alternatives: exactly
      ? [{ request: name, wish: exactly }]
      : firstAvailable.map(wish => ({ request: `${name}/${wish.name}`, wish })),
  }))
}

class Search {
  readonly #slots: readonly Slot[]
  readonly #world: AllocationWorld
  readonly #chosen: Choice[] = []
  readonly #taken = new Set<string>()
  readonly #fitting = new Map<Wish, readonly Candidate[]>()
  #counters: Map<string, string>
  #steps = 0

  constructor(slots: readonly Slot[], world: AllocationWorld) {
    this.#slots = slots
    this.#world = world
    this.#counters = new Map(world.counters)
  }

  run(): readonly Choice[] | undefined {
    return this.#fill(0) ? this.#chosen : undefined
  }

  #fill(index: number): boolean {
    const slot = this.#slots[index]
    if (!slot) return true
    return slot.alternatives.some(({ request, wish }) => {
      const fitting = this.#candidatesFor(wish)
      const isAll = wish.allocationMode === 'All'
      if (isAll && fitting.length === 0) return false
      const count = isAll ? fitting.length : Number(wish.count ?? 1)
      const next = { claim: slot.claim, request, wish }
      return this.#pick(next, fitting, { from: 0, left: count, rest: () => this.#fill(index + 1) })
    })
  }

  /** Takes so many of the candidates, from one place on, in every way until the rest fits too. */
  #pick(
    next: Omit<Choice, 'candidate'>,
    fitting: readonly Candidate[],
    { from, left, rest }: { from: number; left: number; rest: () => boolean },
  ): boolean {
    if (left === 0) return rest()
    for (let i = from; i + left <= fitting.length; i++) {
      const candidate = fitting[i]
      if (!candidate || ++this.#steps > STEPS_LIMIT) return false
      const choice = { ...next, candidate }
      const undo = this.#take(choice)
      if (!undo) continue
      if (this.#pick(next, fitting, { from: i + 1, left: left - 1, rest })) return true
      undo()
    }
    return false
  }

  /** Gives how to put it back; undefined where it cannot be taken. */
  #take(choice: Choice): (() => void) | undefined {
    const { candidate, wish } = choice
    const isAdmin = 'adminAccess' in wish && wish.adminAccess === true
    const { id } = candidate
    if (!isAdmin && (this.#taken.has(id) || this.#world.inUse.has(id))) return undefined
    if (!agreesWith(choice, this.#chosen)) return undefined
    const before = this.#counters
    if (!isAdmin) {
      const left = drawn(candidate, before)
      if (!left) return undefined
      this.#counters = left
      this.#taken.add(id)
    }
    this.#chosen.push(choice)
    return () => {
      this.#chosen.pop()
      this.#counters = before
      if (!isAdmin) this.#taken.delete(id)
    }
  }

  #candidatesFor(wish: Wish): readonly Candidate[] {
    const known = this.#fitting.get(wish)
    if (known) return known
    const { candidates, classNamed } = this.#world
    const { selectors } = classNamed(wish.deviceClassName)?.spec ?? {}
    const fitting = candidates.filter(
      ({ driver, device }) =>
        isTolerated(device, wish.tolerations) &&
        meetsAll(selectors, { driver, device }) &&
        meetsAll(wish.selectors, { driver, device }),
    )
    this.#fitting.set(wish, fitting)
    return fitting
  }
}

/** What is left of the counters once the device is in use; undefined where there is not enough. */
export function drawn(
  { driver, pool, device }: Pick<Candidate, 'driver' | 'pool' | 'device'>,
  counters: ReadonlyMap<string, string>,
): Map<string, string> | undefined {
  const left = new Map(counters)
  for (const { counterSet, counters: amounts } of device.consumesCounters ?? [])
    for (const [name, { value }] of Object.entries(amounts)) {
      const key = counterKey(poolKey(driver, pool), counterSet, name)
      const available = left.get(key)
      if (available === undefined || compareQuantities(available, value) < 0) return undefined
      left.set(key, formatQuantity(subtractQuantities(available, value)))
    }
  return left
}

function isTolerated(
  { taints = [] }: Device,
  tolerations: readonly DeviceToleration[] = [],
): boolean {
  return taints.every(
    taint =>
      taint.effect === 'None' ||
      tolerations.some(({ key, operator, value, effect }) => {
        if ((effect && effect !== taint.effect) || (key && key !== taint.key)) return false
        return operator === 'Exists' || (value ?? '') === (taint.value ?? '')
      }),
  )
}

/** Whether the choice keeps to what its claim says about several devices. */
function agreesWith(choice: Choice, others: readonly Choice[]): boolean {
  const { constraints = [] } = choice.claim.spec.devices
  return constraints.every(({ requests = [], matchAttribute, distinctAttribute }) => {
    const isMeant = ({ claim, request }: Choice) =>
      claim === choice.claim &&
      (requests.length === 0 || requests.includes(request) || requests.includes(mainOf(request)))
    if (!isMeant(choice)) return true
    const name = matchAttribute ?? distinctAttribute
    if (name === undefined) return false
    const own = attributeText(choice.candidate, name)
    if (own === undefined) return false
    const given = others.filter(isMeant).map(({ candidate }) => attributeText(candidate, name))
    return given.every(other => (other === own) === (matchAttribute !== undefined))
  })
}

const mainOf = (request: string): string => request.split('/')[0] ?? ''

/** An attribute whose domain is the driver's may be published without it. */
function attributeText({ driver, device }: Candidate, name: string): string | undefined {
  const { attributes = {} } = device
  const short = name.startsWith(`${driver}/`) ? name.slice(driver.length + 1) : name
  const found = attributes[name] ?? attributes[short]
  return found && JSON.stringify(found)
}

function resultOf(
  claim: ResourceClaim,
  chosen: readonly Choice[],
  { classNamed }: AllocationWorld,
): AllocationResult {
  const own = chosen.filter(choice => choice.claim === claim)
  const results = own.map(({ request, wish, candidate: { driver, pool, device } }) => ({
    request,
    driver,
    pool,
    device: device.name,
    ...('adminAccess' in wish && wish.adminAccess ? { adminAccess: true } : {}),
    ...(wish.tolerations?.length ? { tolerations: wish.tolerations } : {}),
  }))
  const wishes = new Map(own.map(({ request, wish }) => [request, wish]))
  const fromClasses = [...wishes].flatMap(([request, { deviceClassName }]) =>
    (classNamed(deviceClassName)?.spec.config ?? []).map(config => ({
      source: 'FromClass',
      requests: [request],
      ...config,
    })),
  )
  const fromClaim = (claim.spec.devices.config ?? []).flatMap(config => {
    const { requests = [] } = config
    const isMeant = (request: string) =>
      requests.includes(request) || requests.includes(mainOf(request))
    const applies = requests.length === 0 || [...wishes.keys()].some(isMeant)
    return applies ? { source: 'FromClaim', ...config } : []
  })
  const config = [...fromClasses, ...fromClaim]
  const nodeSelector = reachOf(own)
  return {
    devices: { results, ...(config.length > 0 ? { config } : {}) },
    ...(nodeSelector ? { nodeSelector } : {}),
  } as unknown as AllocationResult
}

/** Where all the devices can be used: one term with the conditions of each. */
function reachOf(chosen: readonly Choice[]): object | undefined {
  const terms = chosen.flatMap(({ candidate: { reach } }) => reach?.slice(0, 1) ?? [])
  if (terms.length === 0) return undefined
  const merged = (field: 'matchExpressions' | 'matchFields') => {
    const texts = new Set(
      terms.flatMap(term => (term[field] ?? []).map(part => JSON.stringify(part))),
    )
    return texts.size > 0 ? { [field]: [...texts].map(text => JSON.parse(text)) } : {}
  }
  return { nodeSelectorTerms: [{ ...merged('matchExpressions'), ...merged('matchFields') }] }
}
