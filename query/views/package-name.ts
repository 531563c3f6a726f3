/**
 * The package a function belongs to, by its name: Go's `a.b/c.(*T).m` is `a.b/c`, Java's `com.shop.Cart.add` is
 * `com.shop`, C++'s `ns::T::m` is `ns::T`; "" where the name does not say.
 */
export function packageName(name: string): string {
  const head = /^[^[(<]*/.exec(name)?.[0] ?? ''
  const slash = head.lastIndexOf('/')
  const colons = head.lastIndexOf('::')
  if (slash < 0 && colons > 0) return head.slice(0, colons)
  const parts = head.slice(slash + 1).split('.')
  if (parts.length === 1) return ''
  // Go writes dots of the last part as %2e, so what is before the first dot is all of it.
  const classAt = slash < 0 ? parts.findIndex((part) => /^[A-Z]/.test(part)) : -1
  const isJava =
    classAt > 1 && classAt < parts.length - 1 && parts.slice(0, classAt).every((p) => /^[a-z]\w*$/.test(p))
  const last = isJava ? parts.slice(0, classAt).join('.') : parts[0]!
  return (head.slice(0, slash + 1) + last).replaceAll('%2e', '.')
}
