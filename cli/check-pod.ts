import { readFile } from 'node:fs/promises'
import { z } from 'zod'

export interface CheckPodOptions {
  /** Of the operator, with its route prefix. */
  readonly operatorUrl: string
  readonly tokenFile?: string | undefined
  /** For the whole answer; 15 s without it. */
  readonly timeoutMs?: number
  /** Where the token is inside the operator's container; only sent to the operator beside it. */
  readonly ownTokenFile?: string
}

export interface CheckPodResult {
  readonly text: string
  /** 0: scraped, and all is well; 1: not so; 2: nobody could say. */
  readonly exitCode: 0 | 1 | 2
}

/** What of `GET /api/v1/pods/:namespace/:name` is printed. */
const podAnswer = z.object({
  status: z.literal('success'),
  data: z.object({ isHealthy: z.boolean(), verdict: z.string(), lines: z.array(z.string()) }),
})
const errorAnswer = z.object({ status: z.literal('error'), error: z.string() })

/** Asks the operator how it came about that a pod is scraped, or is not. Never rejects. */
export async function checkPod(podName: string, options: CheckPodOptions): Promise<CheckPodResult> {
  const [, namespace, name] = /^([a-z0-9][-a-z0-9]*)\/([a-z0-9][-a-z0-9.]*)$/.exec(podName) ?? []
  if (namespace === undefined || name === undefined) {
    return failed(`check pod ${JSON.stringify(podName)}: want NAMESPACE/POD, such as shop/cart-0`)
  }
  const url = options.operatorUrl.replace(/\/+$/, '')
  try {
    const token = await readToken(url, options)
    const response = await fetch(`${url}/api/v1/pods/${namespace}/${name}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(options.timeoutMs ?? 15_000),
    })
    const text = await response.text()
    if (response.status === 401 || response.status === 403) {
      return failed(
        `ask the operator at ${url}: it answers ${response.status}: show its token with --web.token-file; ` +
          `inside its pod it is ${defaultTokenFile}, hence: ${execCommand(podName)}`,
      )
    }
    const answer = parseJson(text)
    const error = errorAnswer.safeParse(answer).data?.error
    if (error !== undefined) return failed(error)
    const { data } = podAnswer.safeParse(answer)
    if (data === undefined) {
      const seen = JSON.stringify(text.slice(0, 80))
      return failed(
        `ask the operator at ${url}: it answers ${response.status} and ${seen}; is that the operator, and not another program of conprof?`,
      )
    }
    const { isHealthy, verdict, lines } = data.data
    return { text: formatAnswer(podName, verdict, lines), exitCode: isHealthy ? 0 : 1 }
  } catch (error) {
    return failed(unreachable(url, podName, error as Error))
  }
}

/** Of the chart. */
const defaultTokenFile = '/etc/conprof/token/token'

async function readToken(url: string, options: CheckPodOptions): Promise<string | undefined> {
  if (options.tokenFile !== undefined) {
    const text = await readFile(options.tokenFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new TokenFileError(`read token file "${options.tokenFile}": ${error.code ?? error.message}`)
    })
    return text.trim()
  }
  // Nobody else's operator is to learn it.
  const { hostname = '' } = URL.parse(url) ?? {}
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return undefined
  const text = await readFile(options.ownTokenFile ?? defaultTokenFile, 'utf8').catch(() => undefined)
  return text?.trim()
}

class TokenFileError extends Error {}

/** Numbered where a new step begins; what is indented belongs to the line before it. */
function formatAnswer(podName: string, verdict: string, lines: readonly string[]): string {
  const shown = lines.map((line) => (line.startsWith(' ') ? `      ${line}` : `  →  ${line}`))
  return [`${podName}`, ...shown, '', `${verdict}`, ''].join('\n')
}

function unreachable(url: string, podName: string, error: Error): string {
  if (error instanceof TokenFileError) return error.message
  const { cause } = error as { cause?: { code?: string; message?: string } }
  const why =
    error.name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? cause?.message ?? error.message)
  return [
    `ask the operator at ${url}: ${why}`,
    `inside the cluster: ${execCommand(podName)}`,
    'or from here: kubectl -n <namespace of conprof> port-forward deploy/<release>-operator 8080, and in another terminal',
    '  this command again, with --web.token-file where the operator asks for a token',
  ].join('\n')
}

function execCommand(podName: string): string {
  return `kubectl -n <namespace of conprof> exec deploy/<release>-operator -- conprof check pod ${podName}`
}

function failed(text: string): CheckPodResult {
  return { text: `${text}\n`, exitCode: 2 }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
