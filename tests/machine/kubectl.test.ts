/** What people do with kubectl on real containers, a short case each. One cluster for all of them, and at the end nothing of it is left. */
import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { adoptionCases } from './kubectl/adoption.ts'
import { Bench, NAMESPACE } from './kubectl/bench.ts'
import { commandCases } from './kubectl/commands.ts'
import { lifeCases } from './kubectl/life.ts'
import { measures } from './kubectl/measures.ts'
import { networkCases } from './kubectl/network.ts'
import { podCases } from './kubectl/pods.ts'
import { resizeCases } from './kubectl/resize.ts'
import { usageCases } from './kubectl/usage.ts'
import { volumeCases } from './kubectl/volumes.ts'
import { NO_TRACES, ownIds, ProaProcess, traces, whyNotHere } from './proa-process.ts'

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

describe('kubectl on real containers', { skip: reason !== undefined }, () => {
  const proa = new ProaProcess()
  const bench = new Bench(proa)
  // Most of a case is waiting for processes.
  const together = { concurrency: 3 }

  before(async () => {
    proa.loadImage()
    await proa.start()
    await bench.kubectl.run(`create namespace ${NAMESPACE}`)
  })

  after(async () => {
    await proa.end('SIGKILL')
    proa.reset()
    rmSync(bench.scratch, { recursive: true, force: true })
  })

  describe('commands', together, () => commandCases(bench))
  describe('pods', together, () => podCases(bench))
  describe('resize', together, () => resizeCases(bench))
  describe('volumes', together, () => volumeCases(bench))
  describe('network', together, () => networkCases(bench))
  describe('probes and hooks', together, () => lifeCases(bench))
  describe('usage', together, () => usageCases(bench))
  describe('measures', () => measures(bench))
  describe('adoption', () => adoptionCases(bench))

  test('a reset takes away all that is left', { timeout: 600_000 }, async () => {
    const ids = ownIds(proa)
    assert.notDeepEqual(ids, [])
    assert.equal(await proa.end('SIGTERM'), 0)
    assert.equal(proa.reset().code, 0)
    assert.deepEqual(await traces(proa, ids), NO_TRACES)
    const logs = readdirSync('/var/log/pods').filter(name => name.startsWith(`${NAMESPACE}_`))
    assert.deepEqual(logs, [])
  })
})
