import { Command } from 'commander'
import t from 'tap'
import { parseListenAddress } from '../lib/http/listen-address.ts'
import { adminAccess, adminFlagText, adminOption, readAdminFlag } from './admin-flag.ts'
import { addFlags } from './flags.ts'

function read(...words: readonly string[]) {
  const command = new Command('query').exitOverride().configureOutput({ writeErr: () => {} })
  addFlags(command, 'How:', [adminOption])
  return readAdminFlag(command.parse(words, { from: 'user' }).opts())
}

t.test('--web.enable-admin-api may be turned off as well', (t) => {
  t.strictSame(read(), {})
  t.strictSame(read('--web.enable-admin-api'), { webEnableAdminApi: true })
  t.strictSame(read('--web.enable-admin-api=true'), { webEnableAdminApi: true })
  t.strictSame(read('--web.enable-admin-api=false'), { webEnableAdminApi: false })
  t.throws(() => read('--web.enable-admin-api=yes'), { message: /switch "yes": want true or false/ })
  t.end()
})

t.test('adminAccess() is for this machine where nobody else can reach the program', (t) => {
  const of = (address: string, more: { flag?: boolean; url?: string } = {}) =>
    adminFlagText(
      adminAccess({
        webListenAddress: parseListenAddress(address),
        ...(more.flag === undefined ? {} : { webEnableAdminApi: more.flag }),
        ...(more.url === undefined ? {} : { webExternalUrl: more.url }),
      }),
    )['web.enable-admin-api']
  for (const [address, more, text] of [
    ['127.0.0.1:8080', {}, 'loopback'],
    ['[::1]:8080', {}, 'loopback'],
    ['localhost:8080', { url: 'http://localhost:3000/conprof' }, 'loopback'],
    ['127.0.0.1:8080', { url: 'https://prof.example' }, 'false'],
    [':8080', {}, 'false'],
    ['0.0.0.0:8080', {}, 'false'],
    ['10.1.2.3:8080', { url: 'http://localhost:8080' }, 'false'],
    [':8080', { flag: true }, 'true'],
    ['127.0.0.1:8080', { flag: false }, 'false'],
    ['127.0.0.1:8080', { flag: true }, 'true'],
  ] as const) {
    t.equal(of(address, more), text, `${address} ${JSON.stringify(more)}`)
  }
  t.end()
})
