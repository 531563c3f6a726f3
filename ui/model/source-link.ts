export type Labels = Readonly<Record<string, string>>

/**
 * Where a line of a file can be read: what a person set (`{file}`, `{path}`, `{line}`, `{ref}`, `{repository}`), else
 * what the labels `service_repository`, `service_git_ref` and `service_root_path` make; undefined where nothing does.
 */
export function sourceLink(
  place: { readonly file: string; readonly line: number },
  labels: Labels,
  template: string,
): string | undefined {
  const {
    service_repository: repository = '',
    service_git_ref: ref = '',
    service_root_path: root = '',
  } = labels
  if (place.file === '') return undefined
  const path = pathWithin(place.file, repository, root)
  if (template !== '') {
    return template.replaceAll(/\{(file|path|line|ref|repository)\}/g, (_, key: string) => {
      const values: Readonly<Record<string, string>> = {
        file: encodeURI(place.file),
        path: encodeURI(path ?? place.file.replace(/^\//, '')),
        line: String(place.line),
        ref: encodeURIComponent(ref || 'HEAD'),
        repository: repository.replace(/\/$/, ''),
      }
      return values[key] ?? ''
    })
  }
  if (!/^https?:\/\//.test(repository) || path === undefined) return undefined
  const base = repository.replace(/\.git$/, '').replace(/\/$/, '')
  const host = new URL(base).hostname
  const at = encodeURIComponent(ref || 'HEAD')
  const file = [...path.split('/')].map(encodeURIComponent).join('/')
  if (host.includes('gitlab')) return `${base}/-/blob/${at}/${file}#L${place.line}`
  if (host.includes('gitea') || host.includes('codeberg') || host.includes('forgejo')) {
    const kind = /^[0-9a-f]{40}$/.test(ref) ? 'commit' : 'branch'
    return `${base}/src/${kind}/${at}/${file}#L${place.line}`
  }
  if (host.includes('bitbucket')) return `${base}/src/${at}/${file}#lines-${place.line}`
  return `${base}/blob/${at}/${file}#L${place.line}`
}

/** A file's path in its repository; undefined where it is surely not of it. */
function pathWithin(file: string, repository: string, root: string): string | undefined {
  const path = file.replaceAll('\\', '/')
  if (/(^|\/)(node_modules|vendor|pkg\/mod)\//.test(path) || path.startsWith('node:')) return undefined
  const folder = root === '' ? '' : `${root.replace(/\/$/, '')}/`
  // Where the sources lay when they were built.
  if (folder.startsWith('/') && path.startsWith(folder)) return path.slice(folder.length)
  const name = repository
    .replace(/(\.git)?\/?$/, '')
    .split('/')
    .pop()
  // Go's -trimpath leaves the import path, which has the repository's name in it.
  const after = name === undefined || name === '' ? -1 : path.lastIndexOf(`/${name}/`)
  const short = after >= 0 ? path.slice(after + (name?.length ?? 0) + 2) : path
  if (after < 0 && path.startsWith('/')) return undefined
  return folder !== '' && !folder.startsWith('/') ? `${folder}${short}` : short
}
