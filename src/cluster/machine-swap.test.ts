import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostAccess } from '#kubelet'
import { checkSwap, type SwapWanted } from './machine-swap.ts'

const NONE = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'
const SOME = `${NONE}/dev/sda2                               partition\t8388604\t\t0\t\t-2\n`

const check = (wanted: SwapWanted, swaps: string | undefined, version: 1 | 2 = 2) =>
  checkSwap(
    wanted,
    { cgroups: { version: async () => version } } as unknown as Pick<HostAccess, 'cgroups'>,
    swaps,
  )

test('a machine with swap will not do, unless nobody minds', async () => {
  await assert.rejects(check({ failSwapOn: true }, SOME), {
    name: 'UserError',
    message:
      'running with swap on is not supported, please disable swap or set --fail-swap-on flag to false',
  })
  await check({ failSwapOn: true }, NONE)
  await check({ failSwapOn: true }, undefined)
  await check({}, SOME)
})

test('LimitedSwap wants control groups that can limit it', async () => {
  const limited = { options: { swapBehavior: 'LimitedSwap' } } as const
  await assert.rejects(check(limited, SOME, 1), {
    name: 'UserError',
    message: 'swap feature is enabled and LimitedSwap but it is only supported with cgroupv2',
  })
  await check(limited, SOME)
  await check({ options: { swapBehavior: 'NoSwap' } }, SOME, 1)
})
