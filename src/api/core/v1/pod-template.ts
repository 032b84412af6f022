import { column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { struct } from '../../machinery/schema.ts'
import { defaultPodTemplate } from './pod/defaults.ts'
import { podTemplateSpec } from './pod/schema.ts'
import { validatePodTemplate } from './pod/validation.ts'
import { podWarnings } from './pod/warnings.ts'
import { labelsText } from './validation.selectors.ts'

export const podTemplateShape = objectShape(
  'io.k8s.api.core.v1.PodTemplate',
  'A template of pods by a name of its own, for controllers that look it up.',
  { template: struct(2, podTemplateSpec).always().doc('The pods that are to be made.') },
)
export type PodTemplate = ObjectOfShape<typeof podTemplateShape>

export const podTemplate = defineKind<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  takesAnyPrefix: true,
  returnsDeleted: true,
  shape: podTemplateShape,
  hasGeneration: true,
  defaults: ({ template }) => defaultPodTemplate(template),
  validate: ({ template }) => validatePodTemplate('template', template),
  warnings: ({ template }) =>
    podWarnings('template.spec', template.spec, template.metadata.annotations),
  columns: [
    nameColumn,
    column('Containers', 'Names of the containers.', ({ template }) =>
      template.spec.containers.map(({ name }) => name).join(','),
    ),
    column('Images', 'Images of the containers.', ({ template }) =>
      template.spec.containers.map(({ image = '' }) => image).join(','),
    ),
    column('Pod Labels', 'Labels of the pods.', ({ template }) =>
      labelsText(template.metadata.labels),
    ),
  ],
})
