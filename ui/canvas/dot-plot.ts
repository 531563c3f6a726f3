import uPlot from 'uplot'
import { type Dot, firstNotBefore, nearestDot } from '../model/dots.ts'
import { formatClock, formatDay, formatValue } from '../model/format.ts'
import { cellAt } from '../model/heat-cells.ts'
import { type HeldHandle, handleAt, movedBand } from './band-handles.ts'
import { readColors } from './css-colors.ts'
import { drawDots, restartPx, seriesColors, tickPx } from './draw-dots.ts'
import type { DragKind, Hovered, PlotEvents, PlotScene } from './plot-scene.ts'

export interface DotPlot {
  readonly show: (scene: PlotScene) => void
  readonly close: () => void
}

export const plotHeightPx = 220
const reachPx = 14

/**
 * Axes, cursor and dragging are uPlot's, over an empty series; the dots are drawn here, because each series has
 * its own times and joining them would cost series × times cells.
 */
export function createDotPlot(host: HTMLElement, events: PlotEvents): DotPlot {
  let scene: PlotScene | undefined
  let plot: uPlot | undefined
  let hovered: Dot | undefined
  let pressedX = 0
  let pressedKind: DragKind = 'zoom'
  let held: HeldHandle | undefined

  const find = (event: MouseEvent): Hovered | undefined => {
    if (plot === undefined || scene === undefined) return undefined
    const dot = findDot(event)
    if (dot !== undefined) return { dot }
    if (scene.heat === undefined) return undefined
    const box = plot.over.getBoundingClientRect()
    const timeMs = plot.posToVal(event.clientX - box.left, 'x')
    const cell = cellAt(scene.heat, timeMs, plot.posToVal(event.clientY - box.top, 'y'))
    return cell === undefined ? undefined : { cell }
  }
  const findDot = (event: MouseEvent): Dot | undefined => {
    if (plot === undefined || scene === undefined) return undefined
    const box = plot.over.getBoundingClientRect()
    const x = event.clientX - box.left
    const y = event.clientY - box.top
    const current = plot
    const visible = scene.series.map((series, index) =>
      scene?.hidden.has(index)
        ? { ...series, times: new Float64Array(), failures: [], restarts: [] }
        : scene?.heat === undefined
          ? series
          : { ...series, times: new Float64Array() },
    )
    return nearestDot(
      visible,
      { x, y, timeMs: current.posToVal(x, 'x') },
      {
        x: (timeMs) => current.valToPos(timeMs, 'x'),
        y: (value) => current.valToPos(value, 'y'),
        msPerPx: (scene.endMs - scene.startMs) / Math.max(1, box.width),
        failureY: box.height - tickPx / 2,
        restartY: restartPx / 4,
      },
      reachPx,
    )
  }
  const build = (now: PlotScene): uPlot => {
    const colors = readColors(host, [
      'text',
      'muted',
      'line',
      'line-faint',
      'accent',
      'surface',
      'danger',
      ...seriesNames,
    ])
    const font = `11px ${getComputedStyle(host).fontFamily}`
    const axis = {
      stroke: colors.muted,
      font,
      ticks: { show: false },
      grid: { stroke: colors['line-faint'], width: 1 },
    }
    const built = new uPlot(
      {
        width: Math.max(200, host.clientWidth),
        height: plotHeightPx,
        ms: 1,
        padding: [12, 22, 0, 0],
        legend: { show: false },
        tzDate: (ms) => (scene?.utc ? uPlot.tzDate(new Date(ms), 'Etc/UTC') : new Date(ms)),
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 6 } },
        scales: {
          x: { time: true, range: () => [scene?.startMs ?? 0, scene?.endMs ?? 1] },
          y: { range: () => valueRange(scene) },
        },
        axes: [
          {
            ...axis,
            size: 34,
            space: 80,
            values: (_plot, splits, _axis, _space, incr) => timeLabels(splits, incr, scene?.utc ?? false),
          },
          {
            ...axis,
            size: 72,
            space: 36,
            incrs: now.unit === 'bytes' ? byteSteps : decimalSteps,
            values: (_plot, splits) => splits.map((value) => formatValue(value, scene?.unit ?? '')),
          },
        ],
        series: [{}, { show: true, points: { show: false } }],
        hooks: {
          draw: [
            (drawn) => {
              if (scene === undefined) return
              drawDots(drawn, scene, hovered, colors)
              markFirst(scene)
            },
          ],
          setSelect: [
            (drawn) => {
              const { left, width } = drawn.select
              if (width < 3) return
              const startMs = Math.round(drawn.posToVal(left, 'x'))
              const endMs = Math.round(drawn.posToVal(left + width, 'x'))
              drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              events.onDrag(pressedKind, { startMs, endMs })
            },
          ],
        },
      },
      [
        [now.startMs, now.endMs],
        [null, null],
      ],
      host,
    )
    const timeAt = (event: MouseEvent) => {
      const box = built.over.getBoundingClientRect()
      return built.posToVal(Math.min(box.width, Math.max(0, event.clientX - box.left)), 'x')
    }
    built.over.addEventListener('pointerdown', (event) => {
      pressedX = event.clientX
      pressedKind = event.shiftKey ? 'a' : event.altKey ? 'b' : (scene?.drag ?? 'zoom')
      built.root.dataset['drag'] = pressedKind
      held = scene === undefined || event.button !== 0 ? undefined : handleAt(built, scene, event.offsetX)
      if (held === undefined) return
      built.over.setPointerCapture(event.pointerId)
      events.onHover(undefined, { x: 0, y: 0 })
    })
    // Before uPlot sees it and begins a selection of its own.
    built.root.addEventListener(
      'mousedown',
      (event) => {
        if (held === undefined) return
        event.stopPropagation()
        event.preventDefault()
      },
      true,
    )
    built.over.addEventListener('pointermove', (event) => {
      if (held !== undefined && scene !== undefined) {
        const band = scene.bands[held.kind]
        if (event.buttons === 0 || band === undefined) {
          held = undefined
          return
        }
        // Only drawn so far; the page hears of it when the button is let go.
        const moved = movedBand(band, held.end, timeAt(event))
        if (moved.startMs !== band.startMs && moved.endMs !== band.endMs)
          held = { ...held, end: held.end === 'startMs' ? 'endMs' : 'startMs' }
        scene = { ...scene, bands: { ...scene.bands, [held.kind]: moved } }
        built.redraw(false, false)
        return
      }
      const found = event.buttons === 0 ? find(event) : undefined
      const onHandle =
        event.buttons === 0 && scene !== undefined && handleAt(built, scene, event.offsetX) !== undefined
      built.over.style.cursor = onHandle
        ? 'ew-resize'
        : found !== undefined && found.dot?.failure === undefined
          ? 'pointer'
          : 'crosshair'
      if (found?.dot?.id !== hovered?.id) {
        hovered = found?.dot
        built.redraw(false, false)
      }
      events.onHover(onHandle ? undefined : found, { x: event.clientX, y: event.clientY })
    })
    built.over.addEventListener('pointerup', () => {
      const band = held === undefined ? undefined : scene?.bands[held.kind]
      if (held !== undefined && band !== undefined) events.onDrag(held.kind, band)
      held = undefined
    })
    built.over.addEventListener('pointerleave', () => {
      if (hovered !== undefined) {
        hovered = undefined
        built.redraw(false, false)
      }
      events.onHover(undefined, { x: 0, y: 0 })
    })
    built.over.addEventListener('click', (event) => {
      if (Math.abs(event.clientX - pressedX) > 5) return
      const found = find(event)
      if (found !== undefined && found.dot?.failure === undefined) events.onPick(found)
    })
    return built
  }
  const sizes = new ResizeObserver(() => {
    if (plot !== undefined && host.clientWidth > 0)
      plot.setSize({ width: host.clientWidth, height: plotHeightPx })
  })
  sizes.observe(host)

  return {
    show(next) {
      const rebuild =
        plot === undefined || scene?.dark !== next.dark || scene.unit !== next.unit || scene.utc !== next.utc
      scene = next
      hovered = undefined
      if (rebuild) {
        plot?.destroy()
        plot = build(next)
      } else {
        plot?.setData(
          [
            [next.startMs, next.endMs],
            [null, null],
          ],
          true,
        )
      }
    },
    close() {
      sizes.disconnect()
      plot?.destroy()
    },
  }
}

