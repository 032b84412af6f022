/**
 * `$(NAME)` in commands, arguments and environment values: known names are replaced, unknown ones
 * stay, `$$` is one dollar.
 */
export function expand(text: string, resolve: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (resolve(name) ?? whole),
  )
}
