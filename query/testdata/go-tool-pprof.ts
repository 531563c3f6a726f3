import { execFile } from 'node:child_process'
import type { Test } from 'tap'

/** What `go tool pprof` prints; undefined, and a skipped assertion, where there is no Go. */
export async function goToolPprof(
  t: Test,
  args: readonly string[],
  mayFail = false,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 256 * 1024 * 1024, env: { ...process.env, PPROF_TMPDIR: t.testdir() } }
    execFile('go', ['tool', 'pprof', '-symbolize=none', ...args], options, (error, stdout, stderr) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') {
        t.pass('without Go there is nothing to compare with', { skip: true })
        resolve(undefined)
      } else if (error !== null && !mayFail) reject(error)
      else resolve(mayFail ? stdout + stderr : stdout)
    })
  })
}
