/** Lives of federations: clusters killed, cut off and back, the host killed, copies changed and taken away, objects of others in the way. */
import { test } from 'node:test'
import { live } from './federation-life.ts'

const LIVES = Number(process.env.LIVES ?? 2)
const FIRST = Number(process.env.FIRST_SEED ?? 1)
const STEPS = 30

for (let seed = FIRST; seed < FIRST + LIVES; seed++)
  test(`life ${seed}`, { timeout: 240_000 }, () => live(seed, STEPS))
