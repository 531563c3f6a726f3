import { writeFile } from 'node:fs/promises'
import { fetchView } from './fetch-view.ts'
import { formatPeek } from './format-peek.ts'
import { formatSource } from './format-source.ts'
import { formatTags } from './format-tags.ts'
import { formatDiff, formatTop } from './format-top.ts'
import { formatTree } from './format-tree.ts'
import { type ShowRequest, type ShowValues, showRequest } from './show-request.ts'
import { sourceText } from './source-text.ts'

export type ShowFormat = ShowRequest['format'] | 'tree' | 'pgo' | 'diff'

/** `conprof show …`: warnings on stderr, the view on stdout or in `--output`. */
export async function showProfile(
  format: ShowFormat,
  given: { readonly selector: string | undefined; readonly pattern?: string | undefined },
  { values, nowMs }: { readonly values: ShowValues; readonly nowMs: number },
): Promise<void> {
  const output = values['output'] as string | undefined
  const isBinary = format === 'pprof' || format === 'pgo'
  if (isBinary && output === undefined && process.stdout.isTTY)
    throw new Error(`show ${format}: it is no text for a terminal, want --output <file> or a pipe`)
  const { bytes, warnings } = await fetchView(showRequest(format, given, values, nowMs))
  for (const warning of warnings) process.stderr.write(`conprof: ${warning}\n`)
  const isText = printed.has(format) && values['json'] !== true
  const result = isText ? Buffer.from(await textOf(format, bytes, values)) : bytes
  if (output !== undefined) {
    await writeFile(output, result)
    return
  }
  await new Promise<void>((done, failed) =>
    process.stdout.write(result, (error) => (error ? failed(error) : done())),
  )
  if (!isText && values['json'] === true) process.stdout.write('\n')
}

/** Those that are JSON where they come from. */
const printed: ReadonlySet<ShowFormat> = new Set([
  'flamegraph',
  'top',
  'diff',
  'tree',
  'peek',
  'source',
  'tags',
])

async function textOf(format: ShowFormat, bytes: Uint8Array, values: ShowValues): Promise<string> {
  const answer = JSON.parse(new TextDecoder().decode(bytes))
  const nodeCount = (values['nodecount'] as number | undefined) ?? defaultNodeCount
  switch (format) {
    case 'top':
      return formatTop(answer, { nodeCount })
    case 'diff':
      return formatDiff(answer, { nodeCount, by: values['sort'] === 'cum' ? 'cum' : 'flat' })
    case 'tree':
    case 'peek':
      return formatPeek(answer)
    case 'tags':
      return formatTags(answer)
    case 'source':
      return formatSource(answer, {
        linesOf: sourceText({
          folders: (values['sourcePath'] as readonly string[] | undefined) ?? [],
          trimPaths: (values['trimPath'] as readonly string[] | undefined) ?? [],
        }),
      })
    default:
      return formatTree(answer, { fraction: (values['nodefraction'] as number | undefined) ?? 0.01 })
  }
}

const defaultNodeCount = 20
