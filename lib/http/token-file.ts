import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Logger } from '../log.ts'

/**
 * The token of `--web.token-file`, which our own programs show each other. The file is read again while the
 * program runs: a token that was replaced is accepted a while longer, as others see the new one later.
 */
export class TokenFile {
  readonly #path: string
  readonly #logger: Logger
  readonly #graceMs: number
  #token: string
  #previous: { readonly token: string; readonly untilMs: number } | undefined
  #readAtMs = performance.now()
  #reading: Promise<void> | undefined
  #problem: string | undefined

  private constructor(
    path: string,
    options: { readonly logger: Logger; readonly graceMs: number },
    token: string,
  ) {
    this.#path = path
    this.#logger = options.logger
    this.#graceMs = options.graceMs
    this.#token = token
  }

  /** Rejects in one line where there is no token in the file. */
  static async open(
    path: string,
    options: { readonly logger: Logger; readonly graceMs?: number },
  ): Promise<TokenFile> {
    return new TokenFile(path, { graceMs: 5 * 60_000, ...options }, await readToken(path))
  }

  /** As it was read last; a look at the file begins where that was long ago. */
  current(): string {
    void this.#refresh()
    return this.#token
  }

  /** The header to send, `Bearer …`. */
  async authorization(): Promise<string> {
    await this.#refresh()
    return `Bearer ${this.#token}`
  }

  /**
   * Whether an `Authorization` header shows the token, as bearer or, for browsers, as the password of any user. Takes as
   * long for a wrong one.
   */
  async accepts(authorization: string): Promise<boolean> {
    await this.#refresh()
    const sent = tokenOf(authorization)
    const isCurrent = isSame(sent, this.#token)
    const isPrevious = isSame(sent, this.#previous?.token ?? this.#token)
    return isCurrent || (isPrevious && performance.now() < (this.#previous?.untilMs ?? 0))
  }

  /** At most once a second; a file that does not read leaves the token as it was. */
  async #refresh(): Promise<void> {
    if (performance.now() - this.#readAtMs < 1000) return
    this.#reading ??= this.#read().finally(() => {
      this.#readAtMs = performance.now()
      this.#reading = undefined
    })
    await this.#reading
  }

  async #read(): Promise<void> {
    try {
      const token = await readToken(this.#path)
      this.#problem = undefined
      if (token === this.#token) return
      this.#previous = { token: this.#token, untilMs: performance.now() + this.#graceMs }
      this.#token = token
      this.#logger.info({ file: this.#path }, 'token changed')
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#problem) this.#logger.warn(`${message}; the token read before goes on`)
      this.#problem = message
    }
  }
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read token file "${path}": ${error.code ?? error.message}`, { cause: error })
  })
  const token = text.trim()
  if (!/^[\x21-\x7e]{8,4096}$/.test(token)) {
    throw new Error(`read token file "${path}": want one token of 8 or more printable characters, no spaces`)
  }
  return token
}

function tokenOf(authorization: string): string {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() !== 'basic') return value
  const user = Buffer.from(value, 'base64').toString('utf8')
  return user.slice(user.indexOf(':') + 1)
}

/** Of hashes, so that neither content nor length shows in the time it takes. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
