import type { Route } from '../api/create-api.ts'
import { answerQuerier, querierPath } from './connect-route.ts'
import { answerPyroscopeLabelValues, answerRender, answerRenderDiff } from './render-routes.ts'

/** What is there beside `/api/v1`, for Grafana's Pyroscope datasource. All of them are queries. */
export interface GrafanaRoute {
  readonly method: 'get' | 'post'
  /** In the router's syntax; also its name in metrics. */
  readonly path: string
  readonly answer: Route
}

export function grafanaRoutes(): readonly GrafanaRoute[] {
  return [
    { method: 'post', path: querierPath, answer: answerQuerier() },
    { method: 'get', path: '/pyroscope/render', answer: answerRender },
    { method: 'get', path: '/pyroscope/render-diff', answer: answerRenderDiff },
    { method: 'get', path: '/pyroscope/label-values', answer: answerPyroscopeLabelValues },
  ]
}
