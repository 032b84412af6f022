/** The bytes of an IP address, as certificates carry it: 4 for IPv4, 16 for IPv6. */
export function addressBytes(address: string): Uint8Array {
  if (!address.includes(':')) return Uint8Array.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const groups = (text: string | undefined) => (text ? text.split(':').flatMap(wordsOf) : [])
  const front = groups(head)
  const back = groups(tail)
  const middle = tail === undefined ? 0 : 8 - front.length - back.length
  const words = [...front, ...Array<number>(middle).fill(0), ...back]
  return Uint8Array.from(words.flatMap(word => [word >> 8, word & 0xff]))
}

/** One group of an IPv6 address is one word, or two where it is a dotted IPv4 tail. */
function wordsOf(group: string): number[] {
  if (!group.includes('.')) return [Number.parseInt(group, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
  return [(a << 8) | b, (c << 8) | d]
}
