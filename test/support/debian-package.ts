import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/**
 * The path of a program that a Debian package brings, installed with apt-get where it is missing and we may.
 * Rejects with one line that says what is missing and how to get it.
 */
export async function debianProgram(options: {
  readonly program: string
  readonly package: string
}): Promise<string> {
  const found = await findProgram(options.program)
  if (found !== undefined) return found
  const install = `apt-get install -y --no-install-recommends ${options.package}`
  const missing = `run tests: the program "${options.program}" is missing`
  if (process.getuid?.() !== 0) throw new Error(`${missing}: want it installed, as root: ${install}`)
  try {
    await aptGet(['install', '-y', '--no-install-recommends', options.package])
  } catch {
    // The lists of a fresh container are empty.
    try {
      await aptGet(['update'])
      await aptGet(['install', '-y', '--no-install-recommends', options.package])
    } catch (error) {
      throw new Error(`${missing}, and "${install}" did not work`, { cause: error })
    }
  }
  const installed = await findProgram(options.program)
  if (installed === undefined) throw new Error(`${missing}, also with the package ${options.package}`)
  return installed
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

async function aptGet(parameters: readonly string[]): Promise<void> {
  // Another test file may be installing as well: wait for it. No service may start on its own.
  await promisify(execFile)('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...parameters], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    maxBuffer: 64 << 20,
  })
}
