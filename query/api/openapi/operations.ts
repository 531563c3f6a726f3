import { z } from 'zod'
import { captureOrder, captureReport } from '../../capture/capture-order.ts'
import { captureRequest } from '../capture-routes.ts'
import {
  blocksParameters,
  breakdownParameters,
  explainParameters,
  headParameters,
  heatmapParameters,
  labelsParameters,
  noParameters,
  overviewParameters,
  profilesParameters,
  queryRangeParameters,
  storageParameters,
} from '../parameters.ts'
import { pinRequest } from '../pins-routes.ts'
import { pgoParameters, profileParameters } from '../profile-parameters.ts'
import type { ApiRoute } from '../routes.ts'
import type { ErrorType } from '../types.ts'
import { captureAnswer } from './capture-schemas.ts'
import { overviewAnswer, pinsAnswer, storageAnswer } from './overview-schemas.ts'
import {
  explainAnswer,
  labelsAnswer,
  profilesAnswer,
  queryRangeAnswer,
  seriesAnswer,
} from './query-schemas.ts'
import {
  blocksAnswer,
  buildInfoAnswer,
  collectorStatusAnswer,
  collectorsAnswer,
  configAnswer,
  flagsAnswer,
  pendingBlocksAnswer,
  runtimeInfoAnswer,
  scrapesAnswer,
  targetsAnswer,
} from './status-schemas.ts'
import {
  breakdownAnswer,
  heatmapAnswer,
  peekAnswer,
  sourceAnswer,
  speedscopeFile,
  tableAnswer,
  tagsAnswer,
  treeAnswer,
} from './view-schemas.ts'

/** One route as the document describes it. */
export interface Operation {
  readonly summary: string
  readonly group: 'profiles' | 'labels' | 'status' | 'admin' | 'between programs'
  readonly parameters: z.ZodObject
  /** Of the request. */
  readonly body?: { readonly type: string; readonly schema: z.ZodType }
  /** Instead of `body`, as multipart/form-data. */
  readonly form?: z.ZodType
  /** In the envelope. */
  readonly data?: z.ZodType
  /** As it is, by content type. */
  readonly bare?: Readonly<Record<string, z.ZodType>>
  /** Beside 200. */
  readonly alsoStatus?: number
  /** Beside those that every route may have. */
  readonly errors?: readonly ErrorType[]
  /** Errors may be text, for `go tool pprof`. */
  readonly hasTextErrors?: boolean
}

const bytes = z.string().meta({ override: { type: 'string', format: 'binary' } })
const json = (schema: z.ZodType) => ({ type: 'application/json', schema })
const text = z.string()

const profile = {
  group: 'profiles',
  parameters: profileParameters,
  data: z.union([treeAnswer, tableAnswer, peekAnswer, sourceAnswer, tagsAnswer]),
  bare: {
    'application/octet-stream': bytes,
    'application/json': speedscopeFile,
    'text/plain': text,
    'text/vnd.graphviz': text,
  },
  hasTextErrors: true,
} as const satisfies Partial<Operation>

