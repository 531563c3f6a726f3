import { hashText } from './flame-layout.ts'

export interface FrameColor {
  readonly fill: string
  /** The same, for frames above the one zoomed to and for what a search did not find. */
  readonly faded: string
}

/**
 * What a frame is coloured by, so that one package has one colour in every picture: Go's import path, the npm
 * package, else the folder of the file. "" for the language's own runtime and what has no name.
 */
export function packageOf(name: string, file = ''): string {
  if (file !== '') {
    if (file.startsWith('node:') || file.startsWith('internal/')) return ''
    const module = file.lastIndexOf('node_modules/')
    if (module >= 0) {
      const [scope = '', second = ''] = file.slice(module + 'node_modules/'.length).split('/')
      return scope.startsWith('@') ? `${scope}/${second}` : scope
    }
    if (!file.endsWith('.go') && !file.endsWith('.s') && file.includes('/'))
      return file.slice(0, file.lastIndexOf('/'))
  }
  if (name.startsWith('(') || name.startsWith('[') || name === '' || name === 'root') return ''
  const slash = name.lastIndexOf('/')
  const dot = name.indexOf('.', slash + 1)
  if (dot < 0) return ''
  const path = name.slice(0, dot)
  return path === 'runtime' || path.startsWith('runtime/') || path.startsWith('internal/runtime') ? '' : path
}

/** Lightness is the same for every hue, so text on any frame has the same contrast. */
export function packageColor(packageName: string, dark: boolean): FrameColor {
  if (packageName === '') {
    return dark
      ? { fill: 'oklch(0.36 0.008 250)', faded: 'oklch(0.27 0.005 250)' }
      : { fill: 'oklch(0.89 0.006 250)', faded: 'oklch(0.955 0.003 250)' }
  }
  const hash = hashText(packageName)
  const hue = hues[hash % hues.length]!
  // Packages that share a hue still differ a little.
  const shade = ((hash >>> 8) % 3) * 0.018
  return dark
    ? { fill: `oklch(${0.43 - shade} 0.085 ${hue})`, faded: `oklch(0.28 0.03 ${hue})` }
    : { fill: `oklch(${0.87 - shade} 0.085 ${hue})`, faded: `oklch(0.955 0.02 ${hue})` }
}

const hues = [18, 42, 62, 84, 110, 138, 162, 186, 210, 236, 262, 290, 318, 344]

/** `github.com/a/b.(*T).Run` → `b.(*T).Run`: what is left when the whole name does not fit. */
export function shortName(name: string): string {
  const bracket = name.indexOf('[')
  const slash = name.lastIndexOf('/', bracket < 0 ? undefined : bracket)
  return slash < 0 ? name : name.slice(slash + 1)
}
