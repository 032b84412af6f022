/** Where the answers of the two servers differ and may: each with its reason. What is not here fails the test that finds it. */

interface Accepted {
  readonly line: RegExp
  readonly why: string
}

export const accepted: readonly Accepted[] = [
  {
    line: / header x-kubernetes-pf-(flowschema|prioritylevel)-uid: /,
    why: 'Proa does not sort requests by FlowSchemas',
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
    line: /flowschemas.*(managedFields|\.status\.conditions)/,
    why: 'upstream itself writes the status of a FlowSchema',
  },
  {
    line: /(apiservices|customresourcedefinitions)\S* .*(cells\[|managedFields|\.status\.conditions|\.metadata\.generation|deletionGracePeriodSeconds|\.conditions)/,
    why: 'both servers write the status meanwhile, at moments of their own; CRDs are deleted in other steps',
  },
  { line: /\.cells\[\d+\]: upstream "\d+s", Proa "\d+s"$/, why: 'ages, which tick' },
  {
    line: /(f:parentRef|f:validationActions|f:spec\.f:drivers)\.\.|csinodes.*fieldsV1\.f:spec: /,
    why: 'of what is required, Proa cannot tell Go pointers from values, and so owns the field but not the node above it',
  },
  {
    line: /daemonsets.*(deprecated\.daemonset\.template\.generation|f:annotations)/,
    why: 'upstream shows this annotation in single objects, but not in lists',
  },
]

export const unexpected = (lines: readonly string[]): string[] =>
  lines.filter(line => !accepted.some(each => each.line.test(line)))
