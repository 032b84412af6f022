import { list, map, shape, string, type ValueOfShape } from '../../machinery/schema.ts'

export const userInfo = shape('io.k8s.api.authentication.v1.UserInfo', 'authentication.UserInfo', {
  username: string(1).doc('authentication.UserInfo.username'),
  uid: string(2).doc('authentication.UserInfo.uid'),
  groups: list(3, string()).atomic().doc('authentication.UserInfo.groups'),
  extra: map(4, list(undefined, string())).doc('authentication.UserInfo.extra'),
})
export type UserInfo = ValueOfShape<typeof userInfo>
