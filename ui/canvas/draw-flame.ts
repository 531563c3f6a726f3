import type { FlameLayout } from '../model/flame-layout.ts'
import { ancestors, frameName, levelCount, visitBoxes } from '../model/flame-rows.ts'
import type { ViewWindow } from '../model/flame-window.ts'
import { type FrameColor, packageColor, packageOf, shortName } from '../model/frame-colors.ts'
import { readColors } from './css-colors.ts'

export interface FlameScene {
  readonly layout: FlameLayout
  /** Changes when the tree is turned: the eye begins anew. */
  readonly shape: string
  /** Row that fills the width; 0 is the root. */
  readonly zoom: number
  /** 1 for each name (by index) that a search found; undefined while nothing is searched. */
  readonly marked: Uint8Array | undefined
  readonly dark: boolean
  /** Whether the root is at the bottom. */
  readonly up: boolean
  /** File of each function where known: it colours frames of languages whose names carry no package. */
  readonly files: ReadonlyMap<string, string>
  /** Of a comparison: what a frame is coloured by, and what is said before its name. */
  readonly difference: FrameDifference | undefined
}

export interface FrameDifference {
  readonly colorOf: (row: number) => FrameColor
  readonly wordOf: (row: number) => string
}

export const rowHeightPx = 20
const fontPx = 11.5
const paddingPx = 4

export interface FlamePalette {
  readonly background: string
  readonly text: string
  readonly faintText: string
  readonly mark: string
  readonly markText: string
  readonly focus: string
  readonly narrow: string
  readonly font: string
  /** By index of a name; made when first needed. */
  readonly colorOf: (nameIndex: number) => FrameColor
}

export function createPalette(host: HTMLElement, { layout, dark, files }: FlameScene): FlamePalette {
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
    font: `${fontPx}px ${getComputedStyle(host).fontFamily}`,
    colorOf,
  }
}

export interface FlameDrawing {
  readonly scene: FlameScene
  readonly palette: FlamePalette
  readonly window: ViewWindow
  readonly hovered: number
  readonly focused: number
  readonly widthPx: number
  readonly heightPx: number
  readonly scrollPx: number
}

/** Where a level is drawn, from the top of all levels. */
export function levelTopPx({ layout, up }: Pick<FlameScene, 'layout' | 'up'>, depth: number): number {
  return (up ? levelCount(layout) - 1 - depth : depth) * rowHeightPx
}

/** The level at a height, which may be none. */
export function levelAt({ layout, up }: Pick<FlameScene, 'layout' | 'up'>, yPx: number): number {
  const index = Math.floor(yPx / rowHeightPx)
  return up ? levelCount(layout) - 1 - index : index
}

/** Draws what is in sight: a level costs no more than its width in pixels. */
export function drawFlame(context: CanvasRenderingContext2D, drawing: FlameDrawing): void {
  const { scene, palette, widthPx, heightPx, scrollPx, window } = drawing
  const { layout } = scene
  context.fillStyle = palette.background
  context.fillRect(0, 0, widthPx, heightPx)
  context.font = palette.font
  context.textBaseline = 'middle'
  const letterPx = context.measureText('abcdefghijklmnopqrstuvwxyz').width / 26
  const above = new Set(ancestors(layout, scene.zoom).slice(0, -1))
  const bounds = [levelAt(scene, scrollPx), levelAt(scene, scrollPx + heightPx)].sort((a, b) => a - b)
  const first = Math.max(0, bounds[0]!)
  const last = Math.min(levelCount(layout) - 1, bounds[1]!)
  for (let depth = first; depth <= last; depth++) {
    const y = levelTopPx(scene, depth) - scrollPx
    visitBoxes(layout, depth, { ...window, widthPx }, (row, x, boxPx) => {
      if (row < 0) {
        context.fillStyle = palette.narrow
        context.fillRect(x, y, boxPx, rowHeightPx - 1)
      } else drawBox(context, drawing, { row, x, y, boxPx, letterPx, isAbove: above.has(row) })
    })
  }
  drawMarks(context, drawing, first, last)
}

interface Box {
  readonly row: number
  readonly x: number
  readonly y: number
  readonly boxPx: number
  readonly letterPx: number
  /** Whether the zoom is somewhere within it. */
  readonly isAbove: boolean
}

