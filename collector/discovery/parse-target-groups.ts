import { type LocatedDocument, readDocument } from '../../lib/located-document.ts'
import { ConfigError } from '../config/config-error.ts'
import { targetGroupFields } from '../config/config-schema.ts'
import { isLabelName, list } from '../config/fields.ts'
import { problemsOf } from '../config/load-config.ts'
import type { TargetGroup } from './target-group.ts'

/**
 * What a file of file_sd or an answer of http_sd says: a list of `{targets, labels}` in YAML or JSON. `name` is
 * the file or URL, of which each group says its place. Throws a ConfigError.
 */
export function parseTargetGroups(
  text: string,
  options: { readonly name: string; readonly metaLabels?: Readonly<Record<string, string>> },
): TargetGroup[] {
  const { name, metaLabels = {} } = options
  const document = read(text, name)
  const parsed = list(targetGroupFields).safeParse(document.value ?? [])
  const problems = parsed.success ? [] : problemsOf(parsed.error, [])
  const groups = (parsed.data ?? []).map(({ targets, labels = {} }, index): TargetGroup => {
    for (const label of Object.keys(labels)) {
      if (isLabelName(label)) continue
      problems.push({ path: [index, 'labels', label], message: 'no label name', atKey: true })
    }
    return {
      source: `${name}:${index}`,
      labels: { ...labels, ...metaLabels },
      targets: targets.map((address) => ({ __address__: address })),
    }
  })
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => document.describe(problem)))
  return groups
}

function read(text: string, name: string): LocatedDocument {
  try {
    return readDocument(text, name)
  } catch (error) {
    if (error instanceof SyntaxError) throw new ConfigError(error.message.split('\n'))
    throw error
  }
}
