import type uPlot from 'uplot'
import { type Dot, type DotSeries, firstNotBefore, isCapture } from '../model/dots.ts'
import { drawHeat } from './draw-heat.ts'
import type { Band, PlotScene } from './plot-scene.ts'

export const seriesColors = 8
export const tickPx = 9
/** Height of the mark of a restart, at the top. */
export const restartPx = 8

export type PlotColors = Record<string, string>

/** Bands, faint lines, dots or cells, ticks of failed attempts, restarts and rings, over uPlot's axes. */
export function drawDots(plot: uPlot, scene: PlotScene, hovered: Dot | undefined, colors: PlotColors): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  const x = (ms: number) => plot.valToPos(ms, 'x', true)
  const y = (value: number) => plot.valToPos(value, 'y', true)
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left - 12 * ratio, bbox.top - 12 * ratio, bbox.width + 24 * ratio, bbox.height + 24 * ratio)
  ctx.clip()
  if (scene.bands.a !== undefined)
    drawBand(plot, scene.bands.a, {
      color: colors['accent'] ?? '',
      name: scene.bands.b === undefined ? '' : 'A',
    })
  if (scene.bands.b !== undefined)
    drawBand(plot, scene.bands.b, { color: colors['series-2'] ?? '', name: 'B' })
  if (scene.heat !== undefined) drawHeat(plot, scene.heat, colors['accent'] ?? '')
  if (scene.at !== undefined) drawMoment(plot, scene.at, colors['text'] ?? '')
  const count = scene.series.reduce((sum, { times }) => sum + times.length, 0)
  const radius = (count > 5000 ? 1.4 : count > 600 ? 2.2 : 3.2) * ratio
  for (const [index, series] of scene.series.entries()) {
    if (scene.hidden.has(index)) continue
    const color = colorOf(scene, index, colors)
    drawRestarts(plot, series.restarts, color)
    if (scene.heat !== undefined) continue
    const isMark = isCapture(series)
    if (!isMark) drawLine(ctx, series, color, x, y, ratio)
    ctx.fillStyle = color
    ctx.beginPath()
    const first = firstNotBefore(series.times, scene.startMs)
    for (let at = first; at < series.times.length; at++) {
      const px = x(series.times[at]!)
      const py = y(series.values[at]!)
      if (isMark) diamond(ctx, px, py, 1.8 * radius)
      else {
        ctx.moveTo(px + radius, py)
        ctx.arc(px, py, radius, 0, 2 * Math.PI)
      }
    }
    ctx.fill()
    ctx.fillStyle = colors['danger'] ?? ''
    for (const { timeMs } of series.failures) {
      ctx.fillRect(x(timeMs) - ratio, bbox.top + bbox.height - tickPx * ratio, 2 * ratio, tickPx * ratio)
    }
  }
  drawRings(plot, scene, hovered, colors, radius)
  ctx.restore()
}

/** What was taken by hand: a mark on what is scheduled, whose line it does not bend. */
function diamond(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.moveTo(x, y - size)
  ctx.lineTo(x + size, y)
  ctx.lineTo(x, y + size)
  ctx.lineTo(x - size, y)
  ctx.closePath()
}

function colorOf(scene: PlotScene, index: number, colors: PlotColors): string {
  return colors[`series-${((scene.colors[index] ?? index) % seriesColors) + 1}`] ?? ''
}

function drawBand(plot: uPlot, band: Band, look: { readonly color: string; readonly name: string }): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  const left = plot.valToPos(band.startMs, 'x', true)
  const width = plot.valToPos(band.endMs, 'x', true) - left
  ctx.fillStyle = look.color
  ctx.globalAlpha = 0.13
  ctx.fillRect(left, bbox.top, width, bbox.height)
  ctx.globalAlpha = 0.7
  ctx.fillRect(left, bbox.top, ratio, bbox.height)
  ctx.fillRect(left + width - ratio, bbox.top, ratio, bbox.height)
  ctx.globalAlpha = 1
  // Something to take hold of at each end.
  for (const edge of [left, left + width])
    ctx.fillRect(edge - 2 * ratio, bbox.top + bbox.height / 2 - 9 * ratio, 4 * ratio, 18 * ratio)
  if (look.name === '') return
  ctx.font = `600 ${12 * ratio}px sans-serif`
  ctx.textAlign = 'left'
  ctx.textBaseline = 'top'
  ctx.fillText(look.name, left + 5 * ratio, bbox.top + 2 * ratio)
}

