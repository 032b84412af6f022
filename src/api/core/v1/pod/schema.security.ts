import {
  boolean,
  int64,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'

export const capabilities = shape('io.k8s.api.core.v1.Capabilities', 'core.Capabilities', {
  add: list(1, string()).atomic().doc('core.Capabilities.add'),
  drop: list(2, string()).atomic().doc('core.Capabilities.drop'),
})
export type Capabilities = ValueOfShape<typeof capabilities>

export const seLinuxOptions = shape('io.k8s.api.core.v1.SELinuxOptions', 'core.SELinuxOptions', {
  user: string(1).doc('core.SELinuxOptions.user'),
  role: string(2).doc('core.SELinuxOptions.role'),
  type: string(3).doc('core.SELinuxOptions.type'),
  level: string(4).doc('core.SELinuxOptions.level'),
})
export type SELinuxOptions = ValueOfShape<typeof seLinuxOptions>

export const windowsSecurityContextOptions = shape(
  'io.k8s.api.core.v1.WindowsSecurityContextOptions',
  'core.WindowsSecurityContextOptions',
  {
    gmsaCredentialSpecName: string(1)
      .optional()
      .doc('core.WindowsSecurityContextOptions.gmsaCredentialSpecName'),
    gmsaCredentialSpec: string(2)
      .optional()
      .doc('core.WindowsSecurityContextOptions.gmsaCredentialSpec'),
    runAsUserName: string(3).optional().doc('core.WindowsSecurityContextOptions.runAsUserName'),
    hostProcess: boolean(4).optional().doc('core.WindowsSecurityContextOptions.hostProcess'),
  },
)
export type WindowsSecurityContextOptions = ValueOfShape<typeof windowsSecurityContextOptions>

export const seccompProfile = shape('io.k8s.api.core.v1.SeccompProfile', 'core.SeccompProfile', {
  type: string(1)
    .enum('Unconfined', 'RuntimeDefault', 'Localhost')
    .required()
    .doc('core.SeccompProfile.type'),
  localhostProfile: string(2).optional().doc('core.SeccompProfile.localhostProfile'),
})
export type SeccompProfile = ValueOfShape<typeof seccompProfile>

export const appArmorProfile = shape('io.k8s.api.core.v1.AppArmorProfile', 'core.AppArmorProfile', {
  type: string(1)
    .enum('Unconfined', 'RuntimeDefault', 'Localhost')
    .required()
    .doc('core.AppArmorProfile.type'),
  localhostProfile: string(2).optional().doc('core.AppArmorProfile.localhostProfile'),
})
export type AppArmorProfile = ValueOfShape<typeof appArmorProfile>

export const securityContext = shape('io.k8s.api.core.v1.SecurityContext', 'core.SecurityContext', {
  capabilities: struct(1, capabilities).optional().doc('core.SecurityContext.capabilities'),
  privileged: boolean(2).optional().doc('core.SecurityContext.privileged'),
  seLinuxOptions: struct(3, seLinuxOptions).optional().doc('core.SecurityContext.seLinuxOptions'),
  windowsOptions: struct(10, windowsSecurityContextOptions)
    .optional()
    .doc('core.SecurityContext.windowsOptions'),
  runAsUser: int64(4).optional().doc('core.SecurityContext.runAsUser'),
  runAsGroup: int64(8).optional().doc('core.SecurityContext.runAsGroup'),
  runAsNonRoot: boolean(5).optional().doc('core.SecurityContext.runAsNonRoot'),
  readOnlyRootFilesystem: boolean(6).optional().doc('core.SecurityContext.readOnlyRootFilesystem'),
  allowPrivilegeEscalation: boolean(7)
    .optional()
    .doc('core.SecurityContext.allowPrivilegeEscalation'),
  procMount: string(9).enum('Default', 'Unmasked').optional().doc('core.SecurityContext.procMount'),
  seccompProfile: struct(11, seccompProfile).optional().doc('core.SecurityContext.seccompProfile'),
  appArmorProfile: struct(12, appArmorProfile)
    .optional()
    .doc('core.SecurityContext.appArmorProfile'),
})
export type SecurityContext = ValueOfShape<typeof securityContext>

export const sysctl = shape('io.k8s.api.core.v1.Sysctl', 'core.Sysctl', {
  name: string(1).required().doc('core.Sysctl.name'),
  value: string(2).required().doc('core.Sysctl.value'),
})
export type Sysctl = ValueOfShape<typeof sysctl>

export const podSecurityContext = shape(
  'io.k8s.api.core.v1.PodSecurityContext',
  'core.PodSecurityContext',
  {
    seLinuxOptions: struct(1, seLinuxOptions)
      .optional()
      .doc('core.PodSecurityContext.seLinuxOptions'),
    windowsOptions: struct(8, windowsSecurityContextOptions)
      .optional()
      .doc('core.PodSecurityContext.windowsOptions'),
    runAsUser: int64(2).optional().doc('core.PodSecurityContext.runAsUser'),
    runAsGroup: int64(6).optional().doc('core.PodSecurityContext.runAsGroup'),
    runAsNonRoot: boolean(3).optional().doc('core.PodSecurityContext.runAsNonRoot'),
    supplementalGroups: list(4, int64()).atomic().doc('core.PodSecurityContext.supplementalGroups'),
    supplementalGroupsPolicy: string(12)
      .enum('Merge', 'Strict')
      .optional()
      .doc('core.PodSecurityContext.supplementalGroupsPolicy'),
    fsGroup: int64(5).optional().doc('core.PodSecurityContext.fsGroup'),
    sysctls: list(7, sysctl).atomic().doc('core.PodSecurityContext.sysctls'),
    fsGroupChangePolicy: string(9)
      .enum('OnRootMismatch', 'Always')
      .optional()
      .doc('core.PodSecurityContext.fsGroupChangePolicy'),
    seccompProfile: struct(10, seccompProfile)
      .optional()
      .doc('core.PodSecurityContext.seccompProfile'),
    appArmorProfile: struct(11, appArmorProfile)
      .optional()
      .doc('core.PodSecurityContext.appArmorProfile'),
    seLinuxChangePolicy: string(13).optional().doc('core.PodSecurityContext.seLinuxChangePolicy'),
  },
)
export type PodSecurityContext = ValueOfShape<typeof podSecurityContext>
