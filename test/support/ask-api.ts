import type { Answer } from '../../query/api/types.ts'

/** Asks a program's `/api/v1/`. Rejects with the error of the answer, or after two minutes without one. */
export async function askApi<Data>(
  url: string,
  path: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<{ readonly data: Data; readonly warnings: readonly string[] }> {
  const signal = AbortSignal.timeout(120_000)
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`, { signal })
  const answer = (await response.json()) as Answer<Data>
  if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
  return { data: answer.data, warnings: answer.warnings ?? [] }
}
