/** The path below its schema that a rule names as the place of its complaint: `.a['b']`. What stands in a list has none. */

const STEP = /^(?:\.([^.[]+)|\['((?:[^'\\]|\\.)+)'\])/

/** The names on the way; undefined for what is no path. */
export function namesIn(path: string): readonly string[] | undefined {
  const names: string[] = []
  for (let rest = path; rest !== ''; ) {
    const [step, plain, quoted] = STEP.exec(rest) ?? []
    if (step === undefined) return undefined
    names.push(plain ?? quoted?.replace(/\\(.)/g, '$1') ?? '')
    rest = rest.slice(step.length)
  }
  return names
}
