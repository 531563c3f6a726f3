/** A kubeconfig of one cluster and one user. */
export function kubeconfigText(facts: {
  readonly server: string
  /** PEM; counts for https alone. */
  readonly ca: string
  readonly token: string
  readonly namespace?: string | undefined
}): string {
  const { server, ca, token, namespace } = facts
  const data = Buffer.from(ca).toString('base64')
  const name = 'test'
  const context = { cluster: name, user: name, ...(namespace !== undefined && { namespace }) }
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: { server, ...(server.startsWith('https:') && { 'certificate-authority-data': data }) },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context }],
    'current-context': name,
  })
}
