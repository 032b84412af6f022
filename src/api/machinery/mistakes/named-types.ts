/**
 * The names of Go's types where they differ from those of what they are made of: messages about wrong types tell them, and nothing else does. By the
 * group and version of the struct, then by the type, the fields that are of it.
 */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'meta.v1': {
    'types.UID': 'ObjectMeta.uid OwnerReference.uid Preconditions.uid',
    'v1.ManagedFieldsOperationType': 'ManagedFieldsEntry.operation',
    'v1.LabelSelectorOperator': 'LabelSelectorRequirement.operator',
    'v1.ConditionStatus': 'Condition.status',
    'v1.FieldSelectorOperator': 'FieldSelectorRequirement.operator',
    'v1.DeletionPropagation': 'DeleteOptions.propagationPolicy',
  },
  'core.v1': {
    'types.UID': 'ObjectReference.uid ConfigMapNodeConfigSource.uid',
    'v1.ComponentConditionType': 'ComponentCondition.type',
    'v1.ConditionStatus': `
      ComponentCondition.status NamespaceCondition.status NodeCondition.status
      PersistentVolumeClaimCondition.status PodCondition.status
      ReplicationControllerCondition.status`,
    'v1.Protocol': `
      EndpointPort.protocol ContainerPort.protocol ServicePort.protocol PortStatus.protocol`,
    'v1.LimitType': 'LimitRangeItem.type',
    'v1.ResourceList': `
      LimitRangeItem.max LimitRangeItem.min LimitRangeItem.default
      LimitRangeItem.defaultRequest LimitRangeItem.maxLimitRequestRatio NodeStatus.capacity
      NodeStatus.allocatable VolumeResourceRequirements.limits
      VolumeResourceRequirements.requests PersistentVolumeClaimStatus.capacity
      PersistentVolumeClaimStatus.allocatedResources PersistentVolumeSpec.capacity
      PodSpec.overhead ResourceRequirements.limits ResourceRequirements.requests
      PodStatus.allocatedResources ContainerStatus.allocatedResources ResourceQuotaSpec.hard
      ResourceQuotaStatus.hard ResourceQuotaStatus.used`,
    '[]v1.FinalizerName': 'NamespaceSpec.finalizers',
    'v1.NamespacePhase': 'NamespaceStatus.phase',
    'v1.NamespaceConditionType': 'NamespaceCondition.type',
    'v1.TaintEffect': 'Taint.effect Toleration.effect',
    'v1.NodePhase': 'NodeStatus.phase',
    '[]v1.UniqueVolumeName': 'NodeStatus.volumesInUse',
    'v1.NodeConditionType': 'NodeCondition.type',
    'v1.NodeAddressType': 'NodeAddress.type',
    'v1.UniqueVolumeName': 'AttachedVolume.name',
    '[]v1.PersistentVolumeAccessMode': `
      PersistentVolumeClaimSpec.accessModes PersistentVolumeClaimStatus.accessModes
      PersistentVolumeSpec.accessModes`,
    'v1.PersistentVolumeMode': `
      PersistentVolumeClaimSpec.volumeMode PersistentVolumeSpec.volumeMode`,
    'v1.PersistentVolumeClaimPhase': 'PersistentVolumeClaimStatus.phase',
    'map[v1.ResourceName]v1.ClaimResourceStatus': `
      PersistentVolumeClaimStatus.allocatedResourceStatuses`,
    'v1.PersistentVolumeClaimConditionType': 'PersistentVolumeClaimCondition.type',
    'v1.PersistentVolumeClaimModifyVolumeStatus': 'ModifyVolumeStatus.status',
    'v1.PersistentVolumeReclaimPolicy': 'PersistentVolumeSpec.persistentVolumeReclaimPolicy',
    'v1.HostPathType': 'HostPathVolumeSource.type',
    'v1.AzureDataDiskCachingMode': 'AzureDiskVolumeSource.cachingMode',
    'v1.AzureDataDiskKind': 'AzureDiskVolumeSource.kind',
    'v1.NodeSelectorOperator': 'NodeSelectorRequirement.operator',
    'v1.PersistentVolumePhase': 'PersistentVolumeStatus.phase',
    'v1.RestartPolicy': 'PodSpec.restartPolicy',
    'v1.DNSPolicy': 'PodSpec.dnsPolicy',
    'v1.PreemptionPolicy': 'PodSpec.preemptionPolicy',
    'v1.StorageMedium': 'EmptyDirVolumeSource.medium',
    'v1.PullPolicy': `
      ImageVolumeSource.pullPolicy Container.imagePullPolicy EphemeralContainer.imagePullPolicy`,
    'v1.ContainerRestartPolicy': 'Container.restartPolicy EphemeralContainer.restartPolicy',
    'v1.TerminationMessagePolicy': `
      Container.terminationMessagePolicy EphemeralContainer.terminationMessagePolicy`,
    'v1.ResourceName': 'ContainerResizePolicy.resourceName ResourceStatus.name',
    'v1.ResourceResizeRestartPolicy': 'ContainerResizePolicy.restartPolicy',
    'v1.ContainerRestartRuleAction': 'ContainerRestartRule.action',
    'v1.ContainerRestartRuleOnExitCodesOperator': 'ContainerRestartRuleOnExitCodes.operator',
    'v1.RecursiveReadOnlyMode': 'VolumeMount.recursiveReadOnly VolumeMountStatus.recursiveReadOnly',
    'v1.MountPropagationMode': 'VolumeMount.mountPropagation',
    'v1.URIScheme': 'HTTPGetAction.scheme',
    'v1.Signal': 'Lifecycle.stopSignal ContainerStatus.stopSignal',
    'v1.ProcMountType': 'SecurityContext.procMount',
    '[]v1.Capability': 'Capabilities.add Capabilities.drop',
    'v1.SeccompProfileType': 'SeccompProfile.type',
    'v1.AppArmorProfileType': 'AppArmorProfile.type',
    'v1.SupplementalGroupsPolicy': 'PodSecurityContext.supplementalGroupsPolicy',
    'v1.PodFSGroupChangePolicy': 'PodSecurityContext.fsGroupChangePolicy',
    'v1.PodSELinuxChangePolicy': 'PodSecurityContext.seLinuxChangePolicy',
    'v1.TolerationOperator': 'Toleration.operator',
    'v1.PodConditionType': 'PodReadinessGate.conditionType PodCondition.type',
    'v1.UnsatisfiableConstraintAction': 'TopologySpreadConstraint.whenUnsatisfiable',
    'v1.NodeInclusionPolicy': `
      TopologySpreadConstraint.nodeAffinityPolicy TopologySpreadConstraint.nodeTaintsPolicy`,
    'v1.OSName': 'PodOS.name',
    'v1.PodPhase': 'PodStatus.phase',
    'v1.PodQOSClass': 'PodStatus.qosClass',
    'v1.PodResizeStatus': 'PodStatus.resize',
    'v1.ResourceID': 'ResourceHealth.resourceID',
    'v1.ResourceHealthStatus': 'ResourceHealth.health',
    'map[v1.ResourceName]resource.Quantity': 'NodeAllocatableResourceClaimStatus.resources',
    'v1.ReplicationControllerConditionType': 'ReplicationControllerCondition.type',
    '[]v1.ResourceQuotaScope': 'ResourceQuotaSpec.scopes',
    'v1.ResourceQuotaScope': 'ScopedResourceSelectorRequirement.scopeName',
    'v1.ScopeSelectorOperator': 'ScopedResourceSelectorRequirement.operator',
    'v1.SecretType': 'Secret.type',
    'v1.ServiceType': 'ServiceSpec.type',
    'v1.ServiceAffinity': 'ServiceSpec.sessionAffinity',
    'v1.ServiceExternalTrafficPolicy': 'ServiceSpec.externalTrafficPolicy',
    '[]v1.IPFamily': 'ServiceSpec.ipFamilies',
    'v1.IPFamilyPolicy': 'ServiceSpec.ipFamilyPolicy',
    'v1.ServiceInternalTrafficPolicy': 'ServiceSpec.internalTrafficPolicy',
    'v1.LoadBalancerIPMode': 'LoadBalancerIngress.ipMode',
  },
  'admission.v1': {
    'types.UID': 'AdmissionResponse.uid',
    'v1.PatchType': 'AdmissionResponse.patchType',
  },
  'admission.v1beta1': {
    'types.UID': 'AdmissionResponse.uid',
    'v1beta1.PatchType': 'AdmissionResponse.patchType',
  },
  'apiregistration.v1': {
    'v1.APIServiceConditionType': 'APIServiceCondition.type',
    'v1.ConditionStatus': 'APIServiceCondition.status',
  },
  'apps.v1': {
    'v1.DaemonSetUpdateStrategyType': 'DaemonSetUpdateStrategy.type',
    'v1.DaemonSetConditionType': 'DaemonSetCondition.type',
    'v1.ConditionStatus': `
      DaemonSetCondition.status DeploymentCondition.status ReplicaSetCondition.status
      StatefulSetCondition.status`,
    'v1.DeploymentStrategyType': 'DeploymentStrategy.type',
    'v1.DeploymentConditionType': 'DeploymentCondition.type',
    'v1.ReplicaSetConditionType': 'ReplicaSetCondition.type',
    'v1.PodManagementPolicyType': 'StatefulSetSpec.podManagementPolicy',
    'v1.StatefulSetUpdateStrategyType': 'StatefulSetUpdateStrategy.type',
    'v1.PersistentVolumeClaimRetentionPolicyType': `
      StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted
      StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled`,
    'v1.StatefulSetConditionType': 'StatefulSetCondition.type',
  },
  'authentication.v1': {
    'map[string]v1.ExtraValue': 'UserInfo.extra',
    'types.UID': 'BoundObjectReference.uid',
  },
  'authorization.v1': {
    'map[string]v1.ExtraValue': 'SubjectAccessReviewSpec.extra',
  },
  'autoscaling.v2': {
    'v2.MetricSourceType': 'MetricSpec.type MetricStatus.type',
    'v2.MetricTargetType': 'MetricTarget.type',
    'v1.ResourceName': `
      ResourceMetricSource.name ContainerResourceMetricSource.name ResourceMetricStatus.name
      ContainerResourceMetricStatus.name`,
    'v2.ScalingPolicySelect': 'HPAScalingRules.selectPolicy',
    'v2.HPAScalingPolicyType': 'HPAScalingPolicy.type',
    'v2.HorizontalPodAutoscalerConditionType': 'HorizontalPodAutoscalerCondition.type',
    'v1.ConditionStatus': 'HorizontalPodAutoscalerCondition.status',
  },
  'batch.v1': {
    'v1.ConcurrencyPolicy': 'CronJobSpec.concurrencyPolicy',
    'v1.CompletionMode': 'JobSpec.completionMode',
    'v1.PodReplacementPolicy': 'JobSpec.podReplacementPolicy',
    'v1.PodFailurePolicyAction': 'PodFailurePolicyRule.action',
    'v1.PodFailurePolicyOnExitCodesOperator': 'PodFailurePolicyOnExitCodesRequirement.operator',
    'v1.PodConditionType': 'PodFailurePolicyOnPodConditionsPattern.type',
    'v1.ConditionStatus': 'PodFailurePolicyOnPodConditionsPattern.status JobCondition.status',
    'v1.JobConditionType': 'JobCondition.type',
    '[]types.UID': 'UncountedTerminatedPods.succeeded UncountedTerminatedPods.failed',
  },
  'certificates.v1': {
    '[]v1.KeyUsage': 'CertificateSigningRequestSpec.usages',
    'map[string]v1.ExtraValue': 'CertificateSigningRequestSpec.extra',
    'v1.RequestConditionType': 'CertificateSigningRequestCondition.type',
    'v1.ConditionStatus': 'CertificateSigningRequestCondition.status',
  },
  'certificates.v1beta1': {
    'types.UID': `
      PodCertificateRequestSpec.podUID PodCertificateRequestSpec.serviceAccountUID
      PodCertificateRequestSpec.nodeUID`,
    'types.NodeName': 'PodCertificateRequestSpec.nodeName',
  },
  'networking.v1': {
    'v1.PathType': 'HTTPIngressPath.pathType',
    'v1.Protocol': 'IngressPortStatus.protocol NetworkPolicyPort.protocol',
    '[]v1.PolicyType': 'NetworkPolicySpec.policyTypes',
  },
  'policy.v1': {
    'v1.UnhealthyPodEvictionPolicyType': 'PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy',
  },
  'storage.v1': {
    '[]v1.VolumeLifecycleMode': 'CSIDriverSpec.volumeLifecycleModes',
    'v1.FSGroupPolicy': 'CSIDriverSpec.fsGroupPolicy',
    'v1.PersistentVolumeReclaimPolicy': 'StorageClass.reclaimPolicy',
    'v1.VolumeBindingMode': 'StorageClass.volumeBindingMode',
  },
  'admissionregistration.v1': {
    'v1.FailurePolicyType': `
      MutatingAdmissionPolicySpec.failurePolicy MutatingWebhook.failurePolicy
      ValidatingAdmissionPolicySpec.failurePolicy ValidatingWebhook.failurePolicy`,
    'v1.ReinvocationPolicyType': `
      MutatingAdmissionPolicySpec.reinvocationPolicy MutatingWebhook.reinvocationPolicy`,
    'v1.MatchPolicyType': `
      MatchResources.matchPolicy MutatingWebhook.matchPolicy ValidatingWebhook.matchPolicy`,
    '[]v1.OperationType': 'NamedRuleWithOperations.operations RuleWithOperations.operations',
    'v1.ScopeType': 'NamedRuleWithOperations.scope RuleWithOperations.scope',
    'v1.PatchType': 'Mutation.patchType',
    'v1.ParameterNotFoundActionType': 'ParamRef.parameterNotFoundAction',
    'v1.SideEffectClass': 'MutatingWebhook.sideEffects ValidatingWebhook.sideEffects',
    'v1.StatusReason': 'Validation.reason',
    '[]v1.ValidationAction': 'ValidatingAdmissionPolicyBindingSpec.validationActions',
  },
  'admissionregistration.v1beta1': {
    'v1beta1.FailurePolicyType': 'MutatingAdmissionPolicySpec.failurePolicy',
    'v1.ReinvocationPolicyType': 'MutatingAdmissionPolicySpec.reinvocationPolicy',
    'v1beta1.MatchPolicyType': 'MatchResources.matchPolicy',
    '[]v1.OperationType': 'NamedRuleWithOperations.operations',
    'v1.ScopeType': 'NamedRuleWithOperations.scope',
    'v1beta1.PatchType': 'Mutation.patchType',
    'v1beta1.ParameterNotFoundActionType': 'ParamRef.parameterNotFoundAction',
  },
  'admissionregistration.v1alpha1': {
    'v1alpha1.FailurePolicyType': 'MutatingAdmissionPolicySpec.failurePolicy',
    'v1.ReinvocationPolicyType': 'MutatingAdmissionPolicySpec.reinvocationPolicy',
    'v1alpha1.MatchPolicyType': 'MatchResources.matchPolicy',
    '[]v1.OperationType': 'NamedRuleWithOperations.operations',
    'v1.ScopeType': 'NamedRuleWithOperations.scope',
    'v1alpha1.PatchType': 'Mutation.patchType',
    'v1alpha1.ParameterNotFoundActionType': 'ParamRef.parameterNotFoundAction',
  },
  'apiextensions.v1': {
    'v1.ResourceScope': 'CustomResourceDefinitionSpec.scope',
    'v1.JSONSchemaURL': 'JSONSchemaProps.$schema',
    '[]v1.JSON': 'JSONSchemaProps.enum',
    'v1.JSONSchemaDependencies': 'JSONSchemaProps.dependencies',
    'v1.JSONSchemaDefinitions': 'JSONSchemaProps.definitions',
    'v1.ValidationRules': 'JSONSchemaProps.x-kubernetes-validations',
    'v1.FieldValueErrorReason': 'ValidationRule.reason',
    'v1.ConversionStrategyType': 'CustomResourceConversion.strategy',
    'v1.CustomResourceDefinitionConditionType': 'CustomResourceDefinitionCondition.type',
    'v1.ConditionStatus': 'CustomResourceDefinitionCondition.status',
  },
  'scheduling.v1': {
    'v1.PreemptionPolicy': 'PriorityClass.preemptionPolicy',
  },
  'scheduling.v1alpha2': {
    'v1alpha2.DisruptionMode': 'PodGroupSpec.disruptionMode PodGroupTemplate.disruptionMode',
  },
  'coordination.v1': {
    'v1.CoordinatedLeaseStrategy': 'LeaseSpec.strategy',
  },
  'coordination.v1beta1': {
    'v1.CoordinatedLeaseStrategy': 'LeaseCandidateSpec.strategy',
  },
  'coordination.v1alpha2': {
    'v1.CoordinatedLeaseStrategy': 'LeaseCandidateSpec.strategy',
  },
  'node.v1': {
    'v1.ResourceList': 'Overhead.podFixed',
  },
  'discovery.v1': {
    'v1.AddressType': 'EndpointSlice.addressType',
    'v1.Protocol': 'EndpointPort.protocol',
  },
  'resource.v1': {
    'v1.DeviceAllocationMode': 'ExactDeviceRequest.allocationMode DeviceSubRequest.allocationMode',
    'v1.DeviceTolerationOperator': 'DeviceToleration.operator',
    'v1.DeviceTaintEffect': 'DeviceToleration.effect DeviceTaint.effect',
    'map[v1.QualifiedName]resource.Quantity': `
      CapacityRequirements.requests DeviceRequestAllocationResult.consumedCapacity`,
    'v1.FullyQualifiedName': 'DeviceConstraint.matchAttribute DeviceConstraint.distinctAttribute',
    'types.UID': 'DeviceRequestAllocationResult.shareID ResourceClaimConsumerReference.uid',
    'v1.AllocationConfigSource': 'DeviceAllocationConfiguration.source',
    'map[v1.QualifiedName]v1.DeviceAttribute': 'Device.attributes',
    'map[v1.QualifiedName]v1.DeviceCapacity': 'Device.capacity',
    'map[v1.ResourceName]v1.NodeAllocatableResourceMapping': `
      Device.nodeAllocatableResourceMappings`,
    'v1.QualifiedName': 'NodeAllocatableResourceMapping.capacityKey',
  },
  'resource.v1beta2': {
    'v1beta2.DeviceTaintEffect': 'DeviceTaint.effect DeviceToleration.effect',
    'v1beta2.DeviceAllocationMode': `
      ExactDeviceRequest.allocationMode DeviceSubRequest.allocationMode`,
    'v1beta2.DeviceTolerationOperator': 'DeviceToleration.operator',
    'map[v1beta2.QualifiedName]resource.Quantity': `
      CapacityRequirements.requests DeviceRequestAllocationResult.consumedCapacity`,
    'v1beta2.FullyQualifiedName': `
      DeviceConstraint.matchAttribute DeviceConstraint.distinctAttribute`,
    'types.UID': 'DeviceRequestAllocationResult.shareID ResourceClaimConsumerReference.uid',
    'v1beta2.AllocationConfigSource': 'DeviceAllocationConfiguration.source',
    'map[v1beta2.QualifiedName]v1beta2.DeviceAttribute': 'Device.attributes',
    'map[v1beta2.QualifiedName]v1beta2.DeviceCapacity': 'Device.capacity',
    'map[v1.ResourceName]v1beta2.NodeAllocatableResourceMapping': `
      Device.nodeAllocatableResourceMappings`,
    'v1beta2.QualifiedName': 'NodeAllocatableResourceMapping.capacityKey',
  },
  'resource.v1beta1': {
    'v1beta1.DeviceAllocationMode': 'DeviceRequest.allocationMode DeviceSubRequest.allocationMode',
    'v1beta1.DeviceTolerationOperator': 'DeviceToleration.operator',
    'v1beta1.DeviceTaintEffect': 'DeviceToleration.effect DeviceTaint.effect',
    'map[v1beta1.QualifiedName]resource.Quantity': `
      CapacityRequirements.requests DeviceRequestAllocationResult.consumedCapacity`,
    'v1beta1.FullyQualifiedName': `
      DeviceConstraint.matchAttribute DeviceConstraint.distinctAttribute`,
    'types.UID': 'DeviceRequestAllocationResult.shareID ResourceClaimConsumerReference.uid',
    'v1beta1.AllocationConfigSource': 'DeviceAllocationConfiguration.source',
    'map[v1beta1.QualifiedName]v1beta1.DeviceAttribute': 'BasicDevice.attributes',
    'map[v1beta1.QualifiedName]v1beta1.DeviceCapacity': 'BasicDevice.capacity',
    'map[v1.ResourceName]v1beta1.NodeAllocatableResourceMapping': `
      BasicDevice.nodeAllocatableResourceMappings`,
    'v1beta1.QualifiedName': 'NodeAllocatableResourceMapping.capacityKey',
  },
  'resource.v1alpha3': {
    'v1alpha3.DeviceTaintEffect': 'DeviceTaint.effect',
  },
  'flowcontrol.v1': {
    'v1.FlowDistinguisherMethodType': 'FlowDistinguisherMethod.type',
    'v1.SubjectKind': 'Subject.kind',
    'v1.FlowSchemaConditionType': 'FlowSchemaCondition.type',
    'v1.ConditionStatus': 'FlowSchemaCondition.status PriorityLevelConfigurationCondition.status',
    'v1.PriorityLevelEnablement': 'PriorityLevelConfigurationSpec.type',
    'v1.LimitResponseType': 'LimitResponse.type',
    'v1.PriorityLevelConfigurationConditionType': 'PriorityLevelConfigurationCondition.type',
  },
  'apiserverinternal.v1alpha1': {
    'v1alpha1.StorageVersionConditionType': 'StorageVersionCondition.type',
    'v1alpha1.ConditionStatus': 'StorageVersionCondition.status',
  },
}

let typeByField: ReadonlyMap<string, string> | undefined

/** `core.v1.ContainerPort.protocol` → `v1.Protocol`; undefined for what has no name of its own. */
export function namedTypeOf(field: string): string | undefined {
  typeByField ??= new Map(
    Object.entries(FIELDS).flatMap(([group, types]) =>
      Object.entries(types).flatMap(([type, fields]) =>
        fields
          .trim()
          .split(/\s+/)
          .map(name => [`${group}.${name}`, type] as const),
      ),
    ),
  )
  return typeByField.get(field)
}
