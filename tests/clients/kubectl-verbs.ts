/** What kubectl is asked and has to print, by subject. See `kubectl-verbs.test.ts`. */

/** A command, what it prints (a string is all of standard output), and what it reads. */
export type Step = readonly [command: string, expected: RegExp | string, input?: string]

const deployment = (image: string, more = '') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, labels: { app: shop } }
spec:
  ${more}
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec: { containers: [ { name: web, image: '${image}', env: [ { name: A, value: a } ] } ] }
`

const configMaps = (...names: string[]) =>
  names
    .map(
      name =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: NS, labels: { set: p } }\n`,
    )
    .join('---\n')

const role = (verb: string, name = 'rec') => `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: rec, namespace: NS }
rules: [ { apiGroups: [''], resources: [pods], verbs: [${verb}] } ]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: rec, namespace: NS }
roleRef: { kind: Role, name: ${name}, apiGroup: rbac.authorization.k8s.io }
subjects: [ { kind: User, name: joe, apiGroup: rbac.authorization.k8s.io } ]
`

const event = `apiVersion: events.k8s.io/v1
kind: Event
metadata: { name: made, namespace: NS }
eventTime: '2026-01-01T00:00:00.000000Z'
reportingController: example.com/tester
reportingInstance: tester-0
action: Tried
reason: Trying
note: hello
type: Normal
regarding: { kind: Pod, name: cat, namespace: NS, apiVersion: v1 }
`

const managers =
  "get deployment shop --show-managed-fields -o jsonpath='{range .metadata.managedFields[*]}{.manager}/{.operation} {end}'"

