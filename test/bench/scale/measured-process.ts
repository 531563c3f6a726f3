import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A program of ours that has ended. */
export interface MeasuredProcess {
  readonly stdout: string
  readonly wallSeconds: number
  /** Of the process, as the kernel counted them. */
  readonly cpuSeconds: number
  readonly peakMb: number
}

/** What the kernel says of a process now: CPU seconds since it started, and the most memory that it had. */
export interface ProcessUse {
  readonly cpuSeconds: number
  readonly residentMb: number
  readonly peakMb: number
}

export function processUse(pid: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // After the name, which may hold anything: state is field 3, utime 14, stime 15, in hundredths.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    residentMb: mb('VmRSS'),
    peakMb: mb('VmHWM'),
  }
}

/** As `npm run conprof` starts it. */
export const nodeFlags = ['--max-semi-space-size=4']
export const nodeEnvironment = { NODE_OPTIONS: '', MALLOC_ARENA_MAX: '2' }

/** What is interrupted here leaves nothing running. */
export function endWithUs(child: ChildProcess): void {
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
}

/** Runs it to its end; rejects unless that is 0. */
export function measureProcess(parameters: readonly string[]): Promise<MeasuredProcess> {
  const program = fileURLToPath(new URL('../../../bin/conprof.js', import.meta.url))
  const startMs = performance.now()
  const child = spawn(process.execPath, [...nodeFlags, program, ...parameters], {
    env: { ...process.env, ...nodeEnvironment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  let use: ProcessUse = { cpuSeconds: 0, residentMb: 0, peakMb: 0 }
  const timer = setInterval(() => {
    try {
      const now = processUse(child.pid!)
      // One that ends has no memory any more, and still its CPU.
      use = { ...now, peakMb: Math.max(now.peakMb, use.peakMb) }
    } catch {
      // It has ended between two looks.
    }
  }, 50)
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      clearInterval(timer)
      const wallSeconds = (performance.now() - startMs) / 1000
      if (code === 0) resolve({ stdout, wallSeconds, cpuSeconds: use.cpuSeconds, peakMb: use.peakMb })
      else reject(new Error(`conprof ${parameters.join(' ')}: ended with ${code}: ${stderr || stdout}`))
    })
  })
}
