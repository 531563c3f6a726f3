/**
 * Colours of CSS custom properties as the browser computes them for `host`: a canvas cannot read
 * `light-dark()`, and custom properties come back as they were written, so a probe element wears them.
 */
export function readColors<Name extends string>(
  host: HTMLElement,
  names: readonly Name[],
): Record<Name, string> {
  const probe = document.createElement('span')
  probe.hidden = true
  host.append(probe)
  const colors = Object.fromEntries(
    names.map((name) => {
      probe.style.color = `var(--${name})`
      return [name, getComputedStyle(probe).color]
    }),
  ) as Record<Name, string>
  probe.remove()
  return colors
}
