/** Flags about what may be written; upstream's names. */
import { textFlag, under } from './flags.ts'
import { listFlag } from './lists.ts'

const names = (name: string, doc: string) => listFlag<readonly string[]>(name, 'LIST', doc, [])

export const admissionFlags = under('Admission', {
  enableAdmissionPlugins: names('enable-admission-plugins', 'admission plugins that are on, too'),
  disableAdmissionPlugins: names('disable-admission-plugins', 'admission plugins that are off'),
  admissionControlConfigFile: textFlag(
    'admission-control-config-file',
    'FILE',
    'an AdmissionConfiguration: what plugins are told',
    undefined,
  ),
})
