import t from 'tap'
import { diffColor, diffStep } from './diff-colors.ts'

t.test('diffStep() has five shades on either side, and none for no change alone', (t) => {
  t.same([-1, -0.5, -0.001, 0, 0.001, 0.2, 0.21, 1, 7].map(diffStep), [-5, -3, -1, 0, 1, 1, 2, 5, 5])
  t.end()
})

t.test('diffColor() differs by side, by step and by palette', (t) => {
  for (const dark of [false, true]) {
    const colors = [-5, -1, 0, 1, 5].flatMap((step) =>
      (['blueorange', 'redgreen'] as const).map((palette) => diffColor(step, { palette, dark }).fill),
    )
    t.equal(new Set(colors).size, 9, 'all but no change')
  }
  t.end()
})
