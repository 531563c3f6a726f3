import { formatTable } from '../../../cli/table.ts'
import type { CorpusSeries } from '../corpus.ts'
import type { Figure } from '../figure.ts'
import { compactFleet } from './compact-folder.ts'
import type { FleetParameters } from './fleet-plan.ts'
import { type MakeFleetOptions, makeFleet } from './make-fleet.ts'

const sizes = [1, 10, 100]
/** Symbols come with the first profiles; more hours would be more of the same. */
const hours = 2

/** Heap of 1, 10 and 100 pods of one program, compacted: what they pay once, and what each. */
export async function sharingFigures(
  base: FleetParameters,
  options: MakeFleetOptions & { readonly corpus: { readonly series: readonly CorpusSeries[] } },
): Promise<Figure[]> {
  const rows: { pods: number; symbols: number; all: number; cut: number }[] = []
  for (const pods of sizes) {
    const { program } = base.service
    const fleet = await makeFleet(
      { ...base, noise: 'pod', hours, service: { program, pods, wholePods: 0 }, others: 0 },
      options,
    )
    const { sizes: stored } = await compactFleet(fleet)
    const cut = fleet.blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    rows.push({ pods, symbols: stored.symbols, all: stored.all, cut })
  }
  const table = rows.map(({ pods, symbols, all, cut }) => [
    String(pods),
    String(symbols),
    String(all),
    (all / pods).toFixed(0),
    String(cut),
  ])
  options.say(`heap of pods of one program, ${hours} h, noise of each pod its own:`)
  for (const line of formatTable([' pods', ' symbols', ' stored', ' per pod', ' as cut'], table)
    .trimEnd()
    .split('\n'))
    options.say(line)
  const [one, hundred] = [rows[0]!, rows.at(-1)!]
  return [
    {
      name: 'fleet.sharing',
      value: hundred.symbols / one.symbols,
      unit: '×',
      context: `bytes of symbols of ${hundred.pods} pods against those of one: ${hundred.symbols} and ${one.symbols}; in all ${(hundred.all / one.all).toFixed(1)}× the bytes`,
    },
  ]
}
