import { join } from 'node:path'
import { type Labels, labelsHash } from '../profile/labels.ts'

/** What the folder of a series is called: who, what, which of them; the hash keeps two of one name apart. */
export function seriesFolder(labels: Labels): string {
  const which = labels['pod'] ?? labels['instance']
  const hash = labelsHash(labels)
  return join(
    fileName(labels['service_name'] ?? labels['job'] ?? ''),
    fileName(labels['profile_type'] ?? ''),
    which === undefined ? hash : `${fileName(which)}-${hash}`,
  )
}

/** Where a series' labels lie, in its folder, so that an import finds them. */
export const labelsFileName = 'labels.json'

/** The beginning of the name of what several series were merged into. */
export function groupName(labels: Labels): string {
  const { profile_type: type = '', ...others } = labels
  return [...Object.values(others), type].map(fileName).join('-')
}

/** One part of a path: what could mean something there becomes `_`. */
function fileName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').replace(/^\.+/, '_')
  return name === '' ? '_' : name.slice(0, 120)
}
