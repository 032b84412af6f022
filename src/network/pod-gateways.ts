/**
 * A pod's way out over IPv6. Its gateway is an address of this host's end of the pod's link, which the kernel does not answer for as long as it
 * asks whether somebody else has it: a second or two in which the pod would reach nobody. Nobody else can have it, so that it is put there
 * without asking.
 */
import { tryCommand } from '#host/command.ts'

interface ShownRoute {
  readonly dst: string
  readonly dev?: string
}

/** `addresses` are the pod's, `gateways` those of the node's ranges. Resolves when the pod's packets get out; never rejects, since a wait does no lasting harm. */
export async function openGateways(
  addresses: readonly string[],
  gateways: readonly string[],
): Promise<void> {
  const pod = addresses.find(isIpv6)
  const gateway = gateways.find(isIpv6)
  if (pod === undefined || gateway === undefined) return
  const { stdout = '' } = (await run(['-6', '-j', 'route', 'show', pod])) ?? {}
  const device = linkOf(stdout)
  if (device === undefined) return
  const address = `${gateway}/128 dev ${device}`
  await run(
    ['-6', '-force', '-batch', '-'],
    [`address del ${address}`, `address add ${address} nodad`],
  )
}

const isIpv6 = (address: string) => address.includes(':')

/** Whose route leads to the pod; what other machines' pods are reached by is none. */
export function linkOf(shown: string): string | undefined {
  const routes: readonly ShownRoute[] = shown.startsWith('[') ? JSON.parse(shown) : []
  return routes.find(({ dst }) => !dst.includes('/'))?.dev
}

const run = (words: readonly string[], lines?: readonly string[]) =>
  tryCommand('ip', words, lines ? { input: `${lines.join('\n')}\n` } : {}).catch(() => undefined)
