import t from 'tap'
import { centerWindow, panWindow, zoomWindow } from './flame-window.ts'

t.test('zoomWindow() keeps what is pointed at in its place, within the whole', (t) => {
  t.same(zoomWindow({ from: 0, to: 100 }, { at: 25, factor: 0.5, whole: 100 }), { from: 12.5, to: 62.5 })
  t.same(zoomWindow({ from: 0, to: 50 }, { at: 50, factor: 4, whole: 100 }), { from: 0, to: 100 })
  t.same(zoomWindow({ from: 40, to: 50 }, { at: 40, factor: 2, whole: 100 }), { from: 40, to: 60 })
  const hair = zoomWindow({ from: 0, to: 1 }, { at: 0, factor: 1e-9, whole: 1e7 })
  t.same(hair, { from: 0, to: 1 })
  t.end()
})

t.test('panWindow() and centerWindow() stop at the edges', (t) => {
  t.same(panWindow({ from: 10, to: 30 }, 0.5, 100), { from: 20, to: 40 })
  t.same(panWindow({ from: 10, to: 30 }, -2, 100), { from: 0, to: 20 })
  t.same(panWindow({ from: 70, to: 90 }, 2, 100), { from: 80, to: 100 })
  t.same(centerWindow({ from: 0, to: 20 }, 50, 100), { from: 40, to: 60 })
  t.same(centerWindow({ from: 0, to: 20 }, 99, 100), { from: 80, to: 100 })
  t.end()
})