function drawBox(context: CanvasRenderingContext2D, drawing: FlameDrawing, box: Box): void {
  const { scene, palette, hovered, focused } = drawing
  const { layout, marked, difference } = scene
  const { row, x, y, boxPx, letterPx } = box
  const nameIndex = layout.name[row]!
  const isRest = layout.rest.has(row)
  const isMarked = marked?.[nameIndex] === 1 && !isRest
  const color = difference?.colorOf(row) ?? palette.colorOf(nameIndex)
  const faded = box.isAbove || (marked !== undefined && !isMarked)
  context.fillStyle = isRest ? palette.narrow : isMarked ? palette.mark : faded ? color.faded : color.fill
  context.fillRect(x, y, Math.max(0.5, boxPx - (boxPx > 3 ? 1 : 0)), rowHeightPx - 1)
  if (isRest) hatch(context, palette.background, { x, y, boxPx })
  if (row === hovered || row === focused) {
    context.strokeStyle = row === focused ? palette.focus : palette.text
    context.lineWidth = row === focused ? 2 : 1
    const inset = context.lineWidth / 2
    const side = rowHeightPx - 1 - 2 * inset
    context.strokeRect(x + inset, y + inset, Math.max(1, boxPx - 1 - 2 * inset), side)
  }
  if (boxPx < 3 * letterPx + 2 * paddingPx) return
  context.fillStyle = isMarked ? palette.markText : faded ? palette.faintText : palette.text
  const word = difference === undefined || isRest ? '' : difference.wordOf(row)
  const room = boxPx - 2 * paddingPx
  const text = isRest
    ? fitName(context, frameName(layout, row), room, letterPx)
    : fitName(context, layout.names[nameIndex] ?? '', room - (word.length + 1) * letterPx, letterPx)
  context.fillText(word === '' || text === '' ? text : `${word} ${text}`, x + paddingPx, y + rowHeightPx / 2)
}

/** Lines across, so that what stands for others is not taken for one frame. */
function hatch(
  context: CanvasRenderingContext2D,
  color: string,
  { x, y, boxPx }: { readonly x: number; readonly y: number; readonly boxPx: number },
): void {
  if (boxPx < 4) return
  context.save()
  context.beginPath()
  context.rect(x, y, boxPx - 1, rowHeightPx - 1)
  context.clip()
  context.strokeStyle = color
  context.globalAlpha = 0.55
  context.lineWidth = 1
  context.beginPath()
  for (let at = x - rowHeightPx; at < x + boxPx; at += 7) {
    context.moveTo(at, y + rowHeightPx)
    context.lineTo(at + rowHeightPx, y)
  }
  context.stroke()
  context.restore()
}

const markPx = 3

/** A hit is never too narrow to be seen, however small it is. */
function drawMarks(
  context: CanvasRenderingContext2D,
  { scene, palette, window, widthPx, scrollPx }: FlameDrawing,
  first: number,
  last: number,
): void {
  const { layout, marked } = scene
  if (marked === undefined) return
  context.fillStyle = palette.mark
  const scale = widthPx / (window.to - window.from)
  for (let depth = first; depth <= last; depth++) {
    const y = levelTopPx(scene, depth) - scrollPx
    let drawnTo = Number.NEGATIVE_INFINITY
    for (let row = layout.levelStart[depth]!; row < layout.levelStart[depth + 1]!; row++) {
      if (marked[layout.name[row]!] !== 1 || layout.rest.has(row)) continue
      const x = (layout.start[row]! - window.from) * scale
      const boxPx = layout.width[row]! * scale
      if (boxPx >= markPx || x + boxPx < 0 || x > widthPx || x < drawnTo || layout.width[row] === 0) continue
      const left = Math.min(Math.max(0, x - (markPx - boxPx) / 2), widthPx - markPx)
      context.fillRect(left, y, markPx, rowHeightPx - 1)
      drawnTo = left + markPx
    }
  }
}

/** The whole name, else without its path, else its beginning. */
function fitName(context: CanvasRenderingContext2D, name: string, roomPx: number, letterPx: number): string {
  if (roomPx < letterPx) return ''
  const fits = (text: string) =>
    text.length * letterPx * 0.7 <= roomPx && context.measureText(text).width <= roomPx
  if (fits(name)) return name
  const short = shortName(name)
  if (fits(short)) return short
  let letters = Math.min(short.length, Math.ceil((roomPx / letterPx) * 1.3))
  while (letters > 1 && !fits(`${short.slice(0, letters)}…`)) letters--
  return letters > 1 ? `${short.slice(0, letters)}…` : ''
}
