import type { FlameLayout } from '../model/flame-layout.ts'
import { findPath, formatPath, levelCount, neighbour, rowAt } from '../model/flame-rows.ts'
import { centerWindow, panWindow, type ViewWindow, zoomWindow } from '../model/flame-window.ts'
import {
  createPalette,
  drawFlame,
  type FlamePalette,
  type FlameScene,
  levelAt,
  levelTopPx,
  rowHeightPx,
} from './draw-flame.ts'
import { type FlameMove, listenToFlame } from './flame-input.ts'
import { createFlameMinimap } from './flame-minimap.ts'

export interface FlamePlace {
  readonly x: number
  readonly y: number
}

export interface FlameEvents {
  readonly onHover: (row: number | undefined, at: FlamePlace) => void
  /** The frame that keys would act on. */
  readonly onFocus: (row: number) => void
  readonly onZoom: (row: number) => void
  /** What can be done with a frame is asked for. */
  readonly onMenu: (row: number, at: FlamePlace) => void
  /** A row that stands for others is to be opened. */
  readonly onRest: (row: number) => void
  /** The last level there is came into sight. */
  readonly onEnd: () => void
}

export interface FlameCanvas {
  readonly show: (scene: FlameScene) => void
  readonly focus: (row: number) => void
  /** Closer, wider or sideways, as the keys do. */
  readonly move: (move: FlameMove) => void
  readonly close: () => void
}

/**
 * A flame graph in `host`, which scrolls. The canvas is as high as the host shows and stays in place while a spacer
 * scrolls beneath it: browsers limit the size of a canvas, and only what is seen is drawn.
 */
