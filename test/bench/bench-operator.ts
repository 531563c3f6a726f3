import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Figure, formatFigure, isReached } from './figure.ts'
import { overlapFigure } from './operator/overlap-figure.ts'
import { scaleFigures } from './operator/scale-figures.ts'
import { Teardowns } from './operator/teardowns.ts'

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } })
const say = (line: string) => console.log(`  ${line}`)
const parts: Record<string, (teardowns: Teardowns) => Promise<Figure[]>> = {
  scale: (teardowns) => scaleFigures(teardowns, say),
  overlap: async (teardowns) => [await overlapFigure(teardowns, say)],
}
const figures: Figure[] = []
for (const [name, measure] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue
  const teardowns = new Teardowns()
  try {
    for (const figure of await measure(teardowns)) {
      figures.push(figure)
      console.log(formatFigure(figure))
    }
  } finally {
    await teardowns.run()
  }
}
const missed = figures.filter((figure) => isReached(figure) === false)
console.log(
  `\n${figures.length} figures, ${missed.length} missed${missed.map(({ name }) => ` ${name}`).join()}`,
)
if (values.json !== undefined) {
  const rows = figures.map(({ name, value, unit }) => ({ name, value, unit }))
  writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`)
}
