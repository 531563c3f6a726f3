import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { Bucket, BucketOptions, ObjectInfo } from './bucket.ts'
import { BucketError, type BucketOperation } from './errors.ts'
import { checkKey, checkRange } from './key.ts'
import type { S3Config, SseConfig } from './objstore-config.ts'
import { createS3Client } from './s3-client.ts'
import { explainS3Error } from './s3-error.ts'
import { readTlsFiles, type TlsFiles } from './tls-files.ts'

export interface S3BucketOptions {
  /** That the config names, where they were read already. */
  readonly files?: TlsFiles
  /** Called for each request that goes to the store, pages and retries each by itself. */
  readonly onRequest?: (operation: BucketOperation) => void
}

/** Only requests every S3-compatible store knows: no multipart, no conditions, no bulk delete. */
export class S3Bucket implements Bucket {
  readonly name: string
  readonly #client: S3Client
  readonly #config: S3Config
  readonly #stored: Partial<PutObjectCommandInput>

  private constructor(config: S3Config, client: S3Client) {
    this.name = `s3://${config.bucket}`
    this.#client = client
    this.#config = config
    this.#stored = { ...encryptionOf(config.sse), Metadata: { ...config.userMetadata } }
  }

  /** Asks the store nothing, so that a process starts while it is away. Reads the files that the config names. */
  static async open(config: S3Config, options: S3BucketOptions = {}): Promise<S3Bucket> {
    const client = createS3Client(config, options.files ?? (await readTlsFiles(config.tls)))
    if (options.onRequest !== undefined) tellRequests(client, options.onRequest)
    return new S3Bucket(config, client)
  }

  async *list(prefix: string, options: BucketOptions = {}): AsyncIterable<ObjectInfo> {
    let token: string | undefined
    do {
      const page = await this.#attempt('list', prefix, options, () =>
        this.#client.send(
          new ListObjectsV2Command({ ...this.#where, Prefix: prefix, ContinuationToken: token }),
          sendOptions(options),
        ),
      )
      for (const { Key: key, Size: sizeBytes = 0, LastModified: modified } of page.Contents ?? []) {
        // What consoles make when someone clicks "new folder".
        if (key === undefined || key.endsWith('/')) continue
        options.signal?.throwIfAborted()
        yield { key, sizeBytes, modifiedMs: modified?.getTime() ?? 0 }
      }
      if (page.IsTruncated === true && page.NextContinuationToken === undefined) {
        throw this.#error('UNAVAILABLE', 'list', prefix, 'a page says there are more, and not where')
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async getRange(
    key: string,
    offset: number,
    length: number,
    options: BucketOptions = {},
  ): Promise<Uint8Array> {
    checkKey(key)
    checkRange(offset, length)
    if (length === 0) {
      // There is no such range in HTTP.
      await this.stat(key, options)
      return new Uint8Array()
    }
    return this.#attempt('get', key, options, async () => {
      try {
        const answer = await this.#client.send(
          new GetObjectCommand({ ...this.#where, Key: key, Range: `bytes=${offset}-${offset + length - 1}` }),
          sendOptions(options),
        )
        const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array()
        if (answer.ContentLength !== undefined && bytes.length !== answer.ContentLength) {
          throw new Error(`the answer ended after ${bytes.length} of ${answer.ContentLength} bytes`)
        }
        // A store, or something before it, that does not know ranges sends all there is.
        return answer.ContentRange === undefined ? bytes.slice(offset, offset + length) : bytes
      } catch (error) {
        if (statusOf(error) === 416) return new Uint8Array()
        throw error
      }
    })
  }

  async stat(key: string, options: BucketOptions = {}): Promise<ObjectInfo> {
    checkKey(key)
    const answer = await this.#attempt('stat', key, options, () =>
      this.#client.send(new HeadObjectCommand({ ...this.#where, Key: key }), sendOptions(options)),
    )
    return { key, sizeBytes: answer.ContentLength ?? 0, modifiedMs: answer.LastModified?.getTime() ?? 0 }
  }

  async put(key: string, body: Uint8Array, options: BucketOptions = {}): Promise<void> {
    checkKey(key)
    await this.#attempt('put', key, options, () =>
      this.#send(key, { Body: body, ContentLength: body.length }, options),
    )
  }

  async putFile(key: string, path: string, options: BucketOptions = {}): Promise<void> {
    checkKey(key)
    options.signal?.throwIfAborted()
    const { size } = await stat(path)
    if (size === 0) {
      await this.put(key, new Uint8Array(), options)
      return
    }
    if (size > maxPutBytes) {
      throw this.#error('REJECTED', 'put', key, `${size} bytes, want at most ${maxPutBytes} in one request`)
    }
    // Hashed beforehand, so that the store can tell a broken body without chunked signatures.
    const sha256 = await hashFile(path, size, options)
    await this.#attempt('put', key, options, () => this.#sendFile(key, path, { size, sha256 }, options))
  }