export function createFlameCanvas(
  host: HTMLElement,
  minimapHost: HTMLElement | undefined,
  events: FlameEvents,
): FlameCanvas {
  const canvas = document.createElement('canvas')
  canvas.setAttribute('aria-hidden', 'true')
  const spacer = document.createElement('div')
  host.append(canvas, spacer)
  const context = canvas.getContext('2d', { alpha: false })
  let scene: FlameScene | undefined
  let palette: FlamePalette | undefined
  let window: ViewWindow = { from: 0, to: 1 }
  let hovered = -1
  let focused = -1
  let frame = 0
  let zoomedAtMs: number | undefined
  let isNew = false

  const minimap =
    minimapHost === undefined
      ? undefined
      : createFlameMinimap(minimapHost, ({ value, share }) => {
          if (scene === undefined) return
          window = centerWindow(window, value, scene.layout.width[0] ?? 0)
          host.scrollTop = share * host.scrollHeight - host.clientHeight / 2
          schedule()
        })
  const schedule = () => {
    if (frame === 0) frame = requestAnimationFrame(draw)
  }
  const draw = () => {
    frame = 0
    if (scene === undefined || context === null || palette === undefined) return
    const widthPx = host.clientWidth
    const contentPx = levelCount(scene.layout) * rowHeightPx
    const heightPx = Math.max(rowHeightPx, Math.min(host.clientHeight, contentPx))
    fitCanvas(canvas, widthPx, heightPx)
    spacer.style.height = `${Math.max(0, contentPx - heightPx)}px`
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    const scrollPx = host.scrollTop
    drawFlame(context, { scene, palette, window, hovered, focused, widthPx, heightPx, scrollPx })
    const isPart = contentPx > heightPx || window.to - window.from < (scene.layout.width[0] ?? 0)
    minimapHost?.toggleAttribute('hidden', !isPart)
    if (isPart) minimap?.draw(scene, palette, { window, scrollPx, heightPx })
    measure()
    const lastLevel = Math.max(levelAt(scene, scrollPx), levelAt(scene, scrollPx + heightPx - 1))
    if (scene.layout.isUnfinished && lastLevel >= levelCount(scene.layout) - 1) events.onEnd()
  }
  /** For whoever watches how long pictures take. */
  const measure = () => {
    if (isNew && performance.getEntriesByName('flame-bytes').length > 0) {
      performance.measure('flame-first-picture', 'flame-bytes')
      performance.clearMarks('flame-bytes')
    }
    isNew = false
    if (zoomedAtMs !== undefined) performance.measure('flame-zoom', { start: zoomedAtMs })
    zoomedAtMs = undefined
  }
  const valueAt = (clientX: number): number => {
    const box = canvas.getBoundingClientRect()
    return window.from + ((clientX - box.left) / box.width) * (window.to - window.from)
  }
  const rowUnder = ({ x, y }: FlamePlace): number => {
    if (scene === undefined) return -1
    const depth = levelAt(scene, y - canvas.getBoundingClientRect().top + host.scrollTop)
    return rowAt(scene.layout, depth, valueAt(x))
  }
  const scrollTo = (row: number) => {
    if (scene === undefined) return
    const topPx = levelTopPx(scene, scene.layout.depth[row]!)
    if (topPx < host.scrollTop) host.scrollTop = topPx
    else if (topPx + rowHeightPx > host.scrollTop + host.clientHeight) {
      host.scrollTop = topPx + rowHeightPx - host.clientHeight
    }
  }
  const setFocus = (row: number) => {
    focused = row
    if (scene !== undefined && row >= 0) {
      scrollTo(row)
      const { start, width } = scene.layout
      const middle = start[row]! + width[row]! / 2
      // What the keys act on is in sight.
      if (start[row]! >= window.to || start[row]! + width[row]! <= window.from)
        window = centerWindow(window, middle, width[0] ?? 0)
      events.onFocus(row)
    }
    schedule()
  }
  const zoom = (row: number) => {
    if (scene?.layout.rest.has(row) === true) {
      events.onRest(row)
      return
    }
    zoomedAtMs = performance.now()
    events.onZoom(row)
  }
  const move = ({ zoom: factor, pan, scroll, at }: FlameMove) => {
    if (scene === undefined) return
    const whole = scene.layout.width[0] ?? 0
    const middle = (window.from + window.to) / 2
    const { start, width } = scene.layout
    const center =
      at !== undefined ? valueAt(at) : focused < 0 ? middle : start[focused]! + width[focused]! / 2
    if (factor !== undefined) window = zoomWindow(window, { at: inside(center, window), factor, whole })
    if (pan !== undefined) window = panWindow(window, pan, whole)
    if (scroll !== undefined) host.scrollTop += scroll * rowHeightPx
    schedule()
  }
  const stop = listenToFlame(host, canvas, {
    rowUnder,
    isUp: () => scene?.up === true,
    hover(row, at) {
      canvas.style.cursor = row >= 0 ? 'pointer' : 'default'
      if (row !== hovered) schedule()
      hovered = row
      events.onHover(row < 0 ? undefined : row, at)
    },
    click(row) {
      if (scene === undefined || row < 0) return
      setFocus(row)
      zoom(row === scene.zoom ? Math.max(0, scene.layout.parent[row]!) : row)
    },
    menu(row, at) {
      if (scene === undefined) return
      const target = row >= 0 ? row : focused >= 0 ? focused : scene.zoom
      setFocus(target)
      events.onMenu(target, at ?? placeOf(target))
    },
    step(direction) {
      if (scene !== undefined)
        setFocus(focused < 0 ? scene.zoom : neighbour(scene.layout, focused, direction))
    },
    enter: () => scene !== undefined && zoom(focused >= 0 ? focused : scene.zoom),
    leave: () => scene !== undefined && zoom(Math.max(0, scene.layout.parent[scene.zoom]!)),
    move,
  })
  const placeOf = (row: number): FlamePlace => {
    const box = canvas.getBoundingClientRect()
    if (scene === undefined) return { x: box.left, y: box.top }
    const scale = box.width / (window.to - window.from)
    const x = Math.max(0, (scene.layout.start[row]! - window.from) * scale)
    const top = levelTopPx(scene, scene.layout.depth[row]!) - host.scrollTop
    return { x: box.left + x + 12, y: box.top + top + rowHeightPx }
  }
  for (const name of ['scroll', 'focus', 'blur']) host.addEventListener(name, schedule)
  const sizes = new ResizeObserver(schedule)
  sizes.observe(host)

  return {
    show(next) {
      const before = scene
      if (before?.layout !== next.layout) {
        hovered = -1
        focused =
          before === undefined || focused < 0 ? -1 : findPath(next.layout, formatPath(before.layout, focused))
        isNew = true
      }
      if (
        palette === undefined ||
        before?.dark !== next.dark ||
        before.layout.names !== next.layout.names ||
        before.files !== next.files
      ) {
        palette = createPalette(host, next)
      }
      scene = next
      if (!isSameView(before, next)) {
        const from = next.layout.start[next.zoom] ?? 0
        window = { from, to: from + (next.layout.width[next.zoom] ?? 0) }
        spacer.style.height = `${levelCount(next.layout) * rowHeightPx}px`
        reveal(next, before)
      }
      schedule()
    },
    focus: setFocus,
    move,
    close() {
      cancelAnimationFrame(frame)
      sizes.disconnect()
      stop()
      for (const name of ['scroll', 'focus', 'blur']) host.removeEventListener(name, schedule)
      minimap?.close()
      canvas.remove()
      spacer.remove()
    },
  }

  /** The zoomed frame, and what lies beyond it, in sight. */
  function reveal(next: FlameScene, before: FlameScene | undefined): void {
    const topPx = levelTopPx(next, next.layout.depth[next.zoom] ?? 0)
    if (before?.up !== next.up || before.shape !== next.shape || next.zoom === 0) {
      host.scrollTop = next.up ? host.scrollHeight : 0
    } else if (next.up) {
      if (topPx > host.scrollTop + host.clientHeight || topPx < host.scrollTop + 4 * rowHeightPx)
        host.scrollTop = topPx + 4 * rowHeightPx - host.clientHeight
    } else if (topPx < host.scrollTop || topPx > host.scrollTop + host.clientHeight - 4 * rowHeightPx) {
      host.scrollTop = Math.max(0, topPx - 3 * rowHeightPx)
    }
  }
}

/** Whether the eye should not move: the same frame fills the width, of a tree as wide. */
function isSameView(before: FlameScene | undefined, next: FlameScene): boolean {
  if (before === undefined || before.up !== next.up || before.shape !== next.shape) return false
  const sameTree: (layout: FlameLayout) => boolean = (layout) =>
    layout.width[0] === next.layout.width[0] && layout.path[0] === next.layout.path[0]
  return (
    sameTree(before.layout) && formatPath(before.layout, before.zoom) === formatPath(next.layout, next.zoom)
  )
}

function fitCanvas(canvas: HTMLCanvasElement, widthPx: number, heightPx: number): void {
  const width = Math.round(widthPx * devicePixelRatio)
  const height = Math.round(heightPx * devicePixelRatio)
  if (canvas.width === width && canvas.height === height) return
  canvas.width = width
  canvas.height = height
  canvas.style.width = `${widthPx}px`
  canvas.style.height = `${heightPx}px`
}

function inside(value: number, { from, to }: ViewWindow): number {
  return Math.min(to, Math.max(from, value))
}
