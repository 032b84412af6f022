import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prefixLengthsOf } from './single-controller-manager.ts'

const [FOUR, SIX] = ['10.244.0.0/16', 'fd00:10:244::/56']
const lengths = (
  clusterCidr: string,
  sizes: readonly [all?: number, ipv4?: number, ipv6?: number] = [],
) => {
  const [nodeCidrMaskSize, nodeCidrMaskSizeIpv4, nodeCidrMaskSizeIpv6] = sizes
  return prefixLengthsOf({
    ...{ clusterCidr, nodeCidrMaskSize, nodeCidrMaskSizeIpv4, nodeCidrMaskSizeIpv6 },
  })
}

test('nodes get as much of each family as somebody says', () => {
  assert.deepEqual(lengths(FOUR), { ipv4: undefined, ipv6: undefined })
  assert.deepEqual(lengths(FOUR, [26]), { ipv4: 26, ipv6: undefined })
  assert.deepEqual(lengths(SIX, [68]), { ipv4: undefined, ipv6: 68 })
  assert.deepEqual(lengths(`${FOUR},${SIX}`, [undefined, 25, 60]), { ipv4: 25, ipv6: 60 })
})

const REFUSED: readonly [string, readonly [number?, number?, number?], RegExp][] = [
  [FOUR, [undefined, undefined, 64], /-ipv6 is not allowed for a single-stack IPv4 cluster$/],
  [SIX, [undefined, 24], /-ipv4 is not allowed for a single-stack IPv6 cluster$/],
  [`${FOUR},${SIX}`, [24], /^usage of --node-cidr-mask-size is not allowed with dual-stack/],
  [FOUR, [24, 24], /is not allowed if --node-cidr-mask-size is set\. For dual-stack clusters/],
  [FOUR, [8], /--node-cidr-mask-size 8 must be from 16, that of --cluster-cidr, to 30/],
  [SIX, [undefined, undefined, 127], /127 must be from 56, .* to 126/],
  [SIX, [undefined, undefined, 80], /New CIDR set failed; the node CIDR size is too big/],
  ['fd00::/40', [], /New CIDR set failed; the node CIDR size is too big/],
]
for (const [clusterCidr, sizes, why] of REFUSED)
  test(`it is refused: ${clusterCidr} with ${sizes.join() || 'nothing'}`, () => {
    assert.throws(() => lengths(clusterCidr, sizes), { name: 'UserError', message: why })
  })
