/** Pods of all sorts out of a seed: how their containers begin, end, fail, wait and are asked how they are. */
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import { busyboxImage } from '../../tools/busybox-image.ts'

export interface MadePod {
  readonly name: string
  readonly spec: object
  /** Seconds after which it is deleted, and with which grace, where with another than its own. */
  readonly deleteAfter: number
  readonly graceSeconds: number | undefined
}

/** Where containers of one pod write what they do, one line at a time. */
const LINES = '/lines/said'

const say = (words: string) => `echo "${words}" >> ${LINES}`

export function makePods(seed: number, amount: number): MadePod[] {
  return Array.from({ length: amount }, (_, index) => new Maker(seed * 1000 + index).pod(index))
}

class Maker {
  readonly #seed: number
  #grace = 0
  readonly #random: { next(): number }

  constructor(seed: number) {
    this.#seed = seed
    const random = createSeededRandom(Math.imul(seed, 2_654_435_761))
    for (let turn = 0; turn < 5; turn++) random.integer(2)
    this.#random = { next: () => random.integer(2 ** 30) / 2 ** 30 }
  }

  pod(index: number): MadePod {
    this.#grace = this.#of(0, 1, 3, 5, 5)
    const initContainers = this.#times(this.#some(0.5) ? 0 : 3, name => this.#init(`i${name}`))
    const containers = this.#times(2, name => this.#regular(`c${name}`))
    if (containers.length === 0) containers.push(this.#regular('c0'))
    const spec = {
      restartPolicy: this.#of('Always', 'Always', 'OnFailure', 'Never'),
      terminationGracePeriodSeconds: this.#grace,
      ...(this.#some(0.1) ? { activeDeadlineSeconds: this.#of(5, 9) } : {}),
      ...(this.#some(0.2) ? { shareProcessNamespace: true } : {}),
      ...(initContainers.length > 0 ? { initContainers } : {}),
      containers,
    }
    const made = {
      ...{ name: `p${index}-s${this.#seed}`, spec },
      deleteAfter: this.#of(24, 24, 24, 6),
      graceSeconds: this.#of(undefined, undefined, undefined, 0, 1, 4),
    }
    return this.#some(0.12) ? { ...made, spec: { ...spec, ...this.#refused(containers) } } : made
  }

  /** The node does not take it. Without a deadline: upstream's kubelet counts that of a pod that it turned away, and tells of it as of one that ran. */
  #refused([first, ...others]: readonly object[]): object {
    const resources = { requests: { cpu: '1000' } }
    const why = this.#of<object>(
      { nodeSelector: { 'proa.test/none': 'such' } },
      { containers: [{ ...first, resources }, ...others] },
    )
    return { ...why, activeDeadlineSeconds: undefined }
  }

  #some(share: number): boolean {
    return this.#random.next() < share
  }