const seriesNames = Array.from({ length: seriesColors }, (_, index) => `series-${index + 1}` as const)

const byteSteps = Array.from({ length: 52 }, (_, power) => 2 ** power)
const decimalSteps = Array.from({ length: 17 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat()

/** For whoever measures the page: when it first showed something. */
function markFirst({ series, heat }: PlotScene): void {
  const isFirst = performance.getEntriesByName(firstPlotMark).length === 0
  if (isFirst && (heat !== undefined || series.some(({ times }) => times.length > 0)))
    performance.mark(firstPlotMark)
}

const firstPlotMark = 'plot-first-picture'

/** From zero, so that heights compare; a little air above the highest dot. */
function valueRange(scene: PlotScene | undefined): [number, number] {
  if (scene?.heat !== undefined) {
    const { minValue, maxValue } = scene.heat
    return [Math.min(0, minValue), maxValue > 0 ? maxValue * 1.05 : 1]
  }
  let highest = scene?.maxValue ?? 0
  let lowest = 0
  for (const [index, { values, times }] of scene?.series.entries() ?? []) {
    if (scene?.hidden.has(index)) continue
    for (let at = firstNotBefore(times, scene?.startMs ?? 0); at < values.length; at++) {
      const value = values[at]!
      if (value > highest) highest = value
      else if (value < lowest) lowest = value
    }
  }
  if (highest === 0 && lowest === 0) return [0, 1]
  return [lowest * 1.1, highest * 1.12]
}

function timeLabels(splits: readonly number[], incrMs: number, utc: boolean): string[] {
  let lastDay = ''
  return splits.map((ms, index) => {
    const day = formatDay(ms, utc)
    const newDay = day !== lastDay && (index > 0 || incrMs >= 3_600_000)
    lastDay = day
    const clock = formatClock(ms, utc)
    const label = incrMs >= 86_400_000 ? day.slice(5) : incrMs >= 60_000 ? clock.slice(0, 5) : clock
    return newDay && incrMs < 86_400_000 ? `${label}\n${day.slice(5)}` : label
  })
}
