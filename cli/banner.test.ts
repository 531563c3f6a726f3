import pino from 'pino'
import t from 'tap'
import { formatBanner, sayStarted } from './banner.ts'

const banner = { version: '0.1.0', uiUrl: 'http://localhost:8080', data: './data/bucket, kept for 90d' }

t.test('a person is told what to open', (t) => {
  t.equal(
    formatBanner({ ...banner, scraping: '3 targets of 1 job' }, { color: false }),
    `
  conprof 0.1.0

  open      http://localhost:8080
  scraping  3 targets of 1 job
  data      ./data/bucket, kept for 90d
  stop      ctrl-c

`,
  )
  t.match(formatBanner(banner, { color: true }), '\u001b[36m')
  t.end()
})

t.test('what collects logs gets one line of the log, and no banner', (t) => {
  const lines: string[] = []
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(line) })
  sayStarted({ ...banner, collectors: 'dnssrv+_http._tcp.conprof-collector' }, { logger, format: 'json' })
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 30,
    url: 'http://localhost:8080',
    collectors: 'dnssrv+_http._tcp.conprof-collector',
    data: './data/bucket, kept for 90d',
    msg: 'started',
  })
  t.end()
})
