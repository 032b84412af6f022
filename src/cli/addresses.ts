import { UserError } from '#base/errors.ts'
import { flag } from './flags.ts'

/** A flag that names an address of this machine, or all of them. */
export const address = (name: string, doc: string, fallback: string) =>
  flag(
    name,
    'IP',
    doc,
    text => {
      if (!/^[0-9a-fA-F:.]+$/.test(text))
        throw new UserError(`--${name} wants an IP address, not "${text}"`)
      return text
    },
    fallback,
  )
