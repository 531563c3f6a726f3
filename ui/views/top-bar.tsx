import { useState } from 'preact/hooks'
import { formatAgo } from '../model/format.ts'
import { useStore } from '../store.ts'
import { Icon } from './icon.tsx'
import { lazyPage } from './lazy-page.tsx'
import { Link } from './link.tsx'
import { Popover } from './popover.tsx'
import { RangePicker } from './range-picker.tsx'

export function TopBar({ onKeys }: { readonly onKeys: () => void }) {
  const store = useStore()
  const page = store.page.value
  const current = (name: string) => (page === name ? { 'aria-current': 'page' as const } : {})
  return (
    <header class="top-bar">
      <Link page="overview" class="brand" aria-label="conprof, overview">
        <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
          <rect x="1" y="2" width="14" height="3.4" rx="1" class="brand-1" />
          <rect x="1" y="6.3" width="9.5" height="3.4" rx="1" class="brand-2" />
          <rect x="1" y="10.6" width="5" height="3.4" rx="1" class="brand-3" />
        </svg>
        conprof
      </Link>
      <nav aria-label="Pages">
        <Link page="overview" {...current('overview')}>
          Overview
        </Link>
        <Link page="explore" {...current('explore')}>
          Explore
        </Link>
        <Link page="compare" {...current('compare')}>
          Compare
        </Link>
        <Link page="file" {...current('file')}>
          File
        </Link>
        <Link page="targets" {...current('targets')}>
          Targets
        </Link>
        <Link page="status" {...current('status')}>
          Status
        </Link>
      </nav>
      <div class="top-bar-tools">
        {page === 'explore' ? <RangePicker /> : page !== 'compare' && page !== 'file' && <Reload />}
        <Views />
        {page !== 'file' && <Share />}
        <ZoneSwitch />
        <ThemeSwitch />
        <button
          type="button"
          class="button button-icon"
          title="Keyboard shortcuts (?)"
          aria-label="Keyboard shortcuts"
          onClick={onKeys}
        >
          <kbd>?</kbd>
        </button>
      </div>
    </header>
  )
}

const ShareDialog = lazyPage(async () => (await import('./share-dialog.tsx')).ShareDialog)
const SavedViewsMenu = lazyPage(async () => (await import('./saved-views-menu.tsx')).SavedViewsMenu)

function Share() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button
        type="button"
        class="button button-quiet"
        title="A link whose times stand still, and text for a ticket (y)"
        id="share"
        onClick={() => setOpen(true)}
      >
        Share
      </button>
      {open && <ShareDialog onClose={() => setOpen(false)} />}
    </>
  )
}

function Views() {
  return (
    <Popover title="Saved views" label="Views" class="quiet">
      {(close) => <SavedViewsMenu close={close} />}
    </Popover>
  )
}

/** For pages without a range. */
function Reload() {
  const store = useStore()
  const every = Number(store.url.value.refresh)
  return (
    <button
      type="button"
      class={`button button-quiet${every > 0 ? ' button-live' : ''}`}
      title={`Reload now (r)${every > 0 ? `; reloads by itself every ${every} s` : ''}; last ${formatAgo(store.nowMs.value, Date.now())}`}
      aria-label="Reload"
      onClick={store.reload}
    >
      <Icon name="reload" />
    </button>
  )
}

function ZoneSwitch() {
  const store = useStore()
  const utc = store.utc.value
  return (
    <button
      type="button"
      class="button button-quiet"
      title={utc ? 'Times are in UTC; switch to local time' : 'Times are local; switch to UTC'}
      onClick={() => store.go({ tz: utc ? '' : 'utc' }, { replace: true })}
    >
      {utc ? 'UTC' : 'Local'}
    </button>
  )
}

const themes = [
  ['system', 'Theme of the system', 'system'],
  ['light', 'Light theme', 'sun'],
  ['dark', 'Dark theme', 'moon'],
] as const

function ThemeSwitch() {
  const store = useStore()
  const at = themes.findIndex(([name]) => name === store.theme.value)
  const [, title, icon] = themes[at] ?? themes[0]
  const [next, nextTitle] = themes[(at + 1) % themes.length] ?? themes[0]
  return (
    <button
      type="button"
      class="button button-icon button-quiet"
      title={`${title}; switch to: ${nextTitle.toLowerCase()}`}
      aria-label={`${title}; switch to: ${nextTitle.toLowerCase()}`}
      onClick={() => store.setTheme(next)}
    >
      <Icon name={icon} />
    </button>
  )
}
