import { list, map, shape, string, type ValueOfShape } from '../../machinery/schema.ts'

export const userInfo = shape('io.k8s.api.authentication.v1.UserInfo', 'Who someone is.', {
  username: string(1).doc('Name of the user.'),
  uid: string(2).doc('Tells the user from others of that name over time.'),
  groups: list(3, string()).atomic().doc('Groups that the user belongs to.'),
  extra: map(4, list(undefined, string())).doc('What else the authenticator knows, by key.'),
})
export type UserInfo = ValueOfShape<typeof userInfo>
