/** Can this machine run real containers, and if not, what helps? */
import { messageOf, UserError } from '#base/errors.ts'
import { hasCapability } from '#host/background-process.ts'
import { containerTools } from '#kubelet'

export type MachineReadiness =
  | { readonly ready: true }
  /** One sentence, with the command that helps where there is one. */
  | { readonly ready: false; readonly reason: string }

export interface ReadinessOptions {
  /** May Debian packages be installed? */
  readonly install: boolean
  /** Gets a line before something takes time. */
  tell(text: string): void
}

/** As capabilities(7) numbers them. */
const CAP_NET_ADMIN = 12
const CAP_SYS_ADMIN = 21

/** Installs what is missing where it may. */
export async function machineReadiness(options: ReadinessOptions): Promise<MachineReadiness> {
  if (process.platform !== 'linux') return no('real containers need Linux')
  if (!(await hasCapability(CAP_NET_ADMIN)) || !(await hasCapability(CAP_SYS_ADMIN)))
    return no('real containers need the rights of root: start proa as root, for example with sudo')
  const { missingPackages, missingSentence, installPackages } = await containerTools()
  const needed = missingPackages()
  if (needed && !options.install) return no(missingSentence(needed))
  const missing = options.install ? missingPackages('all') : undefined
  if (!missing) return { ready: true }
  options.tell(`installing the Debian packages ${missing.packages.join(', ')}`)
  try {
    await installPackages(missing.packages)
    return { ready: true }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (needed) return no(messageOf(error))
    options.tell(messageOf(error))
    return { ready: true }
  }
}

const no = (reason: string) => ({ ready: false, reason }) as const
