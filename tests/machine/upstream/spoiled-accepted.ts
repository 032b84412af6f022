/** Where refusals of spoiled objects may differ, each with its reason, and the kinds of which they do so without one. */
import { type Accepted, besides } from './accepted.ts'

const accepted: readonly Accepted[] = [
  {
    line: /(message|causes\S*): upstream ".*(Duplicate|Invalid|Required|Forbidden|Unsupported) value: \[?\{\\?"?[A-Z]\w*\\?"?:/,
    why: 'upstream shows its internal structures, with all that is empty in them; Proa shows what was written',
  },
  {
    line: /(roles|csinodes|resourceclaims|resourceclaimtemplates|limitranges)\S* \.metadata\.managedFields(\[0\]\.fieldsV1\.f:spec\.f:spec)?: upstream nothing, .*"f:(rules|drivers|requests|limits)":\{\}\}/,
    why: 'of a list that must be there, upstream tells one that is absent from an empty one until it is stored, and who owns it; Proa never does',
  },
  {
    line: /endpointslices\S* \.metadata\.managedFields\[0\]\.fieldsV1\.f:(endpoints|ports): upstream nothing, Proa \{\}/,
    why: 'of a list that must be there, upstream tells one that is absent from an empty one until it is stored, and who owns it; Proa never does',
  },
  {
    line: /(persistentvolumeclaims|ingresses)\S* \.spec\.\S*\.apiGroup: upstream null, Proa nothing/,
    why: 'a null that upstream writes where nobody set anything, which is nothing to every client',
  },
  {
    line: /persistentvolumes\S* \.\S*[:.](secretNamespace: upstream (null|\{\}), Proa nothing|scaleIO\.secretRef: upstream null, Proa \{\})/,
    why: 'a null that upstream writes where nobody set anything, and even has an owner for',
  },
  {
    line: /persistentvolumes\S* \S*message: upstream ".*Unsupported value: \{\}: supported values: \\"storage\\"/,
    why: 'upstream tells an empty capacity from none; Proa drops what is empty as it reads',
  },
  {
    line: /ingresses\S* \S*message: upstream ".*Invalid value: \[\]: either `defaultBackend` or `rules`/,
    why: 'upstream tells an empty list of rules from none; Proa drops what is empty as it reads',
  },
  {
    line: /ingresses\S* \S*(message: upstream ".*Unsupported value: \\"\\": supported values: \\"Exact\\"|reason: upstream "FieldValueNotSupported", Proa "FieldValueRequired")/,
    why: 'upstream tells an empty type of a path from none; Proa asks for one in both cases',
  },
  {
    line: /\.(message|details\.causes\S*): upstream .*Invalid value: \{\}: `selector` does not match template `labels`.*, Proa .*Invalid value: null: `selector`/,
    why: 'upstream tells empty labels from none; Proa drops what is empty as it reads',
  },
  {
    line: /jobs\S* \S*message: upstream ".*Invalid value: null: at least one value is required.*, Proa ".*Invalid value: \[\]: at least one/,
    why: 'upstream tells a list of exit codes that is absent from an empty one; Proa never does',
  },
  {
    line: /(customresourcedefinitions|resourceslices)\S* \S*message: upstream ".*Invalid value: null: must have exa/,
    why: 'of a list that must be there, upstream tells one that is absent from an empty one; Proa never does',
  },
  {
    line: /\.message: upstream (".* is invalid: .*), Proa \1$/,
    why: 'the comparison cuts both off, and alike so far; what differs behind is told of its cause',
  },
  {
    line: /resourceslices\S* \S*message: upstream ".*Invalid value: \[\]: (bindingConditions|bindingFailureConditions) are required/,
    why: 'upstream tells an empty list of conditions from none; Proa drops what is empty as it reads',
  },
  {
    line: /resourceslices\S* \.\S*\.requestPolicy\.default: upstream null, Proa nothing$/,
    why: 'a null that upstream writes where nobody set anything, which is nothing to every client',
  },
  {
    line: /resourceslices\S* \.(message|details\.causes\[[01]\]\.field): upstream ".*spec\.devices\[0\]\.capacity\[\w+\]\.requestPolicy("|: Forbidden: allowMultipleAllocations must be true, spec\.devices\[0\]\.capacity)/,
    why: 'upstream tells of capacities in the order in which Go walks maps, another one each time',
  },
  {
    line: /certificatesigningrequests\S* \S*message: upstream ".*Invalid value: null: PEM block type/,
    why: 'upstream tells empty bytes from none; Proa shows both as an empty text',
  },
  {
    line: /secrets\S* \S*message: upstream ".*secret contents redacted.*(unexpected end of JSON input|invalid character)/,
    why: "the words of upstream's parser show a letter of the secret",
  },
  {
    line: /(message|causes\S*): upstream ".*(seccompProfile\.type|completionMode): Unsupported value: \\?"a{100}/,
    why: 'the same, behind so long a value that the comparison cuts it off',
  },
  {
    line: /volumeClaimTemplate(s\[\d+\])?\.spec\.dataSource\.apiGroup: upstream null, Proa nothing$/,
    why: 'Go has no way to leave this pointer out; that it is absent says the same',
  },
]

/** Where all of the answer may differ, by the kind and the way in which it is spoiled. */
const otherwise: readonly { readonly way: RegExp; readonly why: string }[] = [
  {
    way: /^autoscaling\/v2 HorizontalPodAutoscaler \/ .*: spec\.behavior\.scale(Up|Down)\.policies empty$/,
    why: 'upstream tells an empty list of policies from none, for which it has usual ones; Proa drops what is empty as it reads',
  },
  {
    way: /^v1 Service \/ (NodePort|LoadBalancer): spec\.ports\.\d\.nodePort [=+] /,
    why: "upstream's dry run does not see that a port is out of the range of node ports, or taken; the write itself does",
  },
  {
    way: /^v1 Service \/ (NodePort|LoadBalancer): spec\.ports (twice|with one more)$/,
    why: 'upstream fails (500) where an update names a node port twice, and numbers it oddly in a dry run of a create',
  },
]

/** `way` is the title of the kind and what is spoiled. */
export const besidesSpoiled = (way: string, lines: readonly string[]): string[] =>
  otherwise.some(each => each.way.test(way)) ? [] : besides(accepted, lines)
