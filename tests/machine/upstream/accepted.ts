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
    line: /f:timeAdded: /,
    why: 'set as a default upstream, and so owned by the client; set by the server here',
  },
  {
    line: /daemonsets.*(deprecated\.daemonset\.template\.generation|f:annotations)/,
    why: 'upstream shows this annotation in single objects, but not in lists',
  },
  {
    line: /certificatesigningrequests.*managedFields/,
    why: 'upstream leaves the spec, which nobody may change, without an owner',
  },
  {
    line: /(serviceaccounts|csistoragecapacities|ipaddresses|devicetaintrules|resourcepoolstatusrequests|controllerrevisions)\S* .*\.(cells|columnDefinitions)\b/,
    why: 'columns of these tables are not yet upstream’s',
  },
  { line: /csidrivers.*\.generation: /, why: 'upstream counts from the first change on' },
  {
    line: /^DELETE \S+\/pods\/.*(deletionTimestamp|deletionGracePeriodSeconds|generation)/,
    why: 'upstream marks a pod even when it goes at once',
  },
  {
    line: /^DELETE \S+\/namespaces\/.*deletionGracePeriodSeconds/,
    why: 'upstream does not say how long a namespace is given, which is no time',
  },
  { line: /^DELETE \/apis\/events\S+ .*details\.group/, why: 'events are stored as core ones' },
]

export const unexpected = (lines: readonly string[]): string[] =>
  lines.filter(line => !accepted.some(each => each.line.test(line)))
