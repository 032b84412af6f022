/**
 * Lets the packets of pods through a firewall that forwards nothing by itself, such as Docker's and ufw's: pods would reach neither one another nor
 * anything else, and nothing would say why. Where the firewall forwards anyway its rules are left alone.
 */
import { messageOf } from '#base/errors.ts'
import type { Running } from '#client/role.ts'
import { command, tryCommand } from '#host/command.ts'
import type { Keeping } from './host-link.ts'
import { lookEvery } from './looks.ts'

export interface ForwardingOptions {
  /** By this comment the rules are found again. */
  readonly name: string
  /** Of whom packets are let through, and to whom: a range of one family. */
  readonly clusterCidr: string
  /** The program and its first words, by default `iptables` or `ip6tables` itself: whoever closes a firewall so has it. */
  readonly iptables?: readonly [string, ...string[]]
}

/** Firewalls are started now and then, after us and anew. */
const LOOK_EVERY_MS = 60_000
/** Seconds to wait for another one that writes rules. */
const WAIT = ['-w', '5']

/** True where rules were added. */
export async function allowForwarding(options: ForwardingOptions): Promise<boolean> {
  const { name, clusterCidr } = options
  const rules = await forwardRules(options)
  const place = placeIn(rules)
  if (!place || rules.some(rule => isOurs(rule, name))) return false
  for (const side of ['-s', '-d'])
    await run(options, [
      ...[...place, side, clusterCidr],
      ...['-m', 'comment', '--comment', name, '-j', 'ACCEPT'],
    ])
  return true
}

/** Looks at once, and then again and again. */
export function keepForwarding(options: ForwardingOptions, keeping: Keeping): Running {
  const { clock, log, lookEveryMs = LOOK_EVERY_MS } = keeping
  const { clusterCidr } = options
  return lookEvery(clock, { pauseMs: lookEveryMs, firstMs: 0 }, async () => {
    try {
      if (await allowForwarding(options))
        log.info("the firewall forwards nothing by itself; the pods' packets are let through", {
          clusterCidr,
        })
    } catch (error) {
      log.warn(
        "the firewall forwards nothing, and cannot be told to let the pods' packets through",
        {
          error: messageOf(error),
        },
      )
    }
  })
}

/** Takes the rules of both families back; harmless where there are none. */
export async function removeForwarding({ name }: Pick<ForwardingOptions, 'name'>): Promise<void> {
  for (const program of ['iptables', 'ip6tables']) await removeRules({ name, iptables: [program] })
}

export async function removeRules(
  options: Pick<ForwardingOptions, 'name' | 'iptables'>,
): Promise<void> {
  for (const rule of await forwardRules(options))
    if (isOurs(rule, options.name)) await run(options, ['-D', ...rule.split(' ').slice(1)])
}

/** Drops or refuses all that has come so far; the last is ufw's, which does so where it is told to. */
const CLOSING = /^-A FORWARD -j (DROP|REJECT|ufw-reject-forward)\b/

/**
 * Where rules are let in: right before the one that closes, or where only the policy does, last. Those before it stay before it, since somebody wants
 * to keep just that from pods. Undefined where nothing closes.
 */
function placeIn(rules: readonly string[]): readonly string[] | undefined {
  const closing = rules.filter(rule => rule.startsWith('-A ')).findIndex(rule => CLOSING.test(rule))
  if (closing >= 0) return ['-I', 'FORWARD', String(closing + 1)]
  return rules.includes('-P FORWARD DROP') ? ['-A', 'FORWARD'] : undefined
}

type Programmed = Pick<ForwardingOptions, 'iptables'> &
  Partial<Pick<ForwardingOptions, 'clusterCidr'>>

const programOf = ({ iptables, clusterCidr = '' }: Programmed): readonly [string, ...string[]] =>
  iptables ?? [clusterCidr.includes(':') ? 'ip6tables' : 'iptables']

const isOurs = (rule: string, name: string) => rule.includes(` --comment ${name} `)

/** As `iptables -S` lists them; none where there is no such program. */
async function forwardRules(options: Programmed): Promise<readonly string[]> {
  const [program, ...first] = programOf(options)
  const words = [...first, ...WAIT, '-S', 'FORWARD']
  const found = await tryCommand(program, words).catch(() => undefined)
  return found?.exitCode === 0 ? found.stdout.trim().split('\n') : []
}

async function run(options: Programmed, words: readonly string[]): Promise<void> {
  const [program, ...first] = programOf(options)
  await command(program, [...first, ...WAIT, ...words])
}
