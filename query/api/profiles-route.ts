import type { Context } from 'koa'
import { healthOfCode } from '../../block/health.ts'
import { type Rows, rowFlags } from '../../block/rows.ts'
import { type Labels, labelsHash } from '../../profile/labels.ts'
import { widenAllocs } from '../select-profiles.ts'
import { selectWithin } from '../select-within.ts'
import { ApiError, sendData } from './answer.ts'
import type { RouteRequest } from './create-api.ts'
import { profilesParameters, rangeOf, readParameters } from './parameters.ts'
import { parseProfileId } from './profile-id.ts'
import type { ProfileItem, ProfilesAnswer, TotalAnswer } from './types.ts'

interface Found {
  readonly timeMs: number
  readonly hash: string
  readonly labels: Labels
  readonly rows: Rows
  readonly row: number
}

/** Newest first, then by hash; a cursor is the id of the last attempt that was shown. */
export async function answerProfiles(ctx: Context, { options, signal }: RouteRequest): Promise<void> {
  const given = readParameters(profilesParameters, new URLSearchParams(ctx.querystring))
  const range = rangeOf(given)
  const cursor = given.cursor === undefined ? undefined : parseProfileId(given.cursor)
  if (given.cursor !== undefined && cursor === undefined) {
    throw new ApiError(
      'bad_data',
      `parameter "cursor": ${JSON.stringify(given.cursor)} is none that was given out`,
    )
  }
  const endMs = Math.min(range.endMs, cursor?.timeMs ?? range.endMs)
  const matchers = given.query
  const request = { startMs: range.startMs, endMs, signal }
  const opened = await options.catalog.open({
    ...request,
    matchers: widenAllocs(matchers),
    withoutBodies: true,
  })
  const selection = await selectWithin(opened.sources, { ...request, matchers }, options.limits)

  const found: Found[] = []
  for (const { labels, parts } of selection.series) {
    const hash = labelsHash(labels)
    for (const { rows, firstRow, lastRow } of parts) {
      for (let row = firstRow; row <= lastRow; row++) {
        const timeMs = rows.timeMs[row]!
        if (cursor !== undefined && timeMs === cursor.timeMs && hash <= cursor.hash) continue
        found.push({ timeMs, hash, labels, rows, row })
      }
    }
  }
  found.sort((a, b) => b.timeMs - a.timeMs || (a.hash < b.hash ? -1 : 1))
  const shown = found.slice(0, given.limit)
  const last = shown.at(-1)
  const answer: ProfilesAnswer = {
    profiles: shown.map((each) => itemOf(each, given.type ?? given.si)),
    ...(last !== undefined && found.length > shown.length ? { next: `${last.timeMs}-${last.hash}` } : {}),
  }
  sendData(ctx, answer, [...opened.warnings, ...selection.warnings])
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
