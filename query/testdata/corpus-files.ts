import { readdirSync, readFileSync } from 'node:fs'

/** One gzip file of the corpus in test/testdata. */
export interface CorpusFile {
  readonly program: string
  readonly type: string
  readonly timeMs: number
  readonly path: string
  readonly body: Uint8Array
}

/** Every program and profile type there is. */
export function corpusSeries(): (readonly [program: string, type: string])[] {
  const folder = new URL('../../test/testdata/corpus/', import.meta.url)
  return readdirSync(folder)
    .sort()
    .flatMap((program) =>
      readdirSync(new URL(program, folder))
        .sort()
        .map((type) => [program, type] as const),
    )
}

/** Ascending in time. */
export function corpusFiles(program: string, type: string): CorpusFile[] {
  const folder = new URL(`../../test/testdata/corpus/${program}/${type}/`, import.meta.url)
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const url = new URL(name, folder)
      return {
        program,
        type,
        timeMs: Number(name.split('.')[0]),
        path: url.pathname,
        body: readFileSync(url),
      }
    })
}
