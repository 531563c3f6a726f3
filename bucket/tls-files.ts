import { readFile } from 'node:fs/promises'
import type { S3Config } from './objstore-config.ts'

/** What is in the files that `tls_config` names. */
export interface TlsFiles {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

/** Throws with the field and the file's name. */
export async function readTlsFiles({ caFile, certFile, keyFile }: S3Config['tls']): Promise<TlsFiles> {
  return {
    ...(caFile === undefined ? {} : { ca: await readTlsFile('ca_file', caFile) }),
    ...(certFile === undefined ? {} : { cert: await readTlsFile('cert_file', certFile) }),
    ...(keyFile === undefined ? {} : { key: await readTlsFile('key_file', keyFile) }),
  }
}

async function readTlsFile(field: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(`read ${field} "${path}": ${code ?? message}`, { cause: error })
  }
}
