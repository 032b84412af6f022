/**
 * What becomes of a packet by the rules that `nft -j` lists, without sending it: every end that it may come to. Only what rules of Services are made of is
 * understood; anything else throws.
 */

// biome-ignore lint/suspicious/noExplicitAny: as the program prints it
type Any = any

export interface Packet {
  readonly source: string
  readonly destination: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly port: number
}

interface State extends Packet {
  readonly mark: number
  readonly masquerade: boolean
  readonly isTranslated: boolean
}

type Verdict = 'next' | 'return' | 'accept' | 'drop' | 'reject'
type End = readonly [State, Verdict]

export class Judge {
  readonly #chains = new Map<string, Any[]>()
  readonly #bases: Any[] = []
  readonly #maps = new Map<string, Any>()
  readonly #local: ReadonlySet<string>

  constructor(listing: string, local: readonly string[]) {
    this.#local = new Set(local)
    for (const { chain, rule, map, set } of JSON.parse(listing).nftables as Any[]) {
      if (chain) this.#chains.set(chain.name, [])
      if (chain?.hook) this.#bases.push(chain)
      if (rule) this.#chains.get(rule.chain)?.push(rule.expr)
      if (map ?? set) this.#maps.set((map ?? set).name, map ?? set)
    }
  }

  /** `10.244.0.5:8080 masqueraded`, `drop`, `reject` or `untouched`, each once. */
  ends(packet: Packet): string[] {
    const isOwn = this.#local.has(packet.source)
    let states: State[] = [{ ...packet, mark: 0, masquerade: false, isTranslated: false }]
    const ends = new Set<string>()
    const pass = (hook: string) => {
      for (const { name } of this.#bases
        .filter(base => base.hook === hook)
        .sort((a, b) => a.prio - b.prio)) {
        const after = states.flatMap(state => this.#run(name, state))
        for (const [, verdict] of after)
          if (verdict === 'drop' || verdict === 'reject') ends.add(verdict)
        states = after.filter(([, each]) => each !== 'drop' && each !== 'reject').map(([s]) => s)
      }
    }
    pass(isOwn ? 'output' : 'prerouting')
    const isIn = ({ destination }: State) => this.#local.has(destination)
    const all = states
    states = all.filter(isIn)
    pass('input')
    for (const { destination, port } of states)
      ends.add(destination === packet.destination ? 'untouched' : `${destination}:${port} here`)
    states = all.filter(state => !isIn(state))
    if (!isOwn) pass('forward')
    pass('postrouting')
    for (const { destination, port, masquerade } of states) {
      const isSame = destination === packet.destination && port === packet.port
      // A pod that reaches itself is on the node that judges it, or not asked about.
      const from = masquerade && destination !== packet.source ? ' masqueraded' : ''
      ends.add(isSame ? 'untouched' : `${destination}:${port}${from}`)
    }
    return [...ends].sort()
  }

  #run(chain: string, state: State): End[] {
    let open: State[] = [state]
    const ends: End[] = []
    for (const rule of this.#chains.get(chain) ?? []) {
      const next: State[] = []
      for (const each of open)
        for (const [after, verdict] of this.#rule(rule, each))
          if (verdict === 'next') next.push(after)
          else ends.push([after, verdict])
      open = next
    }
    const all: End[] = [...ends, ...open.map((each): End => [each, 'return'])]
    return dedupe(all)
  }

  #rule(statements: Any[], state: State): End[] {
    let states: State[] = [state]
    for (const [index, statement] of statements.entries()) {
      const kind = Object.keys(statement)[0] as string
      const value = statement[kind]
      if (kind === 'match') {
        states = states.filter(each => this.#matches(value, each))
        if (states.length === 0) return [[state, 'next']]
      } else if (kind === 'vmap') {
        const rest = statements.slice(index + 1)
        if (rest.length > 0) throw new Error('something behind a map of verdicts')
        return states.flatMap(each => this.#verdictMap(value, each))
      } else if (kind === 'mangle') {
        states = states.map(each => ({ ...each, mark: Number(this.#value(value.value, each)) }))
      } else if (kind === 'dnat') {
        return states.flatMap(each => translated(each, value))
      } else if (kind === 'masquerade') {
        return states.map(each => [{ ...each, masquerade: true }, 'accept'])
      } else if (['jump', 'goto', 'drop', 'accept', 'return', 'reject'].includes(kind))
        return states.flatMap(each => this.#verdict(statement, each))
      else if (!['set', 'counter', 'comment', 'limit'].includes(kind))
        throw new Error(`not understood: ${JSON.stringify(statement)}`)
    }
    return states.map(each => [each, 'next'])
  }

  #verdict(statement: Any, state: State): End[] {
    const kind = Object.keys(statement)[0] as string
    if (kind !== 'jump' && kind !== 'goto') return [[state, kind as Verdict]]
    return this.#run(statement[kind].target, state).map(([after, verdict]) => {
      if (verdict !== 'return') return [after, verdict]
      return [after, kind === 'jump' ? 'next' : 'return']
    })
  }

  #verdictMap({ key, data }: Any, state: State): End[] {
    const elements: Any[] =
      typeof data === 'string' ? (this.#maps.get(data.slice(1))?.elem ?? []) : data.set
    // Any of them may be the one.
    if (key.numgen) return elements.flatMap(([, verdict]) => this.#verdict(verdict, state))
    const found = elements.find(([wanted]) => this.#equals(wanted, this.#value(key, state)))
    return found ? this.#verdict(found[1], state) : [[state, 'next']]
  }

  #matches({ op, left, right }: Any, state: State): boolean {
    const value = this.#value(left, state)
    const isEqual =
      typeof right === 'string' && right.startsWith('@')
        ? (this.#maps.get(right.slice(1))?.elem ?? []).some((each: Any) =>
            this.#equals(Array.isArray(each) ? each[0] : each, value),
          )
        : this.#equals(right, value)
    return op === '!=' ? !isEqual : isEqual
  }

  #equals(wanted: Any, value: unknown): boolean {
    if (typeof wanted !== 'object') return String(wanted) === String(value)
    if (wanted?.elem) return this.#equals(wanted.elem.val, value)
    if (wanted?.set) return wanted.set.some((each: Any) => this.#equals(each, value))
    if (wanted?.concat)
      return wanted.concat.every((each: Any, index: number) =>
        this.#equals(each, (value as unknown[])[index]),
      )
    if (wanted?.prefix) return isWithin(String(value), wanted.prefix.addr, wanted.prefix.len)
    if (wanted?.range) throw new Error('a range')
    if (Array.isArray(wanted)) return wanted.some(each => this.#equals(each, value))
    return String(wanted) === String(value)
  }

  #value(expression: Any, state: State): unknown {
    if (typeof expression !== 'object') return expression
    const kind = Object.keys(expression)[0] as string
    const value = expression[kind]
    switch (kind) {
      case 'concat':
        return value.map((each: Any) => this.#value(each, state))
      case 'payload':
        if (value.field === 'saddr') return state.source
        if (value.field === 'daddr') return state.destination
        if (value.field === 'dport') return state.port
        if (value.field === 'protocol') return state.protocol
        break
      case 'meta':
        if (value.key === 'l4proto') return state.protocol
        if (value.key === 'mark') return state.mark
        break
      case 'ct':
        if (value.key === 'state') return 'new'
        if (value.key === 'status') return state.isTranslated ? 'dnat' : ''
        break
      case 'fib':
        if (value.result !== 'type') break
        return this.#local.has(value.flags.includes('saddr') ? state.source : state.destination)
          ? 'local'
          : 'unicast'
      case '|':
        return Number(this.#value(value[0], state)) | Number(this.#value(value[1], state))
      case '&':
        return Number(this.#value(value[0], state)) & Number(this.#value(value[1], state))
      case '^':
        return Number(this.#value(value[0], state)) ^ Number(this.#value(value[1], state))
    }
    throw new Error(`not understood: ${JSON.stringify(expression)}`)
  }
}

/** To the one that is named, or to any of a map. */
function translated(state: State, { addr, port }: Any): End[] {
  const all: Any[] = addr.map ? addr.map.data.set.map(([, each]: Any) => each) : [addr]
  return all.map(each => {
    const [destination, to = port ?? state.port] = typeof each === 'object' ? each.concat : [each]
    return [{ ...state, destination, port: to, isTranslated: true }, 'accept']
  })
}

function dedupe(ends: readonly End[]): End[] {
  return [...new Map(ends.map(end => [JSON.stringify(end), end])).values()]
}

function isWithin(address: string, base: string, length: number): boolean {
  const number = (text: string) => text.split('.').reduce((sum, byte) => sum * 256 + +byte, 0)
  const size = 2 ** (32 - length)
  return Math.floor(number(address) / size) === Math.floor(number(base) / size)
}
