/** Controller managers one after the other: whenever one dies, the next begins with nothing but what the API says. */
import { kinds } from '#api/kinds.ts'
import { servedKinds } from '#api/runtime-config.ts'
import type { Clock } from '#base/clock.ts'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import { createEventRecorder } from '#client/events.ts'
import { createInformers } from '#client/informers.ts'
import type { Running } from '#client/role.ts'
import { controllers } from '../../controllers.ts'
import { followCustomKinds } from '../../custom-kinds.ts'
import { noRemoteKinds } from '../../remote-kinds.ts'
import type { Controller, ControllerContext } from '../../runner/controller.ts'
import { runController } from '../../runner/runner.ts'
import { stormyClient } from './stormy-client.ts'

/** A defect that is put into controllers on purpose. */
export type Plant = (controller: Controller) => Controller

export interface ManagersOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly rages: () => boolean
  readonly plant?: Plant
}

const RESTART_MS = 200
const served = servedKinds(kinds, new Map())
const CONTROLLER_OPTIONS = {
  certificateAuthority: 'the certificate of the cluster',
  clusterCidr: '10.0.0.0/16',
}

export class Managers {
  readonly #options: ManagersOptions
  #running: Running[] = []
  #isStopped = false
  deaths = 0
  reconciles = 0
  #counts: (() => number)[] = []

  constructor(options: ManagersOptions) {
    this.#options = options
    this.#begin()
  }

  #begin(): void {
    if (this.#isStopped) return
    const { client: truth, clock, random, rages, plant = same => same } = this.#options
    const client = stormyClient(truth, { clock, random, rages, die: () => this.#die() })
    const informers = createInformers(client, { clock, random, log: silentLog })
    const customKinds = followCustomKinds(informers)
    const context: ControllerContext = {
      client,
      informers,
      clock,
      random,
      log: silentLog,
      figures: createFigureBook(),
      kinds: () => served,
      featureGates: new Map(),
      customKinds,
      remoteKinds: noRemoteKinds,
      recorder: component =>
        createEventRecorder(truth, { clock, random, log: silentLog, component }),
    }
    this.#running = [
      { stop: async () => informers.stop() },
      { stop: async () => customKinds.stop() },
    ]
    this.#counts = []
    for (const { create } of controllers) {
      const controller = create(context, CONTROLLER_OPTIONS)
      if (!controller) continue
      const running = runController(plant(controller), context)
      this.#running.push(running)
      this.#counts.push(() => running.counts.reconciles)
    }
  }

  #die(): void {
    this.deaths++
    this.#end()
    this.#options.clock.after(RESTART_MS, () => this.#begin())
  }

  /** Nobody waits for what is under way: its requests are never answered. */
  #end(): void {
    this.reconciles += this.#counts.reduce((sum, count) => sum + count(), 0)
    for (const part of this.#running) void part.stop()
    this.#running = []
  }

  stop(): void {
    this.#isStopped = true
    this.#end()
  }
}
