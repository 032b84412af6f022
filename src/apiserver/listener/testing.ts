/** A pod `web` that is a server of the test, behind the API server's door: its address in the cluster leads to it, as a network would. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { issueLeaf } from '#base/pki/certificate.ts'
import { createForwarders } from '#client/forwarding/forwarder.ts'
import { authority, serve, trust, validity } from '#client/testing/serving.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startTestServer } from '../testing.ts'

export const PODS = '/api/v1/namespaces/default/pods'
/** Where the pod is asked. */
export const PROXY = `${PODS}/web/proxy`
export const POD_IP = '10.1.2.3'

export async function startPod(answer: RequestListener) {
  const target = createServer(answer)
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  const { port } = target.address() as AddressInfo
  const forwarderTo = createForwarders({ clock: systemClock })
  const { server, ask } = await startTestServer({
    // A pod cannot have this machine's own address; a network would lead there.
    forwarderTo: place => forwarderTo({ ...place, address: '127.0.0.1', port }),
    admission: [],
    clientAuthorities: [authority.certificate],
    clock: systemClock,
  })
  const spec = { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }] }
  const made = await ask('POST', PODS, { metadata: { name: 'web' }, spec })
  const status = { phase: 'Running', podIP: POD_IP, podIPs: [{ ip: POD_IP }] }
  await ask('PUT', `${PODS}/web/status`, { ...made.body, status })
  const { handle, upgrade, passesOn } = server
  const door = await serve(handle, { upgrade, passesOn })
  const subject = { commonName: 'jane', organizations: ['system:masters'] }
  const issued = issueLeaf({ subject, usages: ['client'], validity }, authority, systemRandom)
  return {
    target,
    door,
    tls: { ...trust, cert: issued.certificate, key: issued.key },
    async [Symbol.asyncDispose]() {
      await door.stop()
      target.closeAllConnections()
      target.close()
      await server.stop()
    },
  }
}
