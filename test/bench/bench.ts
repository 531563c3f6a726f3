import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readCorpus } from './corpus.ts'
import { encodeFigures } from './encode-figures.ts'
import { type Figure, formatFigure, isReached } from './figure.ts'
import { memoryFigure } from './memory-figure.ts'
import { mergeFigures } from './merge-figures.ts'
import { replayFigure } from './replay-figure.ts'
import { sizeFigures } from './size-figures.ts'

const { values } = parseArgs({
  options: {
    corpus: {
      type: 'string',
      default: process.env['CONPROF_CORPUS'] ?? fileURLToPath(new URL('../testdata/corpus', import.meta.url)),
    },
    json: { type: 'string' },
    only: { type: 'string' },
  },
})
const corpus = readCorpus(values.corpus)
const parts: Record<string, () => Figure[] | Promise<Figure[]>> = {
  size: () => sizeFigures(corpus),
  encode: () => encodeFigures(corpus),
  merge: () => mergeFigures(corpus),
  replay: async () => [await replayFigure(corpus)],
  memory: async () => [await memoryFigure(corpus)],
}
const figures: Figure[] = []
for (const [name, measure] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue
  for (const figure of await measure()) {
    figures.push(figure)
    console.log(formatFigure(figure))
  }
}
const missed = figures.filter((figure) => isReached(figure) === false)
console.log(
  `\n${figures.length} figures, ${missed.length} missed${missed.map(({ name }) => ` ${name}`).join()}`,
)
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify(
      figures.map(({ name, value, unit }) => ({ name, value, unit })),
      null,
      1,
    )}\n`,
  )
