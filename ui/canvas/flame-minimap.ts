import { levelCount, visitBoxes } from '../model/flame-rows.ts'
import type { ViewWindow } from '../model/flame-window.ts'
import { type FlamePalette, type FlameScene, levelTopPx, rowHeightPx } from './draw-flame.ts'

/** Where somebody points: a value, and a share of the height of all levels. */
export interface MinimapPlace {
  readonly value: number
  readonly share: number
}

export interface FlameMinimap {
  readonly draw: (
    scene: FlameScene,
    palette: FlamePalette,
    view: { readonly window: ViewWindow; readonly scrollPx: number; readonly heightPx: number },
  ) => void
  readonly close: () => void
}

/** All levels at a glance, and a frame around what is in sight; dragging moves it. The keyboard can do the same. */
export function createFlameMinimap(host: HTMLElement, onMove: (place: MinimapPlace) => void): FlameMinimap {
  const canvas = document.createElement('canvas')
  canvas.setAttribute('aria-hidden', 'true')
  host.append(canvas)
  const context = canvas.getContext('2d', { alpha: false })
  const picture = document.createElement('canvas')
  let drawn: FlameScene | undefined
  let whole = 0

  const onPointer = (event: PointerEvent) => {
    if (event.type === 'pointerdown') canvas.setPointerCapture(event.pointerId)
    if (event.buttons === 0) return
    const box = canvas.getBoundingClientRect()
    const share = (event.clientY - box.top) / box.height
    onMove({ value: ((event.clientX - box.left) / box.width) * whole, share })
  }
  canvas.addEventListener('pointerdown', onPointer)
  canvas.addEventListener('pointermove', onPointer)

  return {
    draw(scene, palette, { window, scrollPx, heightPx }) {
      if (context === null) return
      const ratio = devicePixelRatio
      const widthPx = host.clientWidth
      const size = { width: Math.round(widthPx * ratio), height: Math.round(heightPx * ratio) }
      if (size.width === 0 || size.height === 0) return
      if (canvas.width !== size.width || canvas.height !== size.height) {
        Object.assign(canvas, size)
        canvas.style.width = `${widthPx}px`
        canvas.style.height = `${heightPx}px`
        drawn = undefined
      }
      whole = scene.layout.width[0] ?? 0
      const contentPx = levelCount(scene.layout) * rowHeightPx
      const shrink = Math.min(1, heightPx / contentPx)
      if (drawn !== scene) {
        Object.assign(picture, size)
        drawAll(picture, scene, palette, { widthPx, shrink, ratio })
        drawn = scene
      }
      context.setTransform(1, 0, 0, 1, 0, 0)
      context.drawImage(picture, 0, 0)
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      context.strokeStyle = palette.focus
      context.lineWidth = 1.5
      const x = whole === 0 ? 0 : (window.from / whole) * widthPx
      const right = whole === 0 ? widthPx : (window.to / whole) * widthPx
      const frameHeight = Math.min(heightPx, heightPx * shrink)
      context.strokeRect(x + 0.75, scrollPx * shrink + 0.75, Math.max(2, right - x - 1.5), frameHeight - 1.5)
    },
    close() {
      canvas.remove()
    },
  }
}

function drawAll(
  picture: HTMLCanvasElement,
  scene: FlameScene,
  palette: FlamePalette,
  { widthPx, shrink, ratio }: { readonly widthPx: number; readonly shrink: number; readonly ratio: number },
): void {
  const context = picture.getContext('2d', { alpha: false })
  if (context === null) return
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.fillStyle = palette.background
  context.fillRect(0, 0, widthPx, picture.height)
  const { layout, marked, difference } = scene
  const window = { from: 0, to: layout.width[0] ?? 0, widthPx }
  const height = Math.max(0.5, rowHeightPx * shrink - (shrink > 0.2 ? 0.5 : 0))
  for (let depth = 0; depth < levelCount(layout); depth++) {
    const y = levelTopPx(scene, depth) * shrink
    visitBoxes(layout, depth, window, (row, x, boxPx) => {
      const isMarked = row >= 0 && marked?.[layout.name[row]!] === 1
      const color = row < 0 ? undefined : (difference?.colorOf(row) ?? palette.colorOf(layout.name[row]!))
      context.fillStyle = isMarked ? palette.mark : (color?.fill ?? palette.narrow)
      context.fillRect(x, y, boxPx, height)
    })
  }
}
