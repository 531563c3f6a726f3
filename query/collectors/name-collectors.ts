/**
 * What people call each address: the first part of its host name (a pod's name, in Kubernetes), the whole host or
 * host and port, as short as tells them apart.
 */
export function nameCollectors(urls: readonly string[]): ReadonlyMap<string, string> {
  const forms = urls.map((url) => {
    const { hostname, host, href } = new URL(url)
    const isAddress = /^[\d.]+$|^\[/.test(hostname)
    return [isAddress ? hostname : hostname.split('.')[0]!, hostname, host, href] as const
  })
  return new Map(
    urls.map((url, index) => {
      const name = forms[index]!.find((form, length) =>
        forms.every((other, at) => at === index || other[length] !== form),
      )
      return [url, name ?? url]
    }),
  )
}
