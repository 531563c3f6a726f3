import { isScalar, parseDocument, visit } from 'yaml'

/** A config's text as the status page may show it: secrets replaced, comments gone. */
export function hideSecrets(text: string): string {
  const document = parseDocument(text)
  if (document.errors.length > 0) return ''
  document.commentBefore = null
  document.comment = null
  visit(document, {
    Node(_, node) {
      node.comment = null
      node.commentBefore = null
    },
    Pair(_, pair) {
      if (!isScalar(pair.value)) return
      if (isScalar(pair.key) && secretKeys.has(String(pair.key.value))) pair.value.value = '<secret>'
      else if (typeof pair.value.value === 'string') {
        // A password may hide in a URL too.
        pair.value.value = pair.value.value.replace(/^(\w+:\/\/[^/@:]*):[^/@]*@/, '$1:<secret>@')
      }
    },
  })
  return document.toString()
}

/** `key` is the PEM text of a private key. */
const secretKeys = new Set(['password', 'credentials', 'bearer_token', 'key'])
