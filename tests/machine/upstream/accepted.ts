/** Where the answers of the two servers differ and may: each with its reason. What is not here fails the test that finds it. */

export interface Accepted {
  readonly line: RegExp
  readonly why: string
}

export const accepted: readonly Accepted[] = [
  {
    line: /(pods|persistentvolumeclaims)\/\S+ .*(message|causes\S*): upstream ".*Forbidden: (pod updates may not|spec is immutable)/,
    why: 'both show what was changed below the refusal, upstream as lines of its internal structures, with all that is empty in them and in the order of Go',
  },
  {
    line: /services(\/web-[67]|\?labelSelector=variant%3Dweb-[67])\S* .*(internalTrafficPolicy|managedFields\[0\]\.time): /,
    why: 'upstream stores the policy of an ExternalName, to which it means nothing, and hides it in answers; Proa drops it, and its owner with it',
  },
  {
    line: /^PATCH .*message: upstream "(the server rejected our request due to an error in our request)", Proa "\1: operation /,
    why: 'Proa says which operation of a JSON patch failed and why, upstream only that one did',
  },
  {
    line: /^PATCH .*\.details\.causes: upstream \[(\{[^}]*\})(,\1)+.*, Proa \[\1\]$/,
    why: 'upstream validates the metadata of an update more than once, and repeats the cause each time',
  },
  {
    line: /: order upstream /,
    why: 'the order of members means nothing in JSON; sorting them would cost every write',
  },
  {
    line: /\.columnDefinitions\[\d+\]\.description: /,
    why: 'descriptions are in words of our own',
  },
  {
    line: /flowschemas.*(managedFields|\.status\.conditions|cells\[5\])/,
    why: 'both servers write the status of a FlowSchema meanwhile, at moments of their own; the last column shows it',
  },
  {
    line: /networkpolicies\S*web-1.*\.metadata\.generation: /,
    why: 'upstream counts it as a change where a list is empty that was absent, which it does not store; Proa drops it as it reads',
  },
  {
    line: /(apiservices|customresourcedefinitions)\S* .*(cells\[|managedFields|\.status\.(conditions|acceptedNames)|\.metadata\.generation|deletionGracePeriodSeconds|\.conditions)/,
    why: 'both servers write the status meanwhile, at moments of their own; CRDs are deleted in other steps',
  },
  { line: /\.cells\[\d+\]: upstream "\d+s", Proa "\d+s"$/, why: 'ages, which tick' },
]

/** The lines that `table` has no reason for. */
export const besides = (table: readonly Accepted[], lines: readonly string[]): string[] =>
  lines.filter(line => !table.some(each => each.line.test(line)))

export const unexpected = (lines: readonly string[]): string[] => besides(accepted, lines)
