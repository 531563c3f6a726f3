import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { ViewOptions } from '../views/view-options.ts'

export interface PprofReport {
  readonly command: 'top' | 'peek' | 'tree' | 'dot' | 'tags' | 'traces' | 'list'
  readonly sampleType: string
  /** What amounts are told in; `minimum` is pprof's own choice. */
  readonly unit: string
  readonly options: ViewOptions
}

/**
 * Many reports of one start of `go tool pprof`, in the order asked for: "" where it had nothing to tell. Undefined,
 * and a skipped assertion, where there is no Go. `sources` are its arguments: files, and a base.
 */
export async function pprofReports(
  t: Test,
  sources: readonly string[],
  reports: readonly PprofReport[],
): Promise<string[] | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'conprof-pprof-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const files = reports.map((_, index) => join(folder, `report-${index}`))
  const script = reports.flatMap((report, index) => commands(report, files[index]!)).join('\n')
  const env = { ...process.env, PPROF_TMPDIR: folder }
  const child = spawn('go', ['tool', 'pprof', '-symbolize=none', ...sources], { env, cwd: folder })
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.on('error', () => {})
  child.stdin.end(`${script}\nquit\n`)
  try {
    const code = await ended
    const [stdout, stderr] = await output
    if (code !== 0 || /unrecognized|please specify|parsing/.test(stderr))
      throw new Error(`go tool pprof: it ended with ${code}: ${stdout}${stderr}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    t.pass('without Go there is nothing to compare with', { skip: true })
    return undefined
  }
  return files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
}

/** Settings outlive a report, so each says them all. */
function commands({ command, sampleType, unit, options }: PprofReport, file: string): string[] {
  const isWhole = command === 'top' || command === 'peek'
  const settings = {
    sample_index: sampleType,
    unit,
    focus: options.focus ?? '',
    ignore: options.ignore ?? '',
    hide: options.hide ?? '',
    show: options.show ?? '',
    show_from: options.showFrom ?? '',
    prune_from: options.pruneFrom ?? '',
    tagfocus: options.tagFocus ?? '',
    tagignore: options.tagIgnore ?? '',
    tagshow: options.tagShow ?? '',
    taghide: options.tagHide ?? '',
    granularity: options.granularity ?? 'functions',
    noinlines: String(options.noInlines ?? false),
    sort: options.sort ?? 'flat',
    nodecount: options.nodeCount ?? (isWhole ? 0 : 80),
    nodefraction: options.nodeFraction ?? (isWhole ? 0 : 0.005),
    edgefraction: options.edgeFraction ?? (isWhole ? 0 : 0.001),
  }
  const argument = command === 'peek' ? ` ${options.peek}` : command === 'list' ? ` ${options.list}` : ''
  return [
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    `${command}${argument} >${file}`,
  ]
}
