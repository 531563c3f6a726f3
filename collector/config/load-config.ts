import { dirname, isAbsolute, join } from 'node:path'
import type { z } from 'zod'
import { type LocatedDocument, type Path, type Problem, readDocument } from '../../lib/located-document.ts'
import { sortLabels } from '../../profile/labels.ts'
import { ConfigError } from './config-error.ts'
import { configFields, scrapeConfigFields } from './config-schema.ts'
import { isLabelName } from './fields.ts'
import { readScrapeConfig } from './read-scrape-config.ts'
import type { Config, ScrapeConfig } from './scrape-config.ts'

/**
 * Reads a `conprof.yaml`. File names in it are relative to its own folder. Throws a ConfigError with every
 * problem there is, each as `file:line:column: path: message`.
 */
export function loadConfig(text: string, fileName: string): Config {
  const document = read(text, fileName)
  const problems: Problem[] = []
  const top = configFields.safeParse(document.value ?? {})
  if (!top.success) problems.push(...problemsOf(top.error, []))

  // What is broken at the top must not hide what is broken in a job.
  const raw = (document.value ?? {}) as { readonly global?: unknown; readonly scrape_configs?: unknown }
  const global = configFields.shape.global.safeParse(raw.global).data ?? {}
  for (const name of Object.keys(global.external_labels ?? {})) {
    const path = ['global', 'external_labels', name]
    if (!isLabelName(name)) problems.push({ path, message: 'no label name', atKey: true })
  }
  const scrapeConfigs: ScrapeConfig[] = []
  const jobs = new Map<string, number>()
  for (const [index, element] of (Array.isArray(raw.scrape_configs) ? raw.scrape_configs : []).entries()) {
    const path = ['scrape_configs', index]
    let parsed = scrapeConfigFields.safeParse(element)
    let broken: readonly string[] = []
    if (!parsed.success) {
      problems.push(...problemsOf(parsed.error, path))
      // The fields that are well can still contradict each other, and that is worth saying now.
      broken = brokenFields(parsed.error)
      parsed = scrapeConfigFields.safeParse(without(element, broken))
      if (!parsed.success) continue
    }
    const { job_name } = parsed.data
    const first = jobs.get(job_name)
    if (first !== undefined) {
      const message = `${JSON.stringify(job_name)} is the name of scrape_configs[${first}] already`
      problems.push({ path: [...path, 'job_name'], message })
    }
    jobs.set(job_name, first ?? index)
    scrapeConfigs.push(
      readScrapeConfig(parsed.data, {
        checkTimes: top.success && !broken.some((name) => timeFields.includes(name)),
        defaultIntervalMs: global.scrape_interval ?? 60_000,
        defaultTimeoutMs: global.scrape_timeout ?? 10_000,
        resolveFile: (name) => (isAbsolute(name) ? name : join(dirname(fileName), name)),
        problem: (below, message, options) =>
          problems.push({ path: [...path, ...below], message, ...options }),
      }),
    )
  }
  if (problems.length > 0) throw new ConfigError(inOrder(problems, document))
  return { externalLabels: sortLabels(Object.entries(global.external_labels ?? {})), scrapeConfigs }
}

function read(text: string, fileName: string): LocatedDocument {
  try {
    return readDocument(text, fileName)
  } catch (error) {
    if (error instanceof SyntaxError) throw new ConfigError(error.message.split('\n'))
    throw error
  }
}

export function problemsOf(error: z.ZodError, above: Path): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = [...above, ...(issue.path as (string | number)[])]
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    const messages = issue.message.split('\n')
    return issue.keys.map((key, index) => ({
      path: [...path, key],
      message: messages[index] ?? 'unknown field',
      atKey: true,
    }))
  })
}

function brokenFields(error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.path.length > 0) return [String(issue.path[0])]
    return issue.code === 'unrecognized_keys' ? issue.keys : []
  })
}

function without(element: unknown, names: readonly string[]): unknown {
  if (typeof element !== 'object' || element === null) return element
  return Object.fromEntries(Object.entries(element).filter(([name]) => !names.includes(name)))
}

/** Where one of these is broken, whether they fit together is a guess. */
const timeFields: readonly string[] = ['scrape_interval', 'scrape_timeout', 'profiling_config']

/** From top to bottom, as a person mends a file. */
function inOrder(problems: readonly Problem[], document: LocatedDocument): string[] {
  return problems.map((problem) => document.describe(problem)).sort((a, b) => comparePlaces(a, b))
}

function comparePlaces(a: string, b: string): number {
  const place = /:(\d+):(\d+): /
  const [lineA = 0, columnA = 0] = place.exec(a)?.slice(1).map(Number) ?? []
  const [lineB = 0, columnB = 0] = place.exec(b)?.slice(1).map(Number) ?? []
  return lineA - lineB || columnA - columnB
}
