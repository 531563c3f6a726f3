import { rowFlags } from '../block/rows.ts'
import { sampleKind } from '../profile/kind.ts'
import type { Picked } from './merge-part.ts'
import type { Visit } from './read-part.ts'

/** Cuts a series where its process became another one. */
export function livesOf(picked: readonly Picked[]): Picked[][] {
  const lives: Picked[][] = []
  let before: Picked | undefined
  for (const each of picked) {
    if (before === undefined || isRestart(before, each)) lives.push([each])
    else lives.at(-1)!.push(each)
    before = each
  }
  return lives
}

/** 0 where unknown. */
export function startTimeOf({ part, row }: Picked): number {
  return part.rows.processes[part.rows.process[row]!]?.startTimeMs ?? 0
}

/** Two profiles of different blocks that only their values can tell apart as two lives. By `type key`. */
export interface Seam {
  readonly before: Picked
  readonly after: Picked
  readonly last: Map<string, number | bigint>
  readonly first: Map<string, number | bigint>
}

export function seamsOf(picked: readonly Picked[]): Seam[] {
  const seams: Seam[] = []
  for (let i = 1; i < picked.length; i++) {
    const [before, after] = [picked[i - 1]!, picked[i]!]
    if (before.part.reader === after.part.reader || hasIdentity(before, after) || isRestart(before, after))
      continue
    seams.push({ before, after, last: new Map(), first: new Map() })
  }
  return seams
}

export function collect(values: Map<string, number | bigint>, type: number): Visit {
  return (key, value) => {
    const place = `${type} ${key}`
    const sum = values.get(place)
    values.set(place, sum === undefined ? value : BigInt(sum) + BigInt(value))
  }
}

function identityOf({ part, row }: Picked) {
  const process = part.rows.processes[part.rows.process[row]!]
  return process === undefined || process.containerId === '' ? undefined : process
}

function hasIdentity(before: Picked, after: Picked): boolean {
  return identityOf(before) !== undefined && identityOf(after) !== undefined
}

/** Identity decides where both are known; else a fallen counter, which the row says, or a fallen total between blocks. */
function isRestart(before: Picked, after: Picked): boolean {
  const old = identityOf(before)
  const now = identityOf(after)
  if (old !== undefined && now !== undefined)
    return old.containerId !== now.containerId || old.restartCount !== now.restartCount
  if ((after.part.rows.flags[after.row]! & rowFlags.reset) !== 0) return true
  if (before.part === after.part) return false
  return after.part.rows.sampleTypes.some((sampleType, type) => {
    if (sampleKind(sampleType, '') !== 'counter') return false
    const was = before.part.rows.sampleTypes.findIndex((t) => t.type === sampleType.type)
    return was >= 0 && after.part.rows.totals[type]![after.row]! < before.part.rows.totals[was]![before.row]!
  })
}
