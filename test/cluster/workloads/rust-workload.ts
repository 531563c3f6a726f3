import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildOnce } from '../../support/build-once.ts'
import { sourceHash } from './source-hash.ts'

/**
 * Path of the static program that a folder here is the source of, built once for each state of it: some minutes the
 * first time, then seconds, for what it depends on is kept.
 */
export async function rustWorkload(name: string, binary: string): Promise<string> {
  const folder = join(import.meta.dirname, name)
  const hash = await sourceHash(folder, ['Cargo.toml', 'Cargo.lock', 'src/**/*.rs'])
  const target = await buildOnce(`${name}-target`, async (building) => building)
  return buildOnce(`${name}-${hash}`, async (building) => {
    try {
      const [, host] = /^host: (.+)$/m.exec(await run('rustc', ['-vV'], folder)) ?? []
      if (host === undefined) throw new Error('"rustc -vV" does not say its host')
      // With a target named, only the program is static: what runs in the compiler cannot be.
      const flags = ['build', '--release', '--locked', `--target=${host}`, `--target-dir=${target}`]
      await run('cargo', flags, folder)
      await copyFile(join(target, host, 'release', binary), join(building, binary))
      return join(building, binary)
    } catch (error) {
      const { code, stderr } = error as { code?: unknown; stderr?: string }
      const lines = stderr?.trim().split('\n').slice(-20).join('\n')
      const seen = code === 'ENOENT' ? 'no "cargo" on the path, want Rust 1.85 or later' : lines
      throw new Error(`build ${name}: ${seen || error}`, { cause: error })
    }
  })
}

async function run(program: string, parameters: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, RUSTFLAGS: '-C target-feature=+crt-static' }
  return (await promisify(execFile)(program, parameters, { cwd, env, maxBuffer: 64 << 20 })).stdout
}
