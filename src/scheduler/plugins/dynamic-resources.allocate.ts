/** Chooses devices of a node for claims: all wishes of all claims at once, or none. */
import { compareQuantities, formatQuantity, subtractQuantities } from '#api/machinery/quantity.ts'
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import type { DeviceClass } from '#api/resource/v1/device-class.ts'
import type { Device, DeviceTaint } from '#api/resource/v1/devices.schema.ts'
import type { DeviceSubRequest, ExactDeviceRequest } from '#api/resource/v1/requests.schema.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { type Amounts, amountsFor, hasRoomFor, sumOf } from './dynamic-resources.capacity.ts'
import { type Candidate, counterKey, poolKey } from './dynamic-resources.pools.ts'
import { meetsAll } from './dynamic-resources.select.ts'
import { areTolerated } from './dynamic-resources.taints.ts'

/** Choices that are tried for one node; wishes that take more are taken for impossible to meet. */
const STEPS_LIMIT = 50_000

export interface AllocationWorld {
  readonly candidates: readonly Candidate[]
  /** Ids of devices that others have. */
  readonly inUse: ReadonlySet<string>
  /** What is left of each counter. */
  readonly counters: ReadonlyMap<string, string>
  readonly classNamed: (name: string) => DeviceClass | undefined
  /** What others take of devices that may be shared, by id. */
  readonly shares: ReadonlyMap<string, Amounts>
  /** Whether devices that allow several users may have them. */
  readonly isSharing: boolean
  /** Whether devices may have to be made ready on the node first; then its name. */
  readonly preparingNode: string | undefined
  /** Tells apart several shares of a device. */
  readonly newShareId: () => string
  /** What keeps claims off a device that do not tolerate it. */
  readonly taintsOf: (candidate: Candidate) => readonly DeviceTaint[]
}

interface Choice {
  readonly claim: ResourceClaim
  /** As `main` or `main/sub`. */
  readonly request: string
  readonly wish: Wish
  readonly candidate: Candidate
  /** What it takes of a device that others may use, too. */
  readonly amounts?: Amounts
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
  /** What is taken of shared devices, by others too, of those that are chosen here. */
  readonly #shares = new Map<string, Amounts>()
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
      const repeats = !isAll && fitting.some(({ device }) => this.#isShared(device))
      const next = { claim: slot.claim, request, wish, repeats }
      return this.#pick(next, fitting, { from: 0, left: count, rest: () => this.#fill(index + 1) })
    })
  }

  /** Takes so many of the candidates, from one place on, in every way until the rest fits too. */
  #pick(
    { repeats, ...next }: Omit<Choice, 'candidate'> & { readonly repeats: boolean },
    fitting: readonly Candidate[],
    { from, left, rest }: { from: number; left: number; rest: () => boolean },
  ): boolean {
    if (left === 0) return rest()
    for (let i = from; i + (repeats ? 1 : left) <= fitting.length; i++) {
      const candidate = fitting[i]
      if (!candidate || ++this.#steps > STEPS_LIMIT) return false
      const choice = { ...next, candidate }
      const undo = this.#take(choice)
      if (!undo) continue
      // A shared device may serve a request several times.
      const following = repeats && this.#isShared(candidate.device) ? i : i + 1
      if (this.#pick({ repeats, ...next }, fitting, { from: following, left: left - 1, rest }))
        return true
      undo()
    }
    return false
  }

  /** Gives how to put it back; undefined where it cannot be taken. */
  #take(choice: Choice): (() => void) | undefined {
    const { candidate, wish } = choice
    if (!agreesWith(choice, this.#chosen)) return undefined
    const isAdmin = 'adminAccess' in wish && wish.adminAccess === true
    const amounts = isAdmin ? {} : amountsFor(candidate.device, wish.capacity?.requests)
    if (!amounts) return undefined
    const release = isAdmin ? () => {} : this.#occupy(candidate, amounts)
    if (!release) return undefined
    const isShared = !isAdmin && this.#isShared(candidate.device)
    this.#chosen.push(isShared ? { ...choice, amounts } : choice)
    return () => {
      this.#chosen.pop()
      release()
    }
  }

  #isShared({ allowMultipleAllocations }: Device): boolean {
    return this.#world.isSharing && allowMultipleAllocations === true
  }

  /** Takes a device, or a share of one. */
  #occupy(candidate: Candidate, amounts: Amounts): (() => void) | undefined {
    const { id, device } = candidate
    const isShared = this.#isShared(device)
    const own = this.#shares.get(id)
    const known = own ?? this.#world.shares.get(id)
    if (this.#taken.has(id) || this.#world.inUse.has(id) || (known && !isShared)) return undefined
    const sum = sumOf(known ?? {}, amounts)
    if (isShared && !hasRoomFor(device, sum)) return undefined
    const before = this.#counters
    // The first user of a shared device draws for all.
    const left = known ? before : drawn(candidate, before)
    if (!left) return undefined
    this.#counters = left
    if (isShared) this.#shares.set(id, sum)
    else this.#taken.add(id)
    return () => {
      this.#counters = before
      this.#taken.delete(id)
      if (own) this.#shares.set(id, own)
      else this.#shares.delete(id)
    }
  }

  #candidatesFor(wish: Wish): readonly Candidate[] {
    const known = this.#fitting.get(wish)
    if (known) return known
    const { candidates, classNamed, taintsOf } = this.#world
    const { selectors } = classNamed(wish.deviceClassName)?.spec ?? {}
    const fitting = candidates.filter(
      candidate =>
        areTolerated(taintsOf(candidate), wish.tolerations) &&
        meetsAll(selectors, candidate) &&
        meetsAll(wish.selectors, candidate),
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
  world: AllocationWorld,
): AllocationResult {
  const { classNamed } = world
  const own = chosen.filter(choice => choice.claim === claim)
  const results = own.map(choice => resultFor(choice, world))
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
  const nodeSelector = reachOf(own, world)
  return {
    devices: { results, ...(config.length > 0 ? { config } : {}) },
    ...(nodeSelector ? { nodeSelector } : {}),
  } as unknown as AllocationResult
}

function resultFor(
  { request, wish, candidate: { driver, pool, device }, amounts }: Choice,
  { preparingNode, newShareId }: AllocationWorld,
): object {
  const { bindingConditions, bindingFailureConditions } = preparingNode === undefined ? {} : device
  return {
    request,
    driver,
    pool,
    device: device.name,
    ...('adminAccess' in wish && wish.adminAccess ? { adminAccess: true } : {}),
    ...(wish.tolerations?.length ? { tolerations: wish.tolerations } : {}),
    ...(bindingConditions?.length ? { bindingConditions } : {}),
    ...(bindingFailureConditions?.length ? { bindingFailureConditions } : {}),
    ...(amounts ? { shareID: newShareId() } : {}),
    ...(amounts && Object.keys(amounts).length > 0 ? { consumedCapacity: amounts } : {}),
  }
}

/** Where all the devices can be used: the node that one is tied to, or one term with the conditions of each. */
function reachOf(
  chosen: readonly Choice[],
  { preparingNode }: AllocationWorld,
): object | undefined {
  const isTied = chosen.some(({ candidate: { device } }) => device.bindsToNode)
  if (isTied && preparingNode !== undefined) {
    const field = { key: 'metadata.name', operator: 'In', values: [preparingNode] }
    return { nodeSelectorTerms: [{ matchFields: [field] }] }
  }
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