/** When an alert fired. */
function drawMoment(plot: uPlot, ms: number, color: string): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  const at = plot.valToPos(ms, 'x', true)
  ctx.strokeStyle = color
  ctx.lineWidth = 1.5 * ratio
  ctx.setLineDash([5 * ratio, 4 * ratio])
  ctx.beginPath()
  ctx.moveTo(at, bbox.top - 10 * ratio)
  ctx.lineTo(at, bbox.top + bbox.height)
  ctx.stroke()
  ctx.setLineDash([])
}

/** A triangle at the top and a faint line down, where another process took the place. */
function drawRestarts(plot: uPlot, times: readonly number[], color: string): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  const size = restartPx * ratio
  for (const timeMs of times) {
    const at = plot.valToPos(timeMs, 'x', true)
    ctx.fillStyle = color
    ctx.beginPath()
    ctx.moveTo(at - size / 2, bbox.top - size / 2)
    ctx.lineTo(at + size / 2, bbox.top - size / 2)
    ctx.lineTo(at, bbox.top + size / 2)
    ctx.fill()
    ctx.globalAlpha = 0.35
    ctx.fillRect(at - ratio / 2, bbox.top, ratio, bbox.height)
    ctx.globalAlpha = 1
  }
}

/** A faint line leads the eye; it breaks where profiles are missing. */
function drawLine(
  ctx: CanvasRenderingContext2D,
  { times, values }: DotSeries,
  color: string,
  x: (ms: number) => number,
  y: (value: number) => number,
  ratio: number,
): void {
  if (times.length < 2) return
  const gaps = Float64Array.from({ length: times.length - 1 }, (_, at) => times[at + 1]! - times[at]!).sort()
  const longestMs = 2.5 * gaps[gaps.length >> 1]!
  ctx.strokeStyle = color
  ctx.globalAlpha = 0.3
  ctx.lineWidth = 1.25 * ratio
  ctx.beginPath()
  for (let at = 0; at < times.length; at++) {
    const joined = at > 0 && times[at]! - times[at - 1]! <= longestMs
    if (joined) ctx.lineTo(x(times[at]!), y(values[at]!))
    else ctx.moveTo(x(times[at]!), y(values[at]!))
  }
  ctx.stroke()
  ctx.globalAlpha = 1
}

function drawRings(
  plot: uPlot,
  scene: PlotScene,
  hovered: Dot | undefined,
  colors: PlotColors,
  radius: number,
): void {
  const { ctx } = plot
  const ratio = devicePixelRatio
  const ring = (timeMs: number, value: number, color: string, outer: number) => {
    const px = plot.valToPos(timeMs, 'x', true)
    const py = plot.valToPos(value, 'y', true)
    ctx.beginPath()
    ctx.arc(px, py, radius + outer * ratio, 0, 2 * Math.PI)
    ctx.fillStyle = colors['surface'] ?? ''
    ctx.fill()
    ctx.strokeStyle = color
    ctx.lineWidth = 2 * ratio
    ctx.stroke()
    ctx.beginPath()
    ctx.arc(px, py, radius, 0, 2 * Math.PI)
    ctx.fillStyle = color
    ctx.fill()
  }
  for (const [index, { hash, times, values }] of scene.series.entries()) {
    if (!scene.selectedId.endsWith(`-${hash}`) || scene.hidden.has(index)) continue
    const timeMs = Number(scene.selectedId.split('-')[0])
    const at = firstNotBefore(times, timeMs)
    if (times[at] === timeMs) ring(timeMs, values[at]!, colors['text'] ?? '', 3.5)
  }
  if (hovered !== undefined && hovered.failure === undefined && hovered.isRestart === undefined) {
    ring(hovered.timeMs, hovered.value, colorOf(scene, hovered.series, colors), 2.5)
  }
}