  #of<T>(...choices: readonly T[]): T {
    return choices[Math.floor(this.#random.next() * choices.length)] as T
  }

  #times<T>(most: number, make: (index: number) => T): T[] {
    return Array.from({ length: Math.floor(this.#random.next() * (most + 1)) }, (_, n) => make(n))
  }

  /** Runs until it is told to end, or for some seconds. */
  #script(name: string, ends: boolean): string {
    const code = this.#of(0, 0, 1, 3, 42)
    const begin = `${say(`${name} begins`)}; touch /tmp/up; `
    if (ends) {
      const fails = this.#of(0, 0, 1, 2)
      const failCode = this.#of(1, 3, 42)
      const counted = `n=$(grep -c '^${name} begins' ${LINES}); [ $n -le ${fails} ] && { ${say(`${name} fails`)}; exit ${failCode}; }; `
      const word = this.#some(0.4) ? `echo bye ${name} > /dev/termination-log; ` : ''
      const last = `${say(`${name} ends ${code}`)}; ${word}exit ${code}`
      return `${begin}${fails > 0 ? counted : ''}sleep ${this.#of(0, 1, 2)}; ${last}`
    }
    const took = this.#of(0, 0, 1, 2)
    const heeds = this.#some(0.8)
    const handler = heeds
      ? `${say(`${name} is told`)}; sleep ${took}; ${say(`${name} ends ${code}`)}; exit ${code}`
      : `${say(`${name} is told`)}`
    const goesIll = this.#some(0.2) ? '(sleep 4; rm -f /tmp/up) & ' : ''
    return `trap '${handler}' TERM; ${begin}${goesIll}while true; do sleep 0.1; done`
  }

  #hook(name: string, word: string): object {
    return this.#of<object>(
      { sleep: { seconds: Math.max(0, this.#grace - this.#of(1, 2)) } },
      { exec: { command: ['sh', '-c', `${say(`${name} ${word}`)}; sleep ${this.#of(0, 1, 6)}`] } },
      { exec: { command: ['sh', '-c', `${say(`${name} ${word} fails`)}; exit 7`] } },
      { exec: { command: ['/none'] } },
    )
  }

  #lifecycle(name: string): object {
    const lifecycle = {
      ...(this.#some(0.1) ? { postStart: this.#hook(name, 'postStart') } : {}),
      ...(this.#some(0.25) ? { preStop: this.#hook(name, 'preStop') } : {}),
    }
    return Object.keys(lifecycle).length > 0 ? { lifecycle } : {}
  }

  #probe(): object {
    return {
      exec: { command: this.#of(['test', '-f', '/tmp/up'], ['test', '-f', '/tmp/up'], ['false']) },
      periodSeconds: 1,
      failureThreshold: this.#of(1, 2),
      ...(this.#some(0.3) ? { initialDelaySeconds: 1 } : {}),
    }
  }

  #probes(): object {
    const grace = () => (this.#some(0.3) ? { terminationGracePeriodSeconds: this.#of(1, 2) } : {})
    return {
      ...(this.#some(0.25) ? { readinessProbe: this.#probe() } : {}),
      ...(this.#some(0.2) ? { livenessProbe: { ...this.#probe(), ...grace() } } : {}),
      ...(this.#some(0.2) ? { startupProbe: { ...this.#probe(), ...grace() } } : {}),
    }
  }

  #rules(): object {
    if (!this.#some(0.3)) return {}
    const rule = () => ({
      action: this.#of('Restart', 'RestartAllContainers'),
      exitCodes: {
        operator: this.#of('In', 'In', 'NotIn'),
        values: this.#of([42], [1, 3], [0], [0, 137, 143]),
      },
    })
    const restartPolicyRules = this.#times(2, rule)
    return {
      restartPolicy: this.#of('Never', 'OnFailure'),
      ...(restartPolicyRules.length > 0 ? { restartPolicyRules } : {}),
    }
  }

  #container(name: string, ends: boolean): object {
    return {
      ...{ name, image: busyboxImage, imagePullPolicy: 'Never' },
      command: ['sh', '-c', this.#script(name, ends)],
      volumeMounts: [{ name: 'lines', mountPath: '/lines' }],
      ...(this.#some(0.2) ? { terminationMessagePolicy: 'FallbackToLogsOnError' } : {}),
      ...(this.#some(0.03) ? { command: ['/none'] } : {}),
      ...(this.#some(0.03) ? { image: 'proa.test/none:1' } : {}),
    }
  }

  #init(name: string): object {
    if (this.#some(0.5))
      return {
        ...this.#container(name, this.#some(0.2)),
        ...{ restartPolicy: 'Always', ...this.#lifecycle(name), ...this.#probes() },
      }
    return { ...this.#container(name, true), ...this.#rules() }
  }

  #regular(name: string): object {
    return {
      ...this.#container(name, this.#some(0.4)),
      ...{ ...this.#rules(), ...this.#lifecycle(name), ...this.#probes() },
    }
  }
}
