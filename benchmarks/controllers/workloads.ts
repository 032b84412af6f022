/** The objects that benchmarks of controllers create. */

/** About what a small service asks for; ends at once when told to. */
export const podTemplate = (image: string, app = 'web') => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'web',
        image: `example.com/web:${image}`,
        ports: [{ containerPort: 8080 }],
        env: [{ name: 'MODE', value: 'production' }],
        resources: { requests: { cpu: '1m', memory: '1Mi' } },
      },
    ],
  },
})

export const deploymentOf = (name: string, replicas: number, image = 'v1') =>
  ({
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: podTemplate(image, name),
    },
  }) as never
