import {
  ancestors,
  type Direction,
  type FlameLayout,
  neighbour,
  rowAt,
  visitBoxes,
} from '../model/flame-layout.ts'
import { type FrameColor, packageColor, packageOf, shortName } from '../model/frame-colors.ts'
import { readColors } from './css-colors.ts'

export interface FlameScene {
  readonly layout: FlameLayout
  /** Row that fills the width; 0 is the root. */
  readonly zoom: number
  /** 1 for each name (by index) that a search found; undefined while nothing is searched. */
  readonly marked: Uint8Array | undefined
  readonly dark: boolean
  /** File of each function where known: it colours frames of languages whose names carry no package. */
  readonly files: ReadonlyMap<string, string>
}

export interface FlameEvents {
  readonly onHover: (row: number | undefined, at: { readonly x: number; readonly y: number }) => void
  /** The frame that keys would act on. */
  readonly onFocus: (row: number) => void
  readonly onZoom: (row: number) => void
}

export interface FlameCanvas {
  readonly show: (scene: FlameScene) => void
  readonly focus: (row: number) => void
  readonly close: () => void
}

export const rowHeightPx = 20
const fontPx = 11.5
const paddingPx = 4

/**
 * A flame graph, root on top, in `host`, which scrolls. The canvas is as high as the host shows and stays in
 * place while a spacer scrolls beneath it: browsers limit the size of a canvas, and only what is seen is drawn.
 */
export function createFlameCanvas(host: HTMLElement, events: FlameEvents): FlameCanvas {
  const canvas = document.createElement('canvas')
  canvas.setAttribute('aria-hidden', 'true')
  const spacer = document.createElement('div')
  host.append(canvas, spacer)
  const context = canvas.getContext('2d', { alpha: false })
  let scene: FlameScene | undefined
  let hovered = -1
  let focused = -1
  let frame = 0
  let palette: Palette | undefined

  const schedule = () => {
    if (frame === 0) frame = requestAnimationFrame(draw)
  }
  const draw = () => {
    frame = 0
    if (scene === undefined || context === null || palette === undefined) return
    const widthPx = host.clientWidth
    const heightPx = Math.max(
      rowHeightPx,
      Math.min(host.clientHeight, scene.layout.levels.length * rowHeightPx),
    )
    const ratio = devicePixelRatio
    if (canvas.width !== Math.round(widthPx * ratio) || canvas.height !== Math.round(heightPx * ratio)) {
      canvas.width = Math.round(widthPx * ratio)
      canvas.height = Math.round(heightPx * ratio)
      canvas.style.width = `${widthPx}px`
      canvas.style.height = `${heightPx}px`
    }
    spacer.style.height = `${Math.max(0, scene.layout.levels.length * rowHeightPx - heightPx)}px`
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    drawFlame(context, { scene, palette, hovered, focused, widthPx, heightPx, scrollPx: host.scrollTop })
  }
  const rowUnder = (event: MouseEvent): number => {
    if (scene === undefined) return -1
    const box = canvas.getBoundingClientRect()
    const x = event.clientX - box.left
    const depth = Math.floor((event.clientY - box.top + host.scrollTop) / rowHeightPx)
    const { layout, zoom } = scene
    const value = layout.start[zoom]! + (x / box.width) * layout.total[zoom]!
    return rowAt(layout, depth, value)
  }
  const setFocus = (row: number) => {
    focused = row
    if (scene !== undefined && row >= 0) {
      const topPx = scene.layout.depth[row]! * rowHeightPx
      if (topPx < host.scrollTop) host.scrollTop = topPx
      else if (topPx + rowHeightPx > host.scrollTop + host.clientHeight) {
        host.scrollTop = topPx + rowHeightPx - host.clientHeight
      }
      events.onFocus(row)
    }
    schedule()
  }

  const onMove = (event: PointerEvent) => {
    const row = rowUnder(event)
    canvas.style.cursor = row >= 0 ? 'pointer' : 'default'
    if (row !== hovered) {
      hovered = row
      schedule()
    }
    events.onHover(row < 0 ? undefined : row, { x: event.clientX, y: event.clientY })
  }
  const onLeave = () => {
    hovered = -1
    schedule()
    events.onHover(undefined, { x: 0, y: 0 })
  }
  const onClick = (event: MouseEvent) => {
    const row = rowUnder(event)
    if (row < 0 || scene === undefined) return
    setFocus(row)
    events.onZoom(row === scene.zoom ? Math.max(0, scene.layout.parent[row]!) : row)
  }
  const onKey = (event: KeyboardEvent) => {
    if (scene === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    const at = focused >= 0 ? focused : scene.zoom
    const direction = arrows[event.key]
    if (direction !== undefined) setFocus(neighbour(scene.layout, at, direction))
    else if (event.key === 'Enter') events.onZoom(at)
    else if (event.key === 'Backspace') events.onZoom(Math.max(0, scene.layout.parent[scene.zoom]!))
    else return
    event.preventDefault()
  }
  canvas.addEventListener('pointermove', onMove)
  canvas.addEventListener('pointerleave', onLeave)
  canvas.addEventListener('click', onClick)
  host.addEventListener('scroll', schedule)
  host.addEventListener('keydown', onKey)
  host.addEventListener('focus', schedule)
  host.addEventListener('blur', schedule)
  const sizes = new ResizeObserver(schedule)
  sizes.observe(host)

  return {
    show(next) {
      if (scene?.layout !== next.layout) {
        hovered = -1
        focused = -1
        host.scrollTop = 0
      } else if (scene.zoom !== next.zoom) {
        const topPx = next.layout.depth[next.zoom]! * rowHeightPx
        if (topPx < host.scrollTop || topPx > host.scrollTop + host.clientHeight - 4 * rowHeightPx) {
          host.scrollTop = Math.max(0, topPx - 3 * rowHeightPx)
        }
      }
      if (
        palette === undefined ||
        scene?.dark !== next.dark ||
        scene.layout !== next.layout ||
        scene.files !== next.files
      ) {
        palette = createPalette(host, next)
      }
      scene = next
      schedule()
    },
    focus: setFocus,
    close() {
      cancelAnimationFrame(frame)
      sizes.disconnect()
      host.removeEventListener('scroll', schedule)
      host.removeEventListener('keydown', onKey)
      canvas.remove()
      spacer.remove()
    },
  }
}

const arrows: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
}