/** By method and path, as in `routes.ts`: a route without one, or the other way round, fails a test. */
export const operations: Readonly<Record<`${ApiRoute['method']} ${string}`, Operation>> = {
  'get /labels': {
    summary: 'Names of labels that series of the range have',
    ...{ group: 'labels', parameters: labelsParameters, data: labelsAnswer },
  },
  'get /label/:name/values': {
    summary: 'Values of a label that series of the range have',
    ...{ group: 'labels', parameters: labelsParameters, data: labelsAnswer },
  },
  'get /series': {
    summary: 'Series of the range, by their labels',
    ...{ group: 'labels', parameters: labelsParameters, data: seriesAnswer },
  },
  'get /query_range': {
    summary: 'Totals over time: a plot',
    ...{ group: 'profiles', parameters: queryRangeParameters, data: queryRangeAnswer },
    errors: ['execution'],
  },
  'get /profiles': {
    summary: 'Stored profiles and failed attempts, by time or by value, in pages',
    ...{ group: 'profiles', parameters: profilesParameters, data: profilesAnswer },
    errors: ['execution'],
  },
  'get /profile': {
    summary: 'One stored profile, or many as one, as a file or as a view; also against a base',
    ...profile,
    errors: ['execution', 'not_found'],
  },
  'post /profile': {
    summary:
      'A view of the pprof file in the body, also against what is stored, or of the two files of a form against each other; nothing is kept of them',
    ...profile,
    body: { type: 'application/octet-stream', schema: bytes },
    form: z.strictObject({ profile: bytes.optional(), base: bytes.optional() }),
    errors: ['execution', 'not_found', 'too_large'],
  },
  'get /pgo': {
    summary: 'A merged CPU profile for profile-guided optimisation: default.pgo',
    group: 'profiles',
    parameters: pgoParameters,
    bare: { 'application/octet-stream': bytes },
    errors: ['execution', 'not_found'],
    hasTextErrors: true,
  },
  'get /overview': {
    summary: 'One row per workload, against an hour, a day and a week ago',
    ...{ group: 'profiles', parameters: overviewParameters, data: overviewAnswer },
  },
  'get /breakdown': {
    summary: 'What each value of a label has of the whole',
    ...{ group: 'profiles', parameters: breakdownParameters, data: breakdownAnswer },
    errors: ['execution'],
  },
  'get /heatmap': {
    summary: 'How many profiles lie in each cell of time and value',
    ...{ group: 'profiles', parameters: heatmapParameters, data: heatmapAnswer },
    errors: ['execution'],
  },
  'get /explain': {
    summary: 'Why a selector finds nothing: which matcher empties it, and when there was something',
    ...{ group: 'profiles', parameters: explainParameters, data: explainAnswer },
  },
  'get /targets': {
    summary: 'What is scraped, and how that goes',
    ...{ group: 'status', parameters: noParameters, data: targetsAnswer },
  },
  'get /status/storage': {
    summary: 'What the stored profiles of a range cost, by a label',
    ...{ group: 'status', parameters: storageParameters, data: storageAnswer },
  },
  'get /status/blocks': {
    summary: 'Blocks that queries read, newest first',
    ...{ group: 'status', parameters: blocksParameters, data: blocksAnswer },
  },
  'get /status/collectors': {
    summary: 'Collectors whose heads are read',
    ...{ group: 'status', parameters: noParameters, data: collectorsAnswer },
  },
  'get /status/collector': {
    summary: 'What this collector says of itself',
    ...{ group: 'status', parameters: noParameters, data: collectorStatusAnswer },
    errors: ['not_found'],
  },
  'get /status/scrapes': {
    summary: 'How scraping goes, in few words',
    ...{ group: 'status', parameters: noParameters, data: scrapesAnswer },
    errors: ['not_found'],
  },
  'get /status/buildinfo': {
    summary: 'Version of the program',
    ...{ group: 'status', parameters: noParameters, data: buildInfoAnswer },
  },
  'get /status/flags': {
    summary: 'Flags the program was started with',
    ...{ group: 'status', parameters: noParameters, data: flagsAnswer },
  },
  'get /status/config': {
    summary: 'The configuration, secrets hidden',
    ...{ group: 'status', parameters: noParameters, data: configAnswer },
    errors: ['not_found'],
  },
  'get /status/runtimeinfo': {
    summary: 'Times and memory of the program',
    ...{ group: 'status', parameters: noParameters, data: runtimeInfoAnswer },
  },
  'get /openapi.json': {
    summary: 'This document',
    group: 'status',
    parameters: noParameters,
    bare: { 'application/json': z.looseObject({ openapi: z.string() }) },
  },
  'get /pins': {
    summary: 'What retention leaves alone',
    ...{ group: 'status', parameters: noParameters, data: pinsAnswer },
    errors: ['not_found'],
  },
  'post /pins': {
    summary: 'Keep what is selected beyond retention; answers with all pins',
    ...{ group: 'admin', parameters: noParameters, body: json(pinRequest), data: pinsAnswer },
    errors: ['not_found'],
  },
  'delete /pins/:name': {
    summary: 'Let retention have what a pin kept; answers with the pins that are left',
    ...{ group: 'admin', parameters: noParameters, data: pinsAnswer },
    errors: ['not_found'],
  },
  'post /capture': {
    summary: 'Take profiles now',
    ...{ group: 'admin', parameters: noParameters, body: json(captureRequest), data: captureAnswer },
    errors: ['execution', 'not_found'],
  },
  'get /capture/:id': {
    summary: 'How a capture goes',
    ...{ group: 'profiles', parameters: noParameters, data: captureAnswer },
    errors: ['not_found'],
  },
  'delete /capture/:id': {
    summary: 'End a capture before its time',
    ...{ group: 'admin', parameters: noParameters, data: captureAnswer },
    errors: ['not_found'],
  },
  'get /head': {
    summary: 'Blocks of what is in none yet, each after its length: docs/format/head.md',
    group: 'between programs',
    parameters: headParameters,
    bare: { 'application/octet-stream': bytes },
    errors: ['not_found'],
  },
  'get /blocks/pending': {
    summary: 'Blocks that were cut, and that the bucket may not have yet',
    ...{ group: 'between programs', parameters: noParameters, data: pendingBlocksAnswer },
    errors: ['not_found'],
  },
  'get /blocks/pending/{*key}': {
    summary: 'Bytes of one of them, all or a Range; slashes of the key are written as they are',
    group: 'between programs',
    parameters: noParameters,
    bare: { 'application/octet-stream': bytes },
    alsoStatus: 206,
    errors: ['not_found'],
  },
  'post /collector/captures': {
    summary: 'What query has a collector take',
    ...{ group: 'between programs', parameters: noParameters, body: json(captureOrder) },
    data: captureReport,
    errors: ['forbidden', 'not_found'],
  },
  'get /collector/captures/:id': {
    summary: 'How that goes; null where nobody knows',
    ...{ group: 'between programs', parameters: noParameters, data: captureReport.nullable() },
    errors: ['not_found'],
  },
  'delete /collector/captures/:id': {
    summary: 'End it before its time',
    ...{ group: 'between programs', parameters: noParameters },
    data: z.strictObject({ wasRunning: z.boolean() }),
    errors: ['forbidden', 'not_found'],
  },
}
