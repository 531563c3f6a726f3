import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { S3Config } from './objstore-config.ts'
import type { TlsFiles } from './tls-files.ts'

/** `files` are those that the config names. */
export function createS3Client(config: S3Config, files: TlsFiles): S3Client {
  const agentOptions = {
    keepAlive: true,
    maxSockets: config.maxConnections,
    timeout: config.idleConnTimeoutMs,
  }
  const options: S3ClientConfig = {
    forcePathStyle: config.pathStyle,
    maxAttempts: config.maxAttempts,
    // Many S3-compatible stores refuse the checksums of 2024 and the chunked bodies that carry them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: config.endpoint === undefined,
    logger: silent,
    requestHandler: {
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent({ ...agentOptions, ...tlsOptions(config, files) }),
      connectionTimeout: connectTimeoutMs,
      requestTimeout: config.responseHeaderTimeoutMs,
      throwOnRequestTimeout: true,
      // Also covers an answer whose body stops half way.
      socketTimeout: config.responseHeaderTimeoutMs,
    },
  }
  if (config.endpoint !== undefined) {
    options.endpoint = `${config.insecure ? 'http' : 'https'}://${config.endpoint}`
    // What stores of one region expect in a signature.
    options.region = config.region ?? 'us-east-1'
  } else if (config.region !== undefined) {
    options.region = config.region
  }
  if (config.keys !== undefined) {
    const { accessKey, secretKey, sessionToken } = config.keys
    options.credentials = {
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    }
  }
  return new S3Client(options)
}

/** Without one the SDK writes a few warnings to the console; what is wrong comes back as an error anyway. */
const silent = { debug() {}, info() {}, warn() {}, error() {} }

function tlsOptions({ insecureSkipVerify, tls }: S3Config, files: TlsFiles): object {
  return {
    rejectUnauthorized: !insecureSkipVerify,
    ...files,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  }
}

const connectTimeoutMs = 10_000