  async delete(key: string, options: BucketOptions = {}): Promise<void> {
    checkKey(key)
    try {
      await this.#attempt('delete', key, options, () =>
        this.#client.send(new DeleteObjectCommand({ ...this.#where, Key: key }), sendOptions(options)),
      )
    } catch (error) {
      if (!(error instanceof BucketError && error.code === 'NOT_FOUND')) throw error
    }
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  get #where(): { readonly Bucket: string } {
    return { Bucket: this.#config.bucket }
  }

  async #send(key: string, { sha256, ...content }: PutContent, options: BucketOptions): Promise<void> {
    const command = new PutObjectCommand({ ...this.#where, Key: key, ...content, ...this.#stored })
    if (sha256 !== undefined) signWith(command, sha256)
    // The timeout counts from the first byte sent.
    const sendingMs = (content.ContentLength / slowestBytesPerSecond) * 1000
    const requestTimeout = this.#config.responseHeaderTimeoutMs + sendingMs
    await this.#client.send(command, { ...sendOptions(options), requestTimeout })
  }

  async #sendFile(
    key: string,
    path: string,
    { size, sha256 }: { readonly size: number; readonly sha256: string },
    options: BucketOptions,
  ): Promise<void> {
    const body = createReadStream(path, wholeFile(size))
    // The SDK does not notice a source that fails, and waits until its time is over.
    const failure = new AbortController()
    body.once('error', (error) => failure.abort(error))
    const signals = options.signal === undefined ? [] : [options.signal]
    const signal = AbortSignal.any([failure.signal, ...signals])
    try {
      await this.#send(key, { Body: body, ContentLength: size, sha256 }, { signal })
    } catch (error) {
      throw failure.signal.aborted ? failure.signal.reason : error
    } finally {
      // A store that refuses does not read to the end.
      body.destroy()
    }
  }

  /** The SDK repeats requests itself, except where a body is a stream: those are begun again here. */
  async #attempt<T>(
    operation: BucketOperation,
    key: string,
    options: BucketOptions,
    request: () => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      options.signal?.throwIfAborted()
      try {
        return await request()
      } catch (error) {
        if (options.signal?.aborted === true) throw options.signal.reason
        if (error instanceof RangeError || error instanceof ReferenceError) throw error
        const { code, seen } = explainS3Error(error)
        // After the SDK's own attempts there is no use in more.
        const attempts = Math.max(attempt, attemptsOf(error))
        if (code !== 'UNAVAILABLE' || attempts >= this.#config.maxAttempts) {
          throw this.#error(code, operation, key, seen, error)
        }
        await setTimeout(Math.min(20_000, 100 * 2 ** attempt) * Math.random(), undefined, options)
      }
    }
  }

  #error(
    code: BucketError['code'],
    operation: BucketOperation,
    key: string,
    seen: string,
    cause?: unknown,
  ): BucketError {
    return new BucketError(code, { operation, bucketName: this.name, key }, { seen, cause })
  }
}

type PutContent = Pick<PutObjectCommandInput, 'Body'> & {
  readonly ContentLength: number
  readonly sha256?: string
}

function encryptionOf(sse: SseConfig | undefined): Partial<PutObjectCommandInput> {
  if (sse === undefined) return {}
  if (sse.type === 'SSE-S3') return { ServerSideEncryption: 'AES256' }
  const context = sse.kmsEncryptionContext ?? {}
  return {
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: sse.kmsKeyId,
    ...(Object.keys(context).length === 0
      ? {}
      : { SSEKMSEncryptionContext: Buffer.from(JSON.stringify(context)).toString('base64') }),
  }
}

/** The signature then covers a body that is a stream. */
function signWith(command: PutObjectCommand, sha256: string): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { step: 'build', name: 'conprofPayloadHash' },
  )
}

async function hashFile(path: string, size: number, options: BucketOptions): Promise<string> {
  const hash = createHash('sha256')
  const stream = createReadStream(path, { ...wholeFile(size), ...options })
  for await (const chunk of stream) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

function wholeFile(size: number): { start: number; end: number; highWaterMark: number } {
  return { start: 0, end: size - 1, highWaterMark: 1024 * 1024 }
}

function sendOptions(options: BucketOptions): { readonly abortSignal?: AbortSignal } {
  return options.signal === undefined ? {} : { abortSignal: options.signal }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
}

function attemptsOf(error: unknown): number {
  return (error as { $metadata?: { attempts?: number } } | undefined)?.$metadata?.attempts ?? 0
}

const maxPutBytes = 5 * 1024 ** 3
const slowestBytesPerSecond = 128 * 1024

const operations: Readonly<Record<string, BucketOperation>> = {
  ListObjectsV2Command: 'list',
  GetObjectCommand: 'get',
  HeadObjectCommand: 'stat',
  PutObjectCommand: 'put',
  DeleteObjectCommand: 'delete',
}

function tellRequests(client: S3Client, onRequest: (operation: BucketOperation) => void): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (request) => {
        const operation = operations[commandName ?? '']
        if (operation !== undefined) onRequest(operation)
        return next(request)
      },
    // Behind the retries, so that each is seen.
    { step: 'deserialize', name: 'tellRequests' },
  )
}
