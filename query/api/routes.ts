import { answerBreakdown } from './breakdown-route.ts'
import { answerCancelOrder, answerOrder, answerOrderReport } from './capture-order-routes.ts'
import { answerBeginCapture, answerCancelCapture, answerCapture } from './capture-routes.ts'
import type { Route } from './create-api.ts'
import { answerExplain } from './explain-route.ts'
import { answerHead } from './head-route.ts'
import { answerHeatmap } from './heatmap-route.ts'
import { answerLabels, answerLabelValues, answerSeries } from './labels-routes.ts'
import { answerOpenApi } from './openapi-route.ts'
import { answerOverview } from './overview-route.ts'
import { answerPendingBlock, answerPendingBlocks } from './pending-routes.ts'
import { answerAddPin, answerPins, answerRemovePin } from './pins-routes.ts'
import { answerPgo, answerPostedProfile, answerProfile } from './profile-route.ts'
import { answerProfiles } from './profiles-route.ts'
import { answerQueryRange } from './query-range-route.ts'
import { statusRoutes } from './status-routes.ts'
import { answerStorage } from './storage-route.ts'

/** What is there below `/api/v1`. The document that `openapi.ts` makes says the same of each. */
export interface ApiRoute {
  readonly method: 'get' | 'post' | 'delete'
  /** In the router's syntax; also its name in metrics. */
  readonly path: string
  readonly answer: Route
  /** A query is answered in turn, as many at a time as `--query.max-concurrent` says. */
  readonly isQuery?: boolean
  /** Changes something: answered only with `--web.enable-admin-api`, and not to other sites' pages. */
  readonly isWrite?: boolean
}

export const apiRoutes: readonly ApiRoute[] = [
  query('/labels', answerLabels),
  query('/label/:name/values', answerLabelValues),
  query('/series', answerSeries),
  query('/query_range', answerQueryRange),
  query('/profiles', answerProfiles),
  query('/profile', answerProfile),
  { method: 'post', path: '/profile', answer: answerPostedProfile, isQuery: true },
  query('/pgo', answerPgo),
  query('/overview', answerOverview),
  query('/breakdown', answerBreakdown),
  query('/heatmap', answerHeatmap),
  query('/explain', answerExplain),
  query('/status/storage', answerStorage),
  plain('/openapi.json', answerOpenApi),
  plain('/pins', answerPins),
  { method: 'post', path: '/pins', answer: answerAddPin, isWrite: true },
  { method: 'delete', path: '/pins/:name', answer: answerRemovePin, isWrite: true },
  { method: 'post', path: '/capture', answer: answerBeginCapture, isWrite: true },
  plain('/capture/:id', answerCapture),
  { method: 'delete', path: '/capture/:id', answer: answerCancelCapture, isWrite: true },
  // Between our programs, where a token allows it.
  { method: 'post', path: '/collector/captures', answer: answerOrder },
  plain('/collector/captures/:id', answerOrderReport),
  { method: 'delete', path: '/collector/captures/:id', answer: answerCancelOrder },
  plain('/head', answerHead),
  plain('/blocks/pending', answerPendingBlocks),
  plain('/blocks/pending/{*key}', answerPendingBlock),
  ...Object.entries(statusRoutes).map(([path, answer]) => plain(path, answer)),
]

function query(path: string, answer: Route): ApiRoute {
  return { method: 'get', path, answer, isQuery: true }
}

function plain(path: string, answer: Route): ApiRoute {
  return { method: 'get', path, answer }
}
