import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { Test } from 'tap'

export interface Versitygw {
  /** `127.0.0.1:port` */
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  /** A new, empty bucket's name. */
  createBucket(): Promise<string>
}

export interface VersitygwOptions {
  /** Paths to PEM files; plain HTTP without. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
}

/** A real S3 server on a free loopback port, its objects in a folder that goes away with the test. */
export async function startVersitygw(t: Test, options: VersitygwOptions = {}): Promise<Versitygw> {
  const binary = await installVersitygw()
  const folder = await mkdtemp(join(tmpdir(), 'conprof-versitygw-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const endpoint = `127.0.0.1:${await freePort()}`
  const tls = options.tls
  const server = spawn(
    binary,
    [
      ...['--port', endpoint, '--access', accessKey, '--secret', secretKey, '--quiet'],
      ...(tls === undefined ? [] : ['--cert', tls.certFile, '--key', tls.keyFile]),
      ...['posix', folder],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder },
  )
  let output = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = once(server, 'exit')
  t.teardown(async () => {
    server.kill('SIGTERM')
    await ended
  })
  await waitForAnswer(`${tls === undefined ? 'http' : 'https'}://${endpoint}/`, () => {
    if (server.exitCode !== null) throw new Error(`start versitygw: it ended: ${output.slice(-2000)}`)
  })

  let buckets = 0
  return {
    endpoint,
    accessKey,
    secretKey,
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
        credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
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

/** Built once per machine, outside of the tree. */
async function installVersitygw(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(cache, 'conprof-test', 'bin')
  const binary = join(folder, `versitygw-${version}`)
  if (await exists(binary)) return binary
  await mkdir(folder, { recursive: true })
  // Elsewhere first: another test may be looking, or building, at the same time.
  const building = await mkdtemp(join(folder, 'building-'))
  try {
    await promisify(execFile)('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${version}`], {
      env: { ...process.env, GOBIN: building },
    })
    await rename(join(building, 'versitygw'), binary)
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    const seen = code === 'ENOENT' ? 'no "go" on the path, want Go 1.21 or later' : stderr?.trim()
    throw new Error(`build versitygw ${version}: ${seen ?? error}`, { cause: error })
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return binary
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('find a free port: no address')
  return address.port
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
const accessKey = 'test-access-key'
const secretKey = 'test-secret-key'
