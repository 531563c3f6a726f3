import { Registry } from 'prom-client'
import t from 'tap'
import { createScrapeMetrics } from './scrape-metrics.ts'

t.test('counters that alerts ask about begin at 0, so that the first increase is one', async (t) => {
  const registry = new Registry()
  createScrapeMetrics(registry)
  const lines = (await registry.metrics()).split('\n').filter((line) => line.includes('_skipped_total{'))
  t.strictSame(
    lines,
    ['late', 'capture', 'disk-full', 'frozen'].map(
      (reason) => `conprof_collector_scrapes_skipped_total{reason="${reason}"} 0`,
    ),
  )
})
