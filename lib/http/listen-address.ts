export interface ListenAddress {
  /** Absent: every address of this host. */
  readonly host?: string
  readonly port: number
}

/** Reads `host:port`, `:port` or `[v6]:port`. Throws a SyntaxError. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new SyntaxError(
      `listen address ${JSON.stringify(text)}: want host:port or :port, such as 127.0.0.1:8080`,
    )
  }
  const host = match[1] ?? match[2] ?? ''
  return host === '' ? { port } : { host, port }
}

/** The address as a browser on this machine would open it. */
export function localUrl(address: ListenAddress, options: { readonly scheme: 'http' | 'https' }): string {
  const everywhere = address.host === undefined || address.host === '0.0.0.0' || address.host === '::'
  const isLocal = everywhere || address.host === '127.0.0.1' || address.host === '::1'
  const host = isLocal ? 'localhost' : address.host!.includes(':') ? `[${address.host}]` : address.host
  return `${options.scheme}://${host}:${address.port}`
}
