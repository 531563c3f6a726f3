/** Where collectors are, as one `--collectors` says. */
export type CollectorsFlag = CollectorsBySrv | CollectorsByAddress | CollectorAtUrl

/** `dnssrv+_http._tcp.<service>`: host and port of each from SRV records. */
export interface CollectorsBySrv {
  readonly kind: 'srv'
  readonly text: string
  readonly name: string
  readonly scheme: 'http' | 'https'
}

/** `dns+<host>:<port>`: each address of the host is one. */
export interface CollectorsByAddress {
  readonly kind: 'address'
  readonly text: string
  readonly host: string
  readonly port: number
}

/** `http://<host>:<port>`, perhaps with the route prefix. */
export interface CollectorAtUrl {
  readonly kind: 'url'
  readonly text: string
  readonly url: string
}

/** Reads one `--collectors`. Throws a SyntaxError. */
export function parseCollectorsFlag(text: string): CollectorsFlag {
  const srv = /^dnssrv\+(_([a-z0-9-]+)\._tcp\.[A-Za-z0-9._-]+)$/.exec(text)
  // As the port of a Kubernetes Service is named.
  if (srv !== null) {
    return { kind: 'srv', text, name: srv[1]!, scheme: srv[2]!.startsWith('https') ? 'https' : 'http' }
  }
  const address = /^dns\+([A-Za-z0-9._-]+):(\d{1,5})$/.exec(text)
  const port = Number(address?.[2])
  if (address !== null && port > 0 && port < 65_536) return { kind: 'address', text, host: address[1]!, port }
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.search + url.hash === '') {
    return { kind: 'url', text, url: url.href.replace(/\/+$/, '') }
  }
  throw new SyntaxError(
    `collectors ${JSON.stringify(text)}: want dnssrv+_http._tcp.<service>, dns+<host>:<port> or http://<host>:<port>`,
  )
}
