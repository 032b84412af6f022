/** Where answers to spoiled updates may differ besides what may differ of those to creates, each with its reason. */
import type { Accepted } from './accepted.ts'

export const acceptedOfUpdates: readonly Accepted[] = [
  {
    line: /message: upstream ".*Key: (\S*), .*Proa ".*Key: \/registry\1, /,
    why: 'upstream knows the key without its root in a dry run, and with it in the write itself',
  },
  {
    line: /(resourcequotas|servicecidrs)\/.*(message|causes\S*): upstream ".*Invalid value: \[\]: field is immutable.*, Proa ".*Invalid value: null: field is immutable/,
    why: 'upstream tells an empty list from none; Proa drops what is empty as it reads',
  },
  {
    line: /pods\/.*(message|causes\S*): upstream ".*Invalid value: \{\}: only additions to spec\.nodeSelector.*, Proa ".*Invalid value: null: only additions/,
    why: 'upstream tells an empty map from none; Proa drops what is empty as it reads',
  },
  {
    line: /persistentvolumeclaims\/.*upstream .*Forbidden: field can not be less than status\.capacity.*, Proa .*Required value.*Forbidden: spec is immutable/,
    why: 'upstream tells requests that are empty from none, and gives them back the size that they had before; Proa drops what is empty as it reads',
  },
  {
    line: /nodes\/.*managedFields\[0\]\.fieldsV1\.f:status\.f:allocatable: upstream nothing, Proa /,
    why: 'upstream tells an empty map from none, until it is stored, for which it has the capacity; Proa drops what is empty as it reads',
  },
  {
    line: /daemonsets\/.*deprecated\.daemonset\.template\.generation: upstream "2", Proa "1"$/,
    why: 'a selector of namespaces that is empty counts as one that is absent where templates are counted in an annotation for clients long gone',
  },
  {
    line: /jobs\/.*(message|causes\[\d+\]\.message): upstream ".*Invalid value: \{\\"(labels|annotations|Spec)\\":/,
    why: 'upstream shows its internal structures, with all that is empty in them; Proa shows what was written',
  },
  {
    line: /(apiservices|customresourcedefinitions|flowschemas)\/.*message: upstream ".*Precondition failed: UID .*, Proa ".*the object has been modified/,
    why: 'both servers write the status meanwhile, and of two conflicts either may be seen first',
  },
  {
    line: /storageclasses\/.*(message|causes\S*): upstream ".*Invalid value: \{\}: field is immutable.*, Proa ".*Invalid value: null: field is immutable/,
    why: 'upstream tells empty parameters from none; Proa drops what is empty as it reads',
  },
  {
    line: /storageversions\/.*(message|causes\[\d+\]\.message): upstream ".*Invalid value: null: decodableVersions must include.*, Proa ".*Invalid value: \[\]: decodableVersions/,
    why: 'of a list that must be there, upstream tells one that is absent from an empty one; Proa never does',
  },
  {
    line: /resourceclaimtemplates\/.*(message|causes\S*): upstream ".*Invalid value: \{\\"(labels|annotations|Spec)\\":/,
    why: 'upstream shows its internal structures, with all that is empty in them; Proa shows what was written',
  },
]
