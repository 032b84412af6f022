/** Under which addresses a pod is known. */

/** In the order of the node's families, of which the first is the pod's first; runtimes have an order of their own, mostly IPv4 first. */
export function inOrderOfNode(
  ips: readonly string[],
  nodeAddresses: readonly string[],
): readonly string[] {
  const isFirst = (ip: string) => ip.includes(':') === nodeAddresses[0]?.includes(':')
  return ips.length < 2 ? ips : [...ips].sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)))
}
