import type { Picked } from './merge-part.ts'
import type { Visit } from './read-part.ts'
import { identityOf, isRestart } from './restarts.ts'
import type { RowRef } from './series-values.ts'

/** Cuts a series where its process became another one. */
export function livesOf(picked: readonly Picked[]): Picked[][] {
  const lives: Picked[][] = []
  let before: Picked | undefined
  for (const each of picked) {
    if (before === undefined || isOtherLife(before, each)) lives.push([each])
    else lives.at(-1)!.push(each)
    before = each
  }
  return lives
}

/** 0 where unknown. */
export function startTimeOf({ part, row }: Picked): number {
  return part.rows.processes[part.rows.process[row]!]?.startTimeMs ?? 0
}

/** Two profiles of different blocks or series that only their values can tell apart as two lives. By `type key`. */
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
    if (isOneSeries(before, after) || hasIdentity(before, after) || isOtherLife(before, after)) continue
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

/** A block says where the values of a series fell. */
function isOneSeries({ part: before }: Picked, { part: after }: Picked): boolean {
  return before.reader === after.reader && before.series === after.series
}

function hasIdentity(before: Picked, after: Picked): boolean {
  return identityOf(refOf(before)) !== undefined && identityOf(refOf(after)) !== undefined
}

function isOtherLife(before: Picked, after: Picked): boolean {
  return isRestart(refOf(before), refOf(after), '')
}

function refOf({ part, row }: Picked): RowRef {
  return { rows: part.rows, row }
}
