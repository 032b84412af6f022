import {
  boolean,
  int64,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'

export const capabilities = shape(
  'io.k8s.api.core.v1.Capabilities',
  "Parts of root's power that a container gets or loses.",
  {
    add: list(1, string()).atomic().doc('Capabilities to give.'),
    drop: list(2, string()).atomic().doc('Capabilities to take; ALL takes all.'),
  },
)
export type Capabilities = ValueOfShape<typeof capabilities>

export const seLinuxOptions = shape('io.k8s.api.core.v1.SELinuxOptions', 'Labels for SELinux.', {
  user: string(1).doc('The user label.'),
  role: string(2).doc('The role label.'),
  type: string(3).doc('The type label.'),
  level: string(4).doc('The level label.'),
})
export type SELinuxOptions = ValueOfShape<typeof seLinuxOptions>

export const windowsSecurityContextOptions = shape(
  'io.k8s.api.core.v1.WindowsSecurityContextOptions',
  'Settings for Windows.',
  {
    gmsaCredentialSpecName: string(1).optional().doc("Names the group account's credential spec."),
    gmsaCredentialSpec: string(2)
      .optional()
      .doc('The credential spec itself, filled in by a webhook.'),
    runAsUserName: string(3).optional().doc('The user that the process runs as.'),
    hostProcess: boolean(4).optional().doc('Whether it runs directly on the host.'),
  },
)
export type WindowsSecurityContextOptions = ValueOfShape<typeof windowsSecurityContextOptions>

export const seccompProfile = shape(
  'io.k8s.api.core.v1.SeccompProfile',
  'Which system calls are allowed.',
  {
    type: string(1)
      .enum('Unconfined', 'RuntimeDefault', 'Localhost')
      .required()
      .doc('RuntimeDefault, Unconfined or Localhost.'),
    localhostProfile: string(2).optional().doc('File of the profile on the node, for Localhost.'),
  },
  { union: { discriminator: 'type', members: ['localhostProfile'] } },
)
export type SeccompProfile = ValueOfShape<typeof seccompProfile>

export const appArmorProfile = shape(
  'io.k8s.api.core.v1.AppArmorProfile',
  'What AppArmor allows.',
  {
    type: string(1)
      .enum('Unconfined', 'RuntimeDefault', 'Localhost')
      .required()
      .doc('RuntimeDefault, Unconfined or Localhost.'),
    localhostProfile: string(2)
      .optional()
      .doc('Name of a profile loaded on the node, for Localhost.'),
  },
  { union: { discriminator: 'type', members: ['localhostProfile'] } },
)
export type AppArmorProfile = ValueOfShape<typeof appArmorProfile>

export const securityContext = shape(
  'io.k8s.api.core.v1.SecurityContext',
  "Security settings of a container; they win over the pod's.",
  {
    capabilities: struct(1, capabilities).optional().doc("Parts of root's power to give or take."),
    privileged: boolean(2)
      .optional()
      .doc('When true, the container is as powerful as root on the node.'),
    seLinuxOptions: struct(3, seLinuxOptions).optional().doc('Labels for SELinux.'),
    windowsOptions: struct(10, windowsSecurityContextOptions)
      .optional()
      .doc('Settings for Windows.'),
    runAsUser: int64(4).optional().doc("User id of the process; the image's if absent."),
    runAsGroup: int64(8).optional().doc('Group id of the process.'),
    runAsNonRoot: boolean(5)
      .optional()
      .doc('When true, the container is refused where it would run as root.'),
    readOnlyRootFilesystem: boolean(6).optional().doc('When true, it can write to volumes only.'),
    allowPrivilegeEscalation: boolean(7)
      .optional()
      .doc('Whether a process may gain more power than its parent.'),
    procMount: string(9)
      .enum('Default', 'Unmasked')
      .optional()
      .doc('Default hides parts of /proc, Unmasked shows all.'),
    seccompProfile: struct(11, seccompProfile).optional().doc('Which system calls are allowed.'),
    appArmorProfile: struct(12, appArmorProfile).optional().doc('What AppArmor allows.'),
  },
)
export type SecurityContext = ValueOfShape<typeof securityContext>

export const sysctl = shape('io.k8s.api.core.v1.Sysctl', 'A kernel setting.', {
  name: string(1).required().doc('Name of the setting.'),
  value: string(2).required().doc('Its value.'),
})
export type Sysctl = ValueOfShape<typeof sysctl>

export const podSecurityContext = shape(
  'io.k8s.api.core.v1.PodSecurityContext',
  'Security settings for all containers of a pod.',
  {
    seLinuxOptions: struct(1, seLinuxOptions).optional().doc('Labels for SELinux.'),
    windowsOptions: struct(8, windowsSecurityContextOptions)
      .optional()
      .doc('Settings for Windows.'),
    runAsUser: int64(2).optional().doc("User id of the processes; the image's if absent."),
    runAsGroup: int64(6).optional().doc('Group id of the processes.'),
    runAsNonRoot: boolean(3)
      .optional()
      .doc('When true, containers are refused where they would run as root.'),
    supplementalGroups: list(4, int64()).atomic().doc('Further groups of the processes.'),
    supplementalGroupsPolicy: string(12)
      .enum('Merge', 'Strict')
      .optional()
      .doc("Merge adds the image's groups, Strict does not."),
    fsGroup: int64(5)
      .optional()
      .doc("Group that owns the pod's volumes, and that the processes belong to."),
    sysctls: list(7, sysctl).atomic().doc("Kernel settings of the pod's namespaces."),
    fsGroupChangePolicy: string(9)
      .enum('OnRootMismatch', 'Always')
      .optional()
      .doc('Whether volumes are changed to fsGroup Always, or OnRootMismatch only.'),
    seccompProfile: struct(10, seccompProfile).optional().doc('Which system calls are allowed.'),
    appArmorProfile: struct(11, appArmorProfile).optional().doc('What AppArmor allows.'),
    seLinuxChangePolicy: string(13)
      .optional()
      .doc('How volumes get their label: MountOption or Recursive.'),
  },
)
export type PodSecurityContext = ValueOfShape<typeof podSecurityContext>
