import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { FlameScene } from '../canvas/draw-flame.ts'
import { rowHeightPx } from '../canvas/draw-flame.ts'
import { createFlameCanvas, type FlameCanvas } from '../canvas/flame-canvas.ts'
import { ancestors, findPath, formatPath, frameName, levelCount } from '../model/flame-rows.ts'
import type { DrawnFlame } from '../state/view-state.ts'
import { useStore } from '../store.ts'
import { frameDifference, useDifferenceView } from './difference-view.ts'
import { FlameCrumbs } from './flame-crumbs.tsx'
import { FrameDetails, frameWords } from './frame-details.tsx'
import { FrameMenu } from './frame-menu.tsx'
import { FrameTable } from './frame-table.tsx'
import { Hovering, type HoverPlace } from './hovering.tsx'
import { useMatches } from './search-box.tsx'

interface PlacedRow {
  readonly row: number
  readonly at: HoverPlace
}

/** One flame graph: the canvas, where it is zoomed to, and the same as text. */
export function FlameGraph(props: {
  readonly drawn: DrawnFlame
  readonly files: ReadonlyMap<string, string>
  readonly label: string
  readonly up: boolean
  /** Path of the frame that fills the width; "" is the root. */
  readonly zoomPath: string
  readonly onZoom: (path: string) => void
  /** Names the way the tree is turned. */
  readonly shape: string
  /** The function that is its root, where it has one. */
  readonly about?: string
  readonly onEnd?: ((levels: number, within: readonly string[]) => void) | undefined
}) {
  const { drawn, files, up, zoomPath, onZoom, shape, onEnd } = props
  const { layout, head } = drawn
  const store = useStore()
  const matches = useMatches(layout, props.about === undefined ? {} : { about: props.about })
  const difference = useDifferenceView(head)
  const zoom = Math.max(0, findPath(layout, zoomPath))
  const [hover, setHover] = useState<PlacedRow>()
  const [menu, setMenu] = useState<PlacedRow>()
  const [focused, setFocused] = useState<number>()
  const host = useRef<HTMLDivElement>(null)
  const minimap = useRef<HTMLDivElement>(null)
  const canvas = useRef<FlameCanvas | undefined>(undefined)
  const zoomTo = (row: number) => onZoom(row <= 0 ? '' : formatPath(layout, row))
  const openRest = (row: number) => {
    const rest = layout.rest.get(row)
    if (rest === undefined) return
    store.say(`Loading ${frameName(layout, row).replace(', not loaded', '')}…`)
    store.view.openRest(rest.path).catch((error: unknown) => store.say((error as Error).message))
  }
  const deepen = () =>
    onEnd?.(
      levelCount(layout) + 32,
      ancestors(layout, zoom)
        .slice(1)
        .map((row) => frameName(layout, row)),
    )
  const latest = useRef({ zoomTo, openRest, deepen, layout, about: props.about })
  latest.current = { zoomTo, openRest, deepen, layout, about: props.about }
  useEffect(() => {
    if (host.current === null) return
    const created = createFlameCanvas(host.current, minimap.current ?? undefined, {
      onHover: (row, at) => {
        setHover(row === undefined ? undefined : { row, at })
        store.view.point(row === undefined ? '' : frameName(latest.current.layout, row), 'hover')
      },
      onFocus: (row) => {
        setFocused(row)
        store.view.point(frameName(latest.current.layout, row), 'focus')
      },
      onZoom: (row) => latest.current.zoomTo(row),
      onMenu: (row, at) => {
        // The root stands for everything, and is no function unless the graph is about one.
        if (row > 0 || latest.current.about !== undefined) setMenu({ row, at })
      },
      onRest: (row) => latest.current.openRest(row),
      onEnd: () => latest.current.deepen(),
    })
    canvas.current = created
    return () => {
      created.close()
      store.view.point('', 'focus')
    }
  }, [])
  const dark = store.dark.value
  const marked = matches?.names
  const frames = useMemo(
    () => (difference === undefined ? undefined : frameDifference(layout, difference, dark)),
    [layout, difference, dark],
  )
  useEffect(() => {
    const scene: FlameScene = { layout, shape, zoom, marked, dark, up, files, difference: frames }
    canvas.current?.show(scene)
    // Zoomed to where callers were too narrow to follow.
    if (layout.isUnfinished && zoom > 0) latest.current.deepen()
  }, [layout, shape, zoom, marked, dark, up, files, frames])
  useEffect(() => {
    setHover(undefined)
    setMenu(undefined)
    setFocused(undefined)
  }, [layout])
  const rows = layout.name.length
  const shown = hover !== undefined && hover.row < rows && menu === undefined ? hover : undefined
  const current = focused !== undefined && focused < rows ? focused : zoom
  return (
    <div class="flame">
      <FlameCrumbs layout={layout} zoom={zoom} zoomTo={zoomTo} label={props.label} />
      <div class="flame-scene">
        <div
          ref={host}
          class="flame-host"
          style={{ height: `${levelCount(layout) * rowHeightPx}px` }}
          tabIndex={0}
          role="application"
          aria-label={`${props.label}. Arrow keys move between frames, Enter zooms in, Backspace zooms out, a full stop opens the menu. The table below says the same in text.`}
        />
        <div class="flame-minimap" ref={minimap} hidden title="All levels; drag to move" />
      </div>
      <p class="visually-hidden" aria-live="polite">
        {focused === undefined || focused >= rows ? '' : frameWords(layout, focused, { head, difference })}
      </p>
      <FrameTable
        layout={layout}
        row={current}
        head={head}
        difference={difference}
        onZoom={(row) => (layout.rest.has(row) ? openRest(row) : zoomTo(row))}
        onFocus={(row) => canvas.current?.focus(row)}
      />
      {shown !== undefined && (
        <Hovering at={shown.at}>
          <FrameDetails
            layout={layout}
            row={shown.row}
            head={head}
            file={files.get(frameName(layout, shown.row))}
            zoom={zoom}
            difference={difference}
          />
        </Hovering>
      )}
      {menu !== undefined && menu.row < rows && (
        <FrameMenu
          name={frameName(layout, menu.row)}
          at={menu.at}
          onZoom={() => (layout.rest.has(menu.row) ? openRest(menu.row) : zoomTo(menu.row))}
          onClose={() => {
            setMenu(undefined)
            host.current?.focus({ preventScroll: true })
          }}
        />
      )}
    </div>
  )
}