interface Palette {
  readonly background: string
  readonly text: string
  readonly faintText: string
  readonly mark: string
  readonly markText: string
  readonly focus: string
  readonly narrow: string
  /** By index of a name; made when first needed. */
  readonly colorOf: (nameIndex: number) => FrameColor
}

function createPalette(host: HTMLElement, { layout, dark, files }: FlameScene): Palette {
  const colors = readColors(host, [
    'surface',
    'frame-text',
    'muted',
    'mark',
    'mark-text',
    'accent',
    'frame-narrow',
  ])
  const byName: FrameColor[] = []
  const byPackage = new Map<string, FrameColor>()
  const colorOf = (nameIndex: number): FrameColor => {
    const known = byName[nameIndex]
    if (known !== undefined) return known
    const name = layout.names[nameIndex] ?? ''
    const packageName = packageOf(name, files.get(name))
    const color = byPackage.get(packageName) ?? packageColor(packageName, dark)
    byPackage.set(packageName, color)
    byName[nameIndex] = color
    return color
  }
  return {
    background: colors.surface,
    text: colors['frame-text'],
    faintText: colors.muted,
    mark: colors.mark,
    markText: colors['mark-text'],
    focus: colors.accent,
    narrow: colors['frame-narrow'],
    colorOf,
  }
}

interface Drawing {
  readonly scene: FlameScene
  readonly palette: Palette
  readonly hovered: number
  readonly focused: number
  readonly widthPx: number
  readonly heightPx: number
  readonly scrollPx: number
}

function drawFlame(context: CanvasRenderingContext2D, drawing: Drawing): void {
  const { scene, palette, hovered, focused, widthPx, heightPx, scrollPx } = drawing
  const { layout, zoom, marked } = scene
  context.fillStyle = palette.background
  context.fillRect(0, 0, widthPx, heightPx)
  context.font = `${fontPx}px ${getComputedStyle(context.canvas).fontFamily}`
  context.textBaseline = 'middle'
  const from = layout.start[zoom]!
  const window = { from, to: from + layout.total[zoom]!, widthPx }
  const above = new Set(ancestors(layout, zoom).slice(0, -1))
  const firstLevel = Math.floor(scrollPx / rowHeightPx)
  const lastLevel = Math.min(layout.levels.length - 1, Math.floor((scrollPx + heightPx) / rowHeightPx))
  const letterPx = context.measureText('abcdefghijklmnopqrstuvwxyz').width / 26
  for (let depth = firstLevel; depth <= lastLevel; depth++) {
    const y = depth * rowHeightPx - scrollPx
    visitBoxes(layout, depth, window, (row, x, boxPx) => {
      if (row < 0) {
        context.fillStyle = palette.narrow
        context.fillRect(x, y, boxPx, rowHeightPx - 1)
        return
      }
      const nameIndex = layout.name[row]!
      const isMarked = marked?.[nameIndex] === 1
      const color = palette.colorOf(nameIndex)
      const faded = above.has(row) || (marked !== undefined && !isMarked)
      context.fillStyle = isMarked ? palette.mark : faded ? color.faded : color.fill
      // A hit is never too narrow to be seen.
      const shownPx = isMarked ? Math.max(boxPx, 3) : boxPx
      context.fillRect(x, y, Math.max(0.5, shownPx - (boxPx > 3 ? 1 : 0)), rowHeightPx - 1)
      if (row === hovered || row === focused) {
        context.strokeStyle = row === focused ? palette.focus : palette.text
        context.lineWidth = row === focused ? 2 : 1
        const inset = context.lineWidth / 2
        context.strokeRect(
          x + inset,
          y + inset,
          Math.max(1, boxPx - 1 - 2 * inset),
          rowHeightPx - 1 - 2 * inset,
        )
      }
      if (boxPx < 3 * letterPx + 2 * paddingPx) return
      context.fillStyle = isMarked ? palette.markText : faded ? palette.faintText : palette.text
      const text = fitName(context, layout.names[nameIndex] ?? '', boxPx - 2 * paddingPx, letterPx)
      context.fillText(text, x + paddingPx, y + rowHeightPx / 2)
    })
  }
}

/** The whole name, else without its path, else its beginning. */
function fitName(context: CanvasRenderingContext2D, name: string, roomPx: number, letterPx: number): string {
  const fits = (text: string) =>
    text.length * letterPx * 0.7 <= roomPx && context.measureText(text).width <= roomPx
  if (fits(name)) return name
  const short = shortName(name)
  if (fits(short)) return short
  let letters = Math.min(short.length, Math.ceil((roomPx / letterPx) * 1.3))
  while (letters > 1 && !fits(`${short.slice(0, letters)}…`)) letters--
  return letters > 1 ? `${short.slice(0, letters)}…` : ''
}
