import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'

export interface ThemeChoice {
  readonly theme: ReadonlySignal<Theme>
  readonly setTheme: (theme: Theme) => void
  /** Whether the page is dark now, by choice or by the system. */
  readonly dark: ReadonlySignal<boolean>
}

/** The system's theme unless a person chose one, which this browser then remembers. */
export function createTheme(): ThemeChoice {
  const stored = readStorage(themeKey)
  const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system')
  const query = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = signal(query.matches)
  query.addEventListener('change', () => {
    systemDark.value = query.matches
  })
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value
  })
  const setTheme = (chosen: Theme) => {
    theme.value = chosen
    try {
      localStorage.setItem(themeKey, chosen)
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  }
  const dark = computed(() => theme.value === 'dark' || (theme.value === 'system' && systemDark.value))
  return { theme, setTheme, dark }
}

const themeKey = 'conprof-theme'

function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
