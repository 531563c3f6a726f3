import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { Test } from 'tap'
import { freePorts } from './free-ports.ts'
import { goProgram } from './go-program.ts'

export interface S3Keys {
  readonly accessKey: string
  readonly secretKey: string
}

/** Its keys are those that it takes now. */
export interface Versitygw extends S3Keys {
  /** `127.0.0.1:port` */
  readonly endpoint: string
  /** Starts again, and from then on answers 403 to all others. */
  useKeys(keys: S3Keys): Promise<void>
  /** A new, empty bucket's name. */
  createBucket(): Promise<string>
}

export interface VersitygwOptions {
  /** Paths to PEM files; plain HTTP without. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
}

/** A real S3 server on a free loopback port, its objects in a folder that goes away with the test. */
export async function startVersitygw(t: Test, options: VersitygwOptions = {}): Promise<Versitygw> {
  const binary = await versitygwProgram()
  const folder = await mkdtemp(join(tmpdir(), 'conprof-versitygw-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const endpoint = `127.0.0.1:${(await freePorts(1))[0]}`
  const tls = options.tls
  let keys: S3Keys = { accessKey: 'test-access-key', secretKey: 'test-secret-key' }
  const start = () => {
    const { accessKey, secretKey } = keys
    return startServer(
      binary,
      [
        ...['--port', endpoint, '--access', accessKey, '--secret', secretKey, '--quiet'],
        ...(tls === undefined ? [] : ['--cert', tls.certFile, '--key', tls.keyFile]),
        ...['posix', folder],
      ],
      { folder, url: `${tls === undefined ? 'http' : 'https'}://${endpoint}/` },
    )
  }
  let server = await start()
  t.teardown(() => stopServer(server))

  let buckets = 0
  return {
    endpoint,
    get accessKey() {
      return keys.accessKey
    },
    get secretKey() {
      return keys.secretKey
    },
    useKeys: async (next) => {
      await stopServer(server)
      keys = next
      server = await start()
    },
    createBucket: async () => {
      const Bucket = `bucket-${++buckets}`
      if (tls !== undefined) {
        await mkdir(join(folder, Bucket))
        return Bucket
      }
      const client = new S3Client({
        endpoint: `http://${endpoint}`,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey },
      })
      try {
        await client.send(new CreateBucketCommand({ Bucket }))
      } finally {
        client.destroy()
      }
      return Bucket
    },
  }
}

export function versitygwProgram(): Promise<string> {
  return goProgram({
    name: 'versitygw',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    version,
    isStatic: true,
  })
}

/** Resolves once it answers. */
async function startServer(
  binary: string,
  parameters: readonly string[],
  { folder, url }: { readonly folder: string; readonly url: string },
): Promise<ChildProcess> {
  const server = spawn(binary, parameters, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })
  let output = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output += chunk))
  try {
    await waitForAnswer(url, () => {
      if (server.exitCode !== null) throw new Error(`start versitygw: it ended: ${output.slice(-2000)}`)
    })
  } catch (error) {
    await stopServer(server)
    throw error
  }
  return server
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  await ended
}

async function waitForAnswer(url: string, check: () => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    check()
    try {
      await (await fetch(url)).body?.cancel()
      return
    } catch (error) {
      // A certificate that this process does not trust is an answer too.
      const code = (error as { cause?: { code?: string } }).cause?.code ?? ''
      if (/CERT|SIGNATURE|SIGNED/.test(code)) return
      if (attempt === 300) throw error
      await setTimeout(100)
    }
  }
}

const version = 'v1.8.0'
