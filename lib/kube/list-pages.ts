import { setImmediate } from 'node:timers/promises'
import type { KubeClient } from './kube-client.ts'

/** As in a list: without `kind` and `apiVersion`, which stand once for all. */
export interface ListedObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion: string }
}

export interface ListPagesOptions {
  readonly client: KubeClient
  readonly path: string
  readonly query: Readonly<Record<string, string | undefined>>
  readonly pageSize: number
  readonly signal: AbortSignal
  /** For each object, once a page is there. */
  readonly onObject: (object: ListedObject) => void
  readonly onPage: () => void
}

/**
 * Lists a collection page by page, with other work in between; the version it is a list of. Rejects with a KubeError,
 * `GONE` among them where the server forgot that version before the last page.
 */
export async function listPages(options: ListPagesOptions): Promise<{ readonly resourceVersion: string }> {
  const { client, path, query, pageSize, signal } = options
  let next: string | undefined
  for (;;) {
    const page = await client.request<{
      readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
      readonly items?: readonly ListedObject[] | null
    }>({
      path,
      query: { ...query, limit: String(pageSize), continue: next },
      timeoutMs: 60_000,
      signal,
    })
    const { resourceVersion, continue: following } = page.metadata ?? {}
    if (resourceVersion === undefined) throw new Error(`list ${JSON.stringify(path)}: the answer is no list`)
    options.onPage()
    for (const object of page.items ?? []) options.onObject(object)
    if (!following) return { resourceVersion }
    next = following
    await setImmediate()
  }
}
