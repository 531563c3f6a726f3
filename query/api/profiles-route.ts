import type { Context } from 'koa'
import { healthOfCode } from '../../block/health.ts'
import { type Rows, rowFlags } from '../../block/rows.ts'
import { type Labels, labelsHash } from '../../profile/labels.ts'
import { type ProfileSelection, widenAllocs } from '../select-profiles.ts'
import { selectWithin } from '../select-within.ts'
import { totalOf } from '../series-values.ts'
import { sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { profilesParameters, rangeOf, readParameters } from './parameters.ts'
import { comparePlaces, formatCursor, type ProfilesCursor, parseCursor } from './profiles-cursor.ts'
import { chooseSampleType, defaultTypeOf, onlyProfileType, sampleTypesOf } from './sample-types.ts'
import type { ProfileItem, ProfilesAnswer, TotalAnswer } from './types.ts'

interface Found extends ProfilesCursor {
  readonly labels: Labels
  readonly rows: Rows
  readonly row: number
}

/** Newest first, or those with the largest total of one sample type; a cursor is the place of the last that was shown. */
export async function answerProfiles(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  const given = readParameters(profilesParameters, new URLSearchParams(ctx.querystring))
  const range = rangeOf(given)
  const hasTotal = given.sort === 'total'
  const cursor = given.cursor === undefined ? undefined : parseCursor(given.cursor, { hasTotal })
  const endMs = hasTotal ? range.endMs : Math.min(range.endMs, cursor?.timeMs ?? range.endMs)
  const matchers = given.query
  const request = { startMs: range.startMs, endMs, signal }
  const opened = await options.catalog.open({
    ...request,
    matchers: widenAllocs(matchers),
    withoutBodies: true,
  })
  const selection = await selectWithin(opened.sources, { ...request, matchers }, options.limits)
  const asked = given.type ?? given.si
  const type = hasTotal ? typeOf(selection, asked) : undefined
  const found = findPlaces(selection, type)
    .filter((place) => cursor === undefined || comparePlaces(cursor, place) < 0)
    .sort(comparePlaces)
  const shown = found.slice(0, given.limit)
  const last = shown.at(-1)
  const answer: ProfilesAnswer = {
    profiles: shown.map((each) => itemOf(each, asked)),
    ...(last !== undefined && found.length > shown.length ? { next: formatCursor(last) } : {}),
  }
  sendData(ctx, answer, [...opened.warnings, ...selection.warnings])
}

/** Totals of several profile types cannot be compared. */
function typeOf(selection: ProfileSelection, asked: string | undefined): string {
  onlyProfileType(selection.series.map(({ labels }) => labels))
  return chooseSampleType(sampleTypesOf(selection), { asked, fallback: defaultTypeOf(selection) }).type
}

/** With a type, only those that have a total of it. */
function findPlaces({ series }: ProfileSelection, type: string | undefined): Found[] {
  const found: Found[] = []
  for (const { labels, parts } of series) {
    const hash = labelsHash(labels)
    for (const { rows, firstRow, lastRow } of parts) {
      for (let row = firstRow; row <= lastRow; row++) {
        const total = type === undefined ? undefined : totalOf({ rows, row }, type)
        if (type !== undefined && total === undefined) continue
        const place = { timeMs: rows.timeMs[row]!, hash, labels, rows, row }
        found.push(total === undefined ? place : { ...place, total: BigInt(total) })
      }
    }
  }
  return found
}

function itemOf({ timeMs, hash, labels, rows, row }: Found, type: string | undefined): ProfileItem {
  const flags = rows.flags[row]!
  return {
    id: `${timeMs}-${hash}`,
    time: timeMs,
    labels,
    durationSeconds: rows.coveredMs[row]! / 1000,
    scrapeSeconds: rows.durationMs[row]! / 1000,
    sizeBytes: rows.sizeBytes[row]!,
    totals: totalsOf(rows, row).filter((total) => type === undefined || total.type === type),
    health: healthOfCode(rows.health[row]!),
    httpStatus: rows.httpStatus[row]!,
    hasBody: (flags & rowFlags.body) !== 0,
  }
}

function totalsOf(rows: Rows, row: number): TotalAnswer[] {
  if ((rows.flags[row]! & rowFlags.columns) === 0) return []
  return rows.sampleTypes.map(({ type, unit }, index) => ({
    type,
    unit,
    value: String(rows.totals[index]![row]!),
  }))
}
