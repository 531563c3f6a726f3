import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildOnce } from './build-once.ts'

/** The path of a Go program, built once per machine from its module; one or two minutes then. */
export function goProgram(program: {
  readonly name: string
  /** As `go install` takes it, without the version. */
  readonly package: string
  readonly version: string
  /** Also runs where there is no C library, as in an image from scratch. */
  readonly isStatic?: boolean
}): Promise<string> {
  const { name, version, isStatic = false } = program
  return buildOnce(`${name}-${version}${isStatic ? '-static' : ''}`, async (building) => {
    try {
      await promisify(execFile)('go', ['install', `${program.package}@${version}`], {
        env: { ...process.env, GOBIN: building, ...(isStatic && { CGO_ENABLED: '0' }) },
        maxBuffer: 64 << 20,
      })
      return join(building, name)
    } catch (error) {
      const { code, stderr } = error as { code?: unknown; stderr?: string }
      const seen = code === 'ENOENT' ? 'no "go" on the path, want Go 1.21 or later' : stderr?.trim()
      throw new Error(`build ${name} ${version}: ${seen ?? error}`, { cause: error })
    }
  })
}
