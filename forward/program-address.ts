import { isIPv4 } from 'node:net'
import { type ListenAddress, parseListenAddress } from '../lib/http/listen-address.ts'

/** Where the program listens, on loopback. */
export interface ProgramAddress {
  readonly host: string
  readonly port: number
  /** As a person writes it, such as `127.0.0.1:6060`. */
  readonly text: string
}

/** Reads `host:port` or `:port`, of loopback alone: whatever else it is given, this is no way to other hosts. Throws a SyntaxError. */
export function parseProgramAddress(text: string): ProgramAddress {
  const wanted = 'want host:port where the program listens, such as 127.0.0.1:6060'
  let address: ListenAddress
  try {
    address = parseListenAddress(text)
  } catch {
    throw new SyntaxError(`target ${JSON.stringify(text)}: ${wanted}`)
  }
  const { host = 'localhost', port } = address
  if (port === 0) throw new SyntaxError(`target ${JSON.stringify(text)}: ${wanted}`)
  if (!isLoopback(host)) {
    throw new SyntaxError(
      `target ${JSON.stringify(text)}: not of loopback; want 127.0.0.1, [::1] or localhost: what listens on another address is scraped there`,
    )
  }
  return { host, port, text: `${host.includes(':') ? `[${host}]` : host}:${port}` }
}

/** Whether what listens on `listen` would be its own target, and ask itself without end. */
export function isOwnAddress(program: ProgramAddress, listen: ListenAddress): boolean {
  const { host } = listen
  const isEverywhere = host === undefined || host === '0.0.0.0' || host === '::'
  return program.port === listen.port && (isEverywhere || isLoopback(host))
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
