import { createHmac, randomBytes } from 'node:crypto'
import bcrypt from 'bcryptjs'
import type { Middleware } from 'koa'

/**
 * Asks for one of `users` (bcrypt hashes by name) where there are any. Bcrypt is slow on purpose, so an
 * answer is remembered by a keyed hash of what was sent.
 */
export function basicAuth(users: ReadonlyMap<string, string>): Middleware {
  const key = randomBytes(32)
  const known = new Map<string, Promise<boolean>>()
  const check = (name: string, password: string): Promise<boolean> => {
    const digest = createHmac('sha256', key).update(`${name.length}:${name}${password}`).digest('base64')
    let answer = known.get(digest)
    if (answer === undefined) {
      // An unknown name takes as long as a wrong password, so that names cannot be probed.
      const hash = users.get(name)
      const compared = bcrypt.compare(password, hash ?? unknownUserHash)
      answer = compared.then((isEqual) => isEqual && hash !== undefined)
      if (known.size >= 1000) known.clear()
      known.set(digest, answer)
    }
    return answer
  }
  return async (ctx, next) => {
    if (users.size > 0) {
      const [, encoded] = /^basic ([a-z0-9+/=]+)$/i.exec(ctx.get('authorization')) ?? []
      const sent = Buffer.from(encoded ?? '', 'base64').toString('utf8')
      const colon = sent.indexOf(':')
      if (colon < 0 || !(await check(sent.slice(0, colon), sent.slice(colon + 1)))) {
        ctx.set('WWW-Authenticate', 'Basic realm="conprof", charset="UTF-8"')
        ctx.status = 401
        ctx.body = 'unauthorized\n'
        return
      }
    }
    await next()
  }
}

/** Of a random password that nobody kept. */
const unknownUserHash = '$2b$10$gi0peYJ532T5NV8KSXfgKef1sYlRFbWY8V1y7vEObolJGJcSQEyWC'
