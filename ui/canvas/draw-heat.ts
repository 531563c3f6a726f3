import type uPlot from 'uplot'
import type { HeatmapAnswer } from '../../query/api/view-types.ts'
import { cellBounds, cellStrength } from '../model/heat-cells.ts'

export function drawHeat(plot: uPlot, heat: HeatmapAnswer, color: string): void {
  const { ctx } = plot
  const most = heat.cells.reduce((max, [, , count]) => Math.max(max, count), 1)
  const gap = devicePixelRatio
  ctx.fillStyle = color
  for (const [column, row, count] of heat.cells) {
    const { startMs, endMs, low, high } = cellBounds(heat, column, row)
    const left = plot.valToPos(startMs, 'x', true)
    const top = plot.valToPos(high, 'y', true)
    const width = plot.valToPos(endMs, 'x', true) - left
    const height = plot.valToPos(low, 'y', true) - top
    ctx.globalAlpha = cellStrength(count, most)
    ctx.fillRect(left, top, Math.max(gap, width - gap), Math.max(2 * gap, height - gap))
  }
  ctx.globalAlpha = 1
}
