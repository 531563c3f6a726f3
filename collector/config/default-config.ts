import type { Config } from './scrape-config.ts'

/** What `conprof all` does without a config file: it scrapes itself, often enough to show something at once. */
export function defaultConfig(options: {
  readonly listenAddress: { readonly host?: string; readonly port: number }
}): Config {
  const { host = '', port } = options.listenAddress
  const isEverywhere = ['', '0.0.0.0', '::'].includes(host)
  const own = isEverywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return {
    externalLabels: {},
    scrapeConfigs: [
      {
        jobName: 'conprof',
        intervalMs: 15_000,
        timeoutMs: 10_000,
        scheme: 'http',
        params: {},
        http: { tls: { insecureSkipVerify: false }, followRedirects: true },
        // What Node can serve of itself.
        profileTypes: [
          { type: 'cpu', path: '/debug/pprof/profile', seconds: 5, keepEmpty: true },
          { type: 'heap', path: '/debug/pprof/heap', keepEmpty: true },
        ],
        staticGroups: [
          { source: 'conprof/static/0', labels: {}, targets: [{ __address__: `${own}:${port}` }] },
        ],
        fileSdConfigs: [],
        httpSdConfigs: [],
        relabelRules: [],
      },
    ],
  }
}
