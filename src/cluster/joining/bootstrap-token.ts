import { UserError } from '#base/errors.ts'

/** The form of a token: a name of six letters that anyone may know, and a secret of sixteen. */
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/

/** Throws a UserError that does not repeat the secret. */
export function parseToken(text: string): { readonly id: string; readonly secret: string } {
  const [, id, secret] = TOKEN.exec(text) ?? []
  if (id && secret) return { id, secret }
  throw new UserError('a token has the form abcdef.0123456789abcdef: lower case letters and digits')
}
