import type { Config } from './scrape-config.ts'

/** What `conprof all` does without a config file: it scrapes itself, often enough to show something at once. */
export function defaultConfig(options: {
  readonly listenAddress: { readonly host?: string; readonly port: number }
  /** Before all paths: `` or `/conprof`. */
  readonly routePrefix?: string
  readonly scheme?: 'http' | 'https'
  /** `--web.token-file`: what guards our own profiles. */
  readonly tokenFile?: string
}): Config {
  const { host = '', port } = options.listenAddress
  const { routePrefix = '', scheme = 'http', tokenFile } = options
  const isEverywhere = ['', '0.0.0.0', '::'].includes(host)
  const own = isEverywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return {
    externalLabels: {},
    scrapeConfigs: [
      {
        jobName: 'conprof',
        intervalMs: 15_000,
        timeoutMs: 10_000,
        scheme,
        params: {},
        // The certificate names the host for others; who answers here is this very process.
        http: {
          tls: { insecureSkipVerify: scheme === 'https' },
          followRedirects: true,
          ...(tokenFile !== undefined && {
            authorization: { type: 'Bearer', credentialsFile: tokenFile },
          }),
        },
        // What Node can serve of itself.
        profileTypes: [
          { type: 'cpu', path: `${routePrefix}/debug/pprof/profile`, seconds: 5, keepEmpty: true },
          { type: 'heap', path: `${routePrefix}/debug/pprof/heap`, keepEmpty: true },
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
