import t from 'tap'
import { hideSecrets } from './hide-secrets.ts'

t.test('hideSecrets() shows the config without what would open a door', async (t) => {
  const shown = hideSecrets(`# the password is hunter2
scrape_configs:
  - job_name: a # hunter2
    basic_auth: {username: ann, password: hunter2}
    tls_config:
      key: |
        -----BEGIN hunter2
  - job_name: b
    bearer_token: hunter2
    authorization:
      credentials: hunter2
      credentials_file: /etc/token
    proxy_url: http://ann:hunter2@proxy:3128
`)
  t.notMatch(shown, 'hunter2')
  for (const kept of ['job_name: a', 'username: ann', '/etc/token', 'proxy:3128', '<secret>']) {
    t.match(shown, kept)
  }
  t.equal(hideSecrets('a: ['), '')
})
