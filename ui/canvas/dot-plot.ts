import uPlot from 'uplot'
import { type Dot, type DotSeries, firstNotBefore, nearestDot } from '../model/dots.ts'
import { formatClock, formatDay, formatValue } from '../model/format.ts'
import { readColors } from './css-colors.ts'
import { drawDots, seriesColors, tickPx } from './draw-dots.ts'

export interface PlotScene {
  readonly series: readonly DotSeries[]
  /** Index into `series` of each that the legend switched off. */
  readonly hidden: ReadonlySet<number>
  readonly startMs: number
  readonly endMs: number
  readonly unit: string
  readonly utc: boolean
  readonly dark: boolean
  readonly selectedId: string
  readonly band: { readonly startMs: number; readonly endMs: number } | undefined
}

export interface PlotEvents {
  readonly onHover: (dot: Dot | undefined, at: { readonly x: number; readonly y: number }) => void
  readonly onPick: (dot: Dot) => void
  readonly onRange: (startMs: number, endMs: number) => void
}

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

  const find = (event: MouseEvent): Dot | undefined => {
    if (plot === undefined || scene === undefined) return undefined
    const box = plot.over.getBoundingClientRect()
    const x = event.clientX - box.left
    const y = event.clientY - box.top
    const current = plot
    const visible = scene.series.map((series, index) =>
      scene?.hidden.has(index) ? { ...series, times: new Float64Array(), failures: [] } : series,
    )
    return nearestDot(
      visible,
      { x, y, timeMs: current.posToVal(x, 'x') },
      {
        x: (timeMs) => current.valToPos(timeMs, 'x'),
        y: (value) => current.valToPos(value, 'y'),
        msPerPx: (scene.endMs - scene.startMs) / Math.max(1, box.width),
        failureY: box.height - tickPx / 2,
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
          draw: [(drawn) => scene !== undefined && drawDots(drawn, scene, hovered, colors)],
          setSelect: [
            (drawn) => {
              const { left, width } = drawn.select
              if (width < 3) return
              const startMs = Math.round(drawn.posToVal(left, 'x'))
              const endMs = Math.round(drawn.posToVal(left + width, 'x'))
              drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              events.onRange(startMs, endMs)
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
    built.over.addEventListener('pointerdown', (event) => {
      pressedX = event.clientX
    })
    built.over.addEventListener('pointermove', (event) => {
      const dot = event.buttons === 0 ? find(event) : undefined
      built.over.style.cursor = dot !== undefined && dot.failure === undefined ? 'pointer' : 'crosshair'
      if (dot?.id !== hovered?.id) {
        hovered = dot
        built.redraw(false, false)
      }
      events.onHover(dot, { x: event.clientX, y: event.clientY })
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
      const dot = find(event)
      if (dot !== undefined && dot.failure === undefined) events.onPick(dot)
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

/** From zero, so that heights compare; a little air above the highest dot. */
function valueRange(scene: PlotScene | undefined): [number, number] {
  let highest = 0
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
