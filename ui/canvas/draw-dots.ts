import type uPlot from 'uplot'
import { type Dot, type DotSeries, firstNotBefore } from '../model/dots.ts'
import type { PlotScene } from './dot-plot.ts'

export const seriesColors = 8
export const tickPx = 9

export type PlotColors = Record<string, string>

/** Band, faint lines, dots, ticks of failed attempts and rings, over uPlot's axes. */
export function drawDots(plot: uPlot, scene: PlotScene, hovered: Dot | undefined, colors: PlotColors): void {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  const x = (ms: number) => plot.valToPos(ms, 'x', true)
  const y = (value: number) => plot.valToPos(value, 'y', true)
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left - 12 * ratio, bbox.top - 12 * ratio, bbox.width + 24 * ratio, bbox.height + 24 * ratio)
  ctx.clip()
  if (scene.band !== undefined) {
    const left = x(scene.band.startMs)
    const width = x(scene.band.endMs) - left
    ctx.fillStyle = colors['accent'] ?? ''
    ctx.globalAlpha = 0.13
    ctx.fillRect(left, bbox.top, width, bbox.height)
    ctx.globalAlpha = 0.7
    ctx.fillRect(left, bbox.top, ratio, bbox.height)
    ctx.fillRect(left + width - ratio, bbox.top, ratio, bbox.height)
    ctx.globalAlpha = 1
  }
  const count = scene.series.reduce((sum, { times }) => sum + times.length, 0)
  const radius = (count > 5000 ? 1.4 : count > 600 ? 2.2 : 3.2) * ratio
  for (const [index, series] of scene.series.entries()) {
    if (scene.hidden.has(index)) continue
    const color = colors[`series-${(index % seriesColors) + 1}`] ?? ''
    drawLine(ctx, series, color, x, y, ratio)
    ctx.fillStyle = color
    ctx.beginPath()
    const first = firstNotBefore(series.times, scene.startMs)
    for (let at = first; at < series.times.length; at++) {
      const px = x(series.times[at]!)
      const py = y(series.values[at]!)
      ctx.moveTo(px + radius, py)
      ctx.arc(px, py, radius, 0, 2 * Math.PI)
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
  const colorOf = (index: number) => colors[`series-${(index % seriesColors) + 1}`] ?? ''
  for (const [index, { hash, times, values }] of scene.series.entries()) {
    if (!scene.selectedId.endsWith(`-${hash}`) || scene.hidden.has(index)) continue
    const timeMs = Number(scene.selectedId.split('-')[0])
    const at = firstNotBefore(times, timeMs)
    if (times[at] === timeMs) ring(timeMs, values[at]!, colors['text'] ?? '', 3.5)
  }
  if (hovered !== undefined && hovered.failure === undefined) {
    ring(hovered.timeMs, hovered.value, colorOf(hovered.series), 2.5)
  }
}
