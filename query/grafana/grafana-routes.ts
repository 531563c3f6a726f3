import type { Route } from '../api/create-api.ts'
import { answerPyroscopeLabelValues, answerRender, answerRenderDiff } from './render-routes.ts'

/** What is there beside `/api/v1`, for Grafana's Pyroscope datasource. All of them are queries. */
export interface GrafanaRoute {
  readonly method: 'get' | 'post'
  /** In the router's syntax; also its name in metrics. */
  readonly path: string
  readonly answer: Route
}

/** Those that are answered, each a route of its own in metrics. */
export const querierMethods = [
  'ProfileTypes',
  'LabelNames',
  'LabelValues',
  'Series',
  'SelectSeries',
  'SelectMergeStacktraces',
  'SelectMergeProfile',
  'Diff',
  'GetProfileStats',
  'AnalyzeQuery',
] as const

export function grafanaRoutes(): readonly GrafanaRoute[] {
  const answer = querier()
  return [
    ...[...querierMethods, ':other'].map((name) => ({
      method: 'post' as const,
      path: `/querier.v1.QuerierService/${name}`,
      answer,
    })),
    { method: 'get', path: '/pyroscope/render', answer: answerRender },
    { method: 'get', path: '/pyroscope/render-diff', answer: answerRenderDiff },
    { method: 'get', path: '/pyroscope/label-values', answer: answerPyroscopeLabelValues },
  ]
}

/** Loaded by the first call: it takes some 15 MB, and most programs with an API are never asked by Grafana. */
function querier(): Route {
  let loading: Promise<Route> | undefined
  return async (ctx, request) => {
    loading ??= import('./connect-route.ts').then(({ answerQuerier }) => answerQuerier())
    const answer = await loading
    await answer(ctx, request)
  }
}
