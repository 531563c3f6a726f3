import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../support/until.ts'

/** A program on loopback that answers scrapes in a way of its own. */
export interface SickServer {
  /** `127.0.0.1:port` */
  readonly address: string
  close(): Promise<void>
}

export function httpServer(answer: RequestListener): Promise<SickServer> {
  return listen(createHttpServer(answer))
}

/** With a certificate for `localhost` that nobody signed; `caFile` makes it trusted. */
export async function httpsServer(
  answer: RequestListener,
): Promise<SickServer & { readonly caFile: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'conprof-tls-'))
  const caFile = join(folder, 'cert.pem')
  const keyFile = join(folder, 'key.pem')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', keyFile, '-out', caFile]
  execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2', ...curve, ...subject, ...files], {
    stdio: 'ignore',
  })
  const options = { cert: readFileSync(caFile), key: readFileSync(keyFile) }
  const server = await listen(createHttpsServer(options, answer))
  return {
    ...server,
    caFile,
    async close() {
      await server.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export function tcpServer(onConnection: (socket: Socket) => void): Promise<SickServer> {
  return listen(createTcpServer(onConnection))
}

/** A port on which nobody listens: one that the system gave out a moment ago and has back. */
export async function closedPort(): Promise<SickServer> {
  const { address, close } = await tcpServer(() => {})
  await close()
  return { address, close: async () => {} }
}

/**
 * A port that takes no more connections, as behind a firewall that drops packets: a listener that has been
 * stopped with a full queue, on which the kernel answers no SYN.
 */
export async function blackHole(): Promise<SickServer> {
  const script = `const server = require('node:net').createServer().listen(
    { host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  child.kill('SIGSTOP')
  const state = () => execFileSync('ps', ['-o', 'stat=', '-p', String(child.pid)], { encoding: 'utf8' })
  await until('it to stand still', () => state().startsWith('T'))
  const fillers = Array.from({ length: 6 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  // The queue is full once the connections that fit into it are through.
  await Promise.race(fillers.map((filler) => once(filler, 'connect')))
  await new Promise((resolve) => setTimeout(resolve, 200))
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      for (const filler of fillers) filler.destroy()
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function listen(server: Server): Promise<SickServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}