export const verbs: Readonly<Record<string, readonly Step[]>> = {
  'create makes every kind it knows': [
    ['create deployment d --image=web:1 --replicas=2 --port=80', /deployment.apps\/d created/],
    ['create service clusterip a --tcp=80:8080', /service\/a created/],
    ['create service nodeport b --tcp=80', /service\/b created/],
    ['create service externalname c --external-name=example.com', /service\/c created/],
    ['create service loadbalancer l --tcp=80', /service\/l created/],
    ['get service a', /a +ClusterIP +10\.\S+ +<none> +80\/TCP/],
    ['get service b', /b +NodePort +10\.\S+ +<none> +80:3\d{4}\/TCP/],
    ['get service c', /c +ExternalName +<none> +example\.com +<none>/],
    ['get service l', /l +LoadBalancer +10\.\S+ +<pending> +80:3\d{4}\/TCP/],
    ['create secret generic g --from-literal=a=b --from-file=DIR/greeting', /secret\/g created/],
    ['create secret tls t --cert=DIR/cert.pem --key=DIR/key.pem', /secret\/t created/],
    [
      'create secret docker-registry r --docker-username=u --docker-password=p --docker-server=x',
      /secret\/r created/,
    ],
    [
      'get secrets',
      /g +Opaque +2 [\s\S]*r +kubernetes\.io\/dockerconfigjson +1 [\s\S]*t +kubernetes\.io\/tls +2 /,
    ],
    ["get secret g -o go-template='{{.data.greeting | base64decode}}'", 'hello'],
    ['create configmap m --from-file=DIR/greeting --from-literal=x=y', /configmap\/m created/],
    ['create role ro --verb=get --resource=pods', /role.rbac.authorization.k8s.io\/ro created/],
    [
      'create rolebinding rb --role=ro --user=jane',
      /rolebinding.rbac.authorization.k8s.io\/rb created/,
    ],
    ['create clusterrole NS-cr --verb=get,list --resource=nodes', /clusterrole.*created/],
    ['create clusterrole NS-nr --verb=get --non-resource-url=/metrics', /clusterrole.*created/],
    [
      'create clusterrolebinding NS-cb --clusterrole=NS-cr --group=ops',
      /clusterrolebinding.*created/,
    ],
    ['auth can-i list nodes --as=x --as-group=ops', 'yes'],
    ['create serviceaccount s', /serviceaccount\/s created/],
    ['create token s --duration=10m --audience=x', /^ey[\w-]+\.[\w-]+\.[\w-]+$/],
    ['!create token nobody', /serviceaccounts "nobody" not found/],
    ['create quota q --hard=pods=10', /resourcequota\/q created/],
    ['get quota q -o jsonpath={.spec.hard.pods}', '10'],
    ['create job j --image=web:1', /job.batch\/j created/],
    // On a day that comes every four years: else it is due now and then between two commands.
    ["create cronjob cj --image=web:1 --schedule='*/5 0 29 2 *'", /cronjob.batch\/cj created/],
    ['get cronjob cj', /cj +\*\/5 0 29 2 \* +<none> +False +0 +<none>/],
    ['create ingress i --rule=example.com/*=a:80', /ingress.networking.k8s.io\/i created/],
    ['get ingress i', /i +<none> +example\.com +80/],
    ['create pdb b --selector=app=x --min-available=1', /poddisruptionbudget.policy\/b created/],
    ['get pdb b', /b +1 +N\/A +0 /],
    ['create priorityclass NS-pc --value=5', /priorityclass.scheduling.k8s.io\/\S+-pc created/],
    ['delete priorityclass NS-pc', /deleted/],
    ['delete clusterrole,clusterrolebinding NS-cr NS-nr NS-cb --ignore-not-found', /deleted/],
  ],
  'get and describe show every kind': [
    ['create deployment d --image=web:1 --port=80', /created/],
    ['rollout status deployment d --timeout=150s', /successfully rolled out/],
    ['expose deployment d --port=80', /service\/d exposed/],
    [
      'wait endpointslice -l kubernetes.io/service-name=d --for=jsonpath={.endpoints[0].conditions.ready}=true',
      /condition met/,
    ],
    // Another controller's.
    ['wait endpoints d --for=jsonpath={.subsets[0].addresses[0].ip}', /condition met/],
    [
      'get all',
      /pod\/d-[\s\S]*service\/d [\s\S]*deployment.apps\/d +1\/1[\s\S]*replicaset.apps\/d-/,
    ],
    [
      'get deploy,rs -o wide',
      /CONTAINERS +IMAGES +SELECTOR\n\S+ [\s\S]*web +web:1 +app=d,pod-template-hash=/,
    ],
    ['get pods -o wide', /d-\S+ +1\/1 +Running +0 +\d+s +10\.\S+ +hollow-\d +<none> +<none>/],
    [
      'get endpoints d',
      /^NAME +ENDPOINTS +AGE\nd +10\.[\d.]+:80 [\s\S]*Warning: v1 Endpoints is deprecated in v1\.33\+/,
    ],
    ['get endpointslices', /d-\S+ +IPv4 +80 +10\./],
    ['get sa,cm', /serviceaccount\/default +\d+s\n[\s\S]*configmap\/kube-root-ca\.crt +1/],
    ['get leases -n kube-node-lease', /hollow-0 +hollow-0/],
    ['get leases -n kube-system', /apiserver-\w{26} +apiserver-\w{26}_[0-9a-f-]{36} /],
    [
      'get events',
      /Normal +ScalingReplicaSet +deployment\/d +Scaled up replica set d-\w+ from 0 to 1/,
    ],
    ['get events.events.k8s.io', /Normal +ScalingReplicaSet +deployment\/d/],
    ['events --types=Normal', /ScalingReplicaSet +Deployment\/d/],
    [
      'describe deployment d',
      /Replicas: +1 desired \| 1 updated \| 1 total \| 1 available[\s\S]*ScalingReplicaSet/,
    ],
    ['describe rs', /Controlled By: +Deployment\/d[\s\S]*SuccessfulCreate/],
    ['describe pods', /QoS Class: +BestEffort[\s\S]*Scheduled[\s\S]*Started/],
    ['describe service d', /Endpoints: +10\.[\d.]+:80/],
    ['describe endpointslices', /AddressType: +IPv4[\s\S]*TargetRef: +Pod\/d-/],
    ['describe configmap kube-root-ca.crt', /BEGIN CERTIFICATE/],
    ['describe serviceaccount default', /Tokens: +<none>/],
    ['describe namespace NS', /Status: +Active/],
    ['describe lease hollow-0 -n kube-node-lease', /Holder Identity: +hollow-0/],
    [
      'describe node hollow-0',
      /Lease:\n +HolderIdentity: +hollow-0[\s\S]*KubeletReady[\s\S]*Allocated resources/,
    ],
    ['describe clusterrole view', /pods +\[\] +\[\] +\[get list watch\]/],
    ['describe events', /Reason: +ScalingReplicaSet/],
    [
      'get pods --field-selector=status.phase=Running,metadata.namespace=NS -o name',
      /^pod\/d-\w+-\w+\n$/,
    ],
    ['get pods -l app!=d -o name', ''],
    ['get cm -A --chunk-size=2 -o name', /(configmap\/\S+\n){4}/],
    ['get nodes -L kubernetes.io/os --no-headers', /linux\n/],
    [
      'get nodes -o custom-columns=N:.metadata.name --sort-by=.metadata.name',
      /N\nhollow-0\nhollow-1/,
    ],
    ['get deployment d --subresource=scale', /NAME +DESIRED +AVAILABLE +AGE\nd +1 +1/],
  ],
  'raw paths and what the cluster tells of itself': [
    ['get --raw /version', /"gitVersion":"v1\.36\./],
    ['get --raw /livez?verbose', /livez check passed/],
    ['get --raw /readyz', 'ok'],
    ['get --raw /metrics', /^# HELP/m],
    ['get --raw /openapi/v3', /"apis\/apps\/v1"/],
    ['get --raw /api/v1/namespaces/NS/configmaps/kube-root-ca.crt', /"kind":"ConfigMap"/],
    ['!get --raw /api/v1/namespaces/NS/pods/x', /\(NotFound\): pods "x" not found/],
    ['!get --raw /nothing', /the server could not find the requested resource/],
    ['api-versions', /^apps\/v1$[\s\S]*^events\.k8s\.io\/v1$[\s\S]*^v1$/m],
    ['cluster-info', /control plane.* is running at .*https:\/\/127\.0\.0\.1/],
    ['config view', /client-key-data: DATA\+OMITTED/],
    ['explain deployment.spec.strategy.rollingUpdate.maxSurge', /FIELD: maxSurge <IntOrString>/],
    ['explain pod --recursive', /terminationGracePeriodSeconds\s+<integer>/],
    ['explain events --api-version=events.k8s.io/v1', /FIELDS:[\s\S]*reportingController/],
    ['!explain pod.nothing', /field "nothing" does not exist/],
    ['!top pods', /Metrics API not available/],
  ],
  'one event, two groups': [
    ['create -f -', /event\.events\.k8s\.io\/made created/, event],
    ['get events.v1. made -o jsonpath={.message}/{.involvedObject.name}', 'hello/cat'],
    ['get events.v1.events.k8s.io made -o jsonpath={.note}/{.regarding.name}', 'hello/cat'],
    ['get events --field-selector involvedObject.name=cat -o name', 'event/made'],
    ['get events.events.k8s.io --field-selector regarding.name=cat', /Trying +pod\/cat +hello/],
    ['events --for pod/cat', /Trying +Pod\/cat +hello/],
    ['delete events.v1. made', /deleted/],
    // Both groups are of one storage, but each tells of itself.
    ['!get events.events.k8s.io made', /events\.events\.k8s\.io "made" not found/],
    ['!get events.v1. made', /events "made" not found/],
  ],
  'set, label, annotate and roll out': [
    ['create deployment d --image=web:1', /created/],
    ['set image deployment/d web=web:2', /image updated/],
    ['set env deployment/d A=b', /env updated/],
    ['set env deployment/d --list', /A=b/],
    ['set resources deployment/d --limits=cpu=200m,memory=64Mi --requests=cpu=0.1', /updated/],
    [
      'get deployment d -o jsonpath={.spec.template.spec.containers[0].resources.requests.cpu}',
      '100m',
    ],
    ['create serviceaccount s', /created/],
    ['set serviceaccount deployment/d s', /serviceaccount updated/],
    ['rollout status deployment/d --timeout=150s', /successfully rolled out/],
    ['rollout pause deployment/d', /paused/],
    ['!rollout restart deployment/d', /can't restart paused deployment/],
    ['rollout resume deployment/d', /resumed/],
    ['rollout history deployment/d --revision=2', /with revision #2[\s\S]*Image:\s+web:2/],
    ['rollout undo deployment/d --to-revision=1', /rolled back/],
    ['!rollout undo deployment/d --to-revision=99', /unable to find specified revision 99/],
    ['create service clusterip s --tcp=80', /created/],
    ['set selector service s a=b', /selector updated/],
    ['create rolebinding b --clusterrole=view --user=jane', /created/],
    ['set subject rolebinding b --user=joe', /subjects updated/],
    ['label deployment d tier=web', /labeled/],
    [
      '!label deployment d tier=app',
      /'tier' already has a value \(web\), and --overwrite is false/,
    ],
    ['label deployment d tier=app --overwrite', /labeled/],
    ['label deployment d tier-', /unlabeled/],
    ['annotate deployment d note=hot', /annotated/],
    ['annotate deployment d note=cold --overwrite', /annotated/],
    [
      "!label deployment d 'bad key=1'",
      /is invalid: metadata\.labels: Invalid value: "bad key": name part must/,
    ],
    ['scale deployment d --replicas=3', /scaled/],
    ['!scale deployment d --current-replicas=5 --replicas=1', /Expected replicas to be 5, was 3/],
    [
      'patch deployment d --subresource=scale --type=merge -p \'{"spec":{"replicas":1}}\'',
      /scale.autoscaling\/d patched/,
    ],
    ['get deployment d -o jsonpath={.spec.replicas}', '1'],
    ['!scale deployment nope --replicas=1', /deployments.apps "nope" not found/],
  ],
  'pods: run, logs, exec, debug, replace': [
    ['run solo --image=web:1 --port=80 --labels=run=solo', /pod\/solo created/],
    ['wait pod solo --for=condition=Ready --timeout=150s', /condition met/],
    ['logs solo --tail=1 --since=1h -c solo --timestamps', ''],
    ['logs -l run=solo', ''],
    ['!logs solo -c nope', /container nope is not valid for pod solo/],
    ['!logs solo --previous', /previous terminated container "solo" in pod "solo" not found/],
    ['!logs nope', /pods "nope" not found/],
    ['exec solo -- echo hi', 'hi'],
    ["!exec solo -- sh -c 'exit 3'", /exit code 3/],
    ['!exec solo -c nope -- echo', /container nope is not valid for pod solo/],
    ['exec pod/solo -i -- cat', 'typed', 'typed'],
    [
      'run once --image=web:1 --restart=Never --rm -i --command -- echo gone',
      /gone\n.*pod "once" deleted/,
    ],
    [
      'debug solo --image=busybox --target=solo --profile=general -- sleep 1',
      /Defaulting debug container name to debugger-/,
    ],
    ['get pod solo -o jsonpath={.spec.ephemeralContainers[0].targetContainerName}', 'solo'],
    [
      'debug solo --copy-to=twin --image=busybox --profile=general --container=tool -- sleep 60',
      /^$/,
    ],
    ["get pod twin -o jsonpath='{.spec.containers[*].name}'", 'solo tool'],
    [
      '!patch pod solo -p \'{"spec":{"containers":[{"name":"solo","command":["x"]}]}}\'',
      /Forbidden: pod updates may not change fields other than/,
    ],
    [
      'replace --force -f -',
      /pod "solo" deleted[\s\S]*pod\/solo replaced/,
      'apiVersion: v1\nkind: Pod\nmetadata: { name: solo }\nspec: { terminationGracePeriodSeconds: 1, containers: [ { name: solo, image: web:3 } ] }\n',
    ],
    ['get pod solo -o jsonpath={.spec.containers[0].image}', 'web:3'],
    ['!expose pod solo --port=80', /the pod has no labels and cannot be exposed/],
    ['run tt --image=x --env=A=b --port=90 --expose', /service\/tt created[\s\S]*pod\/tt created/],
    ['delete pod,service tt --now', /pod "tt" deleted[\s\S]*service "tt" deleted/],
  ],
  'delete: selectors, cascades and waiting': [
    ['create deployment d --image=web:1 --replicas=2', /created/],
    ['rollout status deployment d --timeout=150s', /successfully rolled out/],
    ['delete deployment d --dry-run=server', /deleted \(server dry run\)/],
    ['delete deployment d --cascade=orphan', /deleted/],
    ['get rs,pods -l app=d -o name', /replicaset.apps\/d-\w+\npod\/d-\S+\npod\/d-\S+\n/],
    ['delete rs -l app=d --cascade=background', /deleted/],
    // It tells of those that were still there.
    ['wait pods -l app=d --for=delete --timeout=150s', /^(pod\/d-\S+ condition met\n)*$/],
    ['get pods -l app=d -o name', ''],
    ['create deployment d --image=web:1', /created/],
    ['delete deployment d --cascade=foreground --timeout=150s', /deleted/],
    ['get rs,pods -l app=d -o name', ''],
    ['wait pod/nope --for=delete --timeout=2s', ''],
    ['!wait pod/nope --for=condition=Ready --timeout=1s', /pods "nope" not found/],
    ['!wait cm/later --for=create --timeout=1s', /timed out waiting for the condition/],
    ['delete cm nope --ignore-not-found', ''],
    ['delete cm --all', /configmap "kube-root-ca.crt" deleted/],
    [
      '!delete namespace default',
      /namespaces "default" is forbidden: this namespace may not be deleted/,
    ],
  ],
  'apply: prune, kustomize, server side': [
    ['apply -k DIR/kustom', /configmap\/my-made-\w+ created\nconfigmap\/my-one created/],
    ['diff -k DIR/kustom', ''],
    ['delete -k DIR/kustom', /configmap "my-one" deleted/],
    ['apply -f -', /p1 created[\s\S]*p2 created/, configMaps('p1', 'p2')],
    [
      'apply --prune -l set=p --prune-allowlist=core/v1/ConfigMap -f -',
      /p3 created[\s\S]*p1 pruned[\s\S]*p2 pruned/,
      configMaps('p3'),
    ],
    ['apply -f -', /deployment.apps\/shop created/, deployment('web:1', 'replicas: 1')],
    ['apply view-last-applied deployment shop', /image: web:1/],
    ['!diff --server-side -f -', /-.* image: web:1\n[\s\S]*\+.* image: web:2/, deployment('web:2')],
    ['apply --server-side -f -', /serverside-applied/, deployment('web:2', 'replicas: 1')],
    // By time, then by name: two writes of one second come in the order of their names.
    [
      managers,
      /^(kubectl-last-applied\/Apply kubectl\/Apply|kubectl\/Apply kubectl-last-applied\/Apply) proa\/Update/,
    ],
    [
      '!apply --server-side --field-manager=other -f -',
      /conflicts? with "kubectl": \.spec\.template\.spec\.containers\[name="web"\]\.image/,
      deployment('web:3'),
    ],
    [
      'apply --server-side --field-manager=other --force-conflicts -f -',
      /serverside-applied/,
      deployment('web:3'),
    ],
    [managers, /other\/Apply/],
    [
      'apply --server-side --dry-run=server --force-conflicts -f -',
      /serverside-applied \(server dry run\)/,
      deployment('web:4'),
    ],
    ['get deployment shop -o jsonpath={.spec.template.spec.containers[0].image}', 'web:3'],
    ['apply -f - --dry-run=server', /configured \(server dry run\)/, deployment('web:5')],
    ['apply -f - --dry-run=client', /configured \(dry run\)/, deployment('web:5')],
    ['create cm x --dry-run=server -o name', 'configmap/x'],
    ['!get cm x', /configmaps "x" not found/],
  ],
  'rights: can-i, reconcile, forbidden': [
    ['create role r --verb=get --resource=pods', /created/],
    ['create rolebinding r --role=r --user=jane', /created/],
    ['auth can-i get pods --as=jane', 'yes'],
    ['!auth can-i list pods --as=jane', /^no\n/],
    ["auth can-i '*' '*'", 'yes'],
    ['!auth can-i get /metrics --as=jane', /^no\n/],
    ['auth can-i --list --as=jane', /pods +\[\] +\[\] +\[get\]/],
    ['auth whoami', /Username +kubernetes-admin/],
    [
      '!get pods -A --as=jane',
      /\(Forbidden\): pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope/,
    ],
    [
      '!delete pod x --as=jane',
      /pods "x" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the namespace "NS"|cannot delete resource "pods"/,
    ],
    [
      'auth reconcile -f -',
      /role.*rec reconciled\nrolebinding.*rec reconciled\n\treconciliation required create/,
      role('get'),
    ],
    [
      'auth reconcile --remove-extra-permissions -f -',
      /reconciliation required update[\s\S]*extra rules removed/,
      role('list'),
    ],
    ['auth reconcile -f -', /reconciliation required recreate/, role('list', 'r')],
    ['!apply -f -', /roleRef: Invalid value: .*: cannot change roleRef/, role('list')],
    ['!create role more --verb=get --resource=secrets --as=jane', /cannot create resource "roles"/],
  ],
  'refusals are worded as clients know them': [
    ['!get nothing', /the server doesn't have a resource type "nothing"/],
    ['!get pod x', /^Error from server \(NotFound\): pods "x" not found\n$/],
    ['!create namespace default', /\(AlreadyExists\): namespaces "default" already exists/],
    ['!create cm a -n nowhere', /namespaces "nowhere" not found/],
    ['!get pods --field-selector=foo=bar', /field label not supported: foo/],
    ['!get pods -l !!', /unable to parse requirement: found '!', expected: identifier/],
    [
      '!apply --validate=strict -f -',
      /Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec\.containerz"/,
      'apiVersion: v1\nkind: Pod\nmetadata: { name: bad }\nspec: { containerz: 1, containers: [ { name: c, image: i } ] }\n',
    ],
    [
      'apply --validate=warn -f -',
      /Warning: unknown field "dat"[\s\S]*configmap\/warned created|configmap\/warned created[\s\S]*Warning: unknown field "dat"/,
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: warned }\ndat: { a: b }\n',
    ],
    [
      'apply --validate=ignore -f -',
      /configmap\/quiet created\n$/,
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: quiet }\ndat: { a: b }\n',
    ],
    [
      '!create -f -',
      /The Pod "Bad_" is invalid: \n\* metadata\.name: Invalid value: "Bad_"[\s\S]*\* spec\.containers\[0\]\.image: Required value[\s\S]*\* spec\.containers\[1\]\.name: Duplicate value: "c"[\s\S]*supported values: "Always", "OnFailure", "Never"/,
      'apiVersion: v1\nkind: Pod\nmetadata: { name: Bad_ }\nspec: { restartPolicy: Sometimes, containers: [ { name: c }, { name: c, image: i } ] }\n',
    ],
    [
      '!create -f -',
      /cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32/,
      deployment('web:1', 'replicas: many'),
    ],
    ['create service clusterip s --tcp=80', /created/],
    [
      '!patch service s -p \'{"spec":{"clusterIP":"10.96.3.3"}}\'',
      /spec\.clusterIPs\[0\]: Invalid value: \["10\.96\.3\.3"\]: may not change once set/,
    ],
    [
      '!patch service s --type=json -p \'[{"op":"remove","path":"/data/no"}]\'',
      /^The request is invalid: the server rejected our request/,
    ],
    [
      '!replace -f -',
      /services "none" not found/,
      'apiVersion: v1\nkind: Service\nmetadata: { name: none }\nspec: { ports: [ { port: 80 } ] }\n',
    ],
    [
      '!replace -f -',
      /the object has been modified; please apply your changes to the latest version/,
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: kube-root-ca.crt, resourceVersion: "1" }\n',
    ],
    ['taint node hollow-1 k=v:PreferNoSchedule', /tainted/],
    ['!taint node hollow-1 k=v:PreferNoSchedule', /already has k taint\(s\) with same effect/],
    ['taint node hollow-1 k:PreferNoSchedule-', /untainted/],
  ],
}
