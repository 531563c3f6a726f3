import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Test } from 'tap'

export interface SrvRecord {
  readonly host: string
  readonly port: number
}

/** A name server for SRV records, over UDP on a loopback port. */
export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string
  /** By full name in lower case; what is not here is not there (NXDOMAIN). */
  readonly records: Map<string, readonly SrvRecord[]>
  /** Answers SERVFAIL while set, or nothing at all. */
  mood: 'well' | 'failing' | 'silent'
  /** Questions that came, whatever became of them. */
  received: number
  /** The names that were asked for. */
  readonly asked: string[]
}

export async function startDnsServer(t: Test): Promise<DnsServer> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    records: new Map(),
    mood: 'well',
    received: 0,
    asked: [],
  }
  socket.on('message', (query, from) => {
    server.received++
    if (server.mood === 'silent') return
    const { name, end } = readName(query, 12)
    server.asked.push(name)
    const found = server.records.get(name.toLowerCase())
    const code = server.mood === 'failing' ? servfail : found === undefined ? nxdomain : 0
    const answers = code === 0 ? (found ?? []).map(srvAnswer) : []
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    // An authoritative answer that allows recursion.
    header.writeUInt16BE(0x8580 | code, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(answers.length, 6)
    socket.send(Buffer.concat([header, query.subarray(12, end + 4), ...answers]), from.port, from.address)
  })
  return server
}

/** The question's name is at byte 12 of the message, so answers point there. */
function srvAnswer({ host, port }: SrvRecord): Buffer {
  const target = writeName(host)
  const fixed = Buffer.alloc(18)
  fixed.writeUInt16BE(0xc00c, 0)
  fixed.writeUInt16BE(33, 2)
  fixed.writeUInt16BE(1, 4)
  fixed.writeUInt32BE(1, 6)
  fixed.writeUInt16BE(6 + target.length, 10)
  fixed.writeUInt16BE(port, 16)
  return Buffer.concat([fixed, target])
}

function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = start
  while (message[at] !== 0) {
    const length = message[at]!
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), end: at + 1 }
}

function writeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]))
  return Buffer.concat([...labels, Buffer.from([0])])
}

const servfail = 2
const nxdomain = 3
