/**
 * The text of a quoted string as PromQL writes it, which is as Go does: escapes in "…" and '…', none in `…`.
 * `\x` and octal escapes are bytes, so that several of them may spell one UTF-8 character.
 * Throws a SyntaxError.
 */
export function unquote(quoted: string): string {
  const quote = quoted[0]
  const inner = quoted.slice(1, -1)
  if (quoted.length < 2 || quote !== quoted.at(-1) || (quote !== '"' && quote !== "'" && quote !== '`')) {
    throw new SyntaxError(`string ${quoted}: no closing quote`)
  }
  if (quote === '`' || !inner.includes('\\')) return inner

  let text = ''
  let bytes: number[] = []
  const flushBytes = () => {
    if (bytes.length === 0) return
    try {
      text += new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))
    } catch {
      throw new SyntaxError(`string ${quoted}: its byte escapes are no UTF-8`)
    }
    bytes = []
  }
  for (let at = 0; at < inner.length; ) {
    if (inner[at] !== '\\') {
      flushBytes()
      text += inner[at++]
      continue
    }
    const letter = inner[at + 1] ?? ''
    const simple = simpleEscapes[letter]
    if (simple !== undefined) {
      flushBytes()
      text += simple
      at += 2
      continue
    }
    const form = numericEscapes.find(({ start }) => start.test(letter))
    const digits = form && inner.slice(at + form.skip, at + form.skip + form.digits)
    if (!form || !digits || digits.length < form.digits || !form.allowed.test(digits)) {
      throw new SyntaxError(`string ${quoted}: unknown escape \\${letter}`)
    }
    const code = Number.parseInt(digits, form.base)
    if (form.isByte) {
      if (code > 0xff) throw new SyntaxError(`string ${quoted}: escape \\${digits} is more than a byte`)
      bytes.push(code)
    } else {
      flushBytes()
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        throw new SyntaxError(`string ${quoted}: escape \\${letter}${digits} is no character`)
      }
      text += String.fromCodePoint(code)
    }
    at += form.skip + form.digits
  }
  flushBytes()
  return text
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}

const hex = /^[0-9a-fA-F]+$/
const numericEscapes = [
  { start: /[0-7]/, skip: 1, digits: 3, base: 8, allowed: /^[0-7]+$/, isByte: true },
  { start: /x/, skip: 2, digits: 2, base: 16, allowed: hex, isByte: true },
  { start: /u/, skip: 2, digits: 4, base: 16, allowed: hex, isByte: false },
  { start: /U/, skip: 2, digits: 8, base: 16, allowed: hex, isByte: false },
]
