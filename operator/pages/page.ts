import { html, Markup } from './html.ts'

/** A whole page: no script, nothing from elsewhere, light and dark as the browser wants it. */
export function page(title: string, body: readonly Markup[]): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – conprof operator</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`.text
}

/** Of all pages: even a mistake in escaping could run nothing. */
export const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const style = new Markup(`
:root {
  color-scheme: light dark;
  --bg: light-dark(#f6f6f3, #111315); --surface: light-dark(#fff, #191c1f); --line: light-dark(#dcdcd7, #33383d);
  --text: light-dark(#1b1e20, #e8e9ea); --muted: light-dark(#5b6166, #a0a7ae); --accent: light-dark(#0b6570, #5cc3cf);
  --accent-soft: light-dark(#e1f1f2, #16363a); --warn: light-dark(#7a5000, #f0c267); --warn-soft: light-dark(#fdf3dc, #352a12);
  --danger: light-dark(#b3261e, #ff8f85); --good: light-dark(#1d6b3a, #7fd19b);
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1500px; padding: 16px 24px 48px; background: var(--bg); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
h1 { font-size: 20px; margin: 0 0 4px }
p { margin: 4px 0 }
a { color: var(--accent); text-underline-offset: 2px }
.muted { color: var(--muted) }
.notice { background: var(--warn-soft); color: var(--warn); border: 1px solid currentColor; border-radius: 6px; padding: 8px 12px; margin: 12px 0 }
nav { display: flex; flex-wrap: wrap; gap: 4px; margin: 16px 0 12px; border-bottom: 1px solid var(--line) }
nav a { padding: 6px 12px; text-decoration: none; border-bottom: 2px solid transparent; margin-bottom: -1px }
nav a[aria-current] { color: var(--text); border-color: var(--accent); font-weight: 600 }
form { display: flex; flex-wrap: wrap; gap: 8px; align-items: end; margin: 0 0 12px }
label { display: grid; gap: 2px; font-size: 12px; color: var(--muted) }
input, button { font: inherit; color: var(--text); background: var(--surface); border: 1px solid var(--muted); border-radius: 6px; padding: 4px 10px; min-height: 32px }
button { background: var(--accent-soft); border-color: var(--accent); cursor: pointer }
.scroll { overflow-x: auto; background: var(--surface); border: 1px solid var(--line); border-radius: 10px }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 6px 12px; border-bottom: 1px solid var(--line) }
th { font-size: 12px; color: var(--muted); font-weight: 600; white-space: nowrap }
tr:last-child td { border-bottom: 0 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
td a { white-space: nowrap }
td.why { min-width: 320px; overflow-wrap: anywhere }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: 12.5px }
pre { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; white-space: pre-wrap; overflow-wrap: anywhere }
.bad { color: var(--danger) } .good { color: var(--good) } .warn { color: var(--warn) }
.pages { display: flex; gap: 16px; margin: 12px 0 }
`)
